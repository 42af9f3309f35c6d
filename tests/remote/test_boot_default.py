"""`parts/boot.sh`: what the guard takes for the boot default, by the boot loader's own files."""

import subprocess
from pathlib import Path

import pytest

from nixtui.remote.transport import load_script

SYSTEM = "/nix/store/" + "{:032d}-nixos-system-h1"


def boot_default(root: Path, shell: list[str]) -> str:
    script = load_script("guard", "links", "boot").text.rpartition("main() {")[0] + "\nboot_default\n"
    environ = {"NIXTUI_ROOT": str(root), "PATH": "/usr/bin:/bin"}
    return subprocess.run(shell, input=script, env=environ, capture_output=True, text=True, check=False).stdout.strip()


def entry(root: Path, name: str, number: int) -> None:
    folder = root / "boot/loader/entries"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"title NixOS\noptions init={SYSTEM.format(number)}/init loglevel=4\n")


@pytest.fixture(params=[["dash"], ["bash", "--posix"], ["busybox", "ash"]], ids=" ".join)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return request.param


@pytest.mark.parametrize(
    ("default", "number"),
    [("nixos-generation-99.conf", 99), ("nixos-generation-99", 99), ("nixos-*", 100), ("nixos-generation-*.conf", 100)],
)
def test_systemd_boot_takes_the_highest_of_what_the_pattern_matches(
    tmp_path: Path, shell: list[str], default: str, number: int
) -> None:
    for each in (9, 99, 100):
        entry(tmp_path, f"nixos-generation-{each}.conf", each)
    (tmp_path / "boot/loader/loader.conf").write_text(f"timeout 5\ndefault {default}\n")
    assert boot_default(tmp_path, shell) == SYSTEM.format(number)


def test_a_boot_counter_belongs_to_the_name(tmp_path: Path, shell: list[str]) -> None:
    entry(tmp_path, "nixos-generation-7+2-1.conf", 7)
    (tmp_path / "boot/loader/loader.conf").write_text("default nixos-generation-7.conf\n")
    assert boot_default(tmp_path, shell) == SYSTEM.format(7)


def test_grubs_first_entry_is_the_default(tmp_path: Path, shell: list[str]) -> None:
    (tmp_path / "boot/grub").mkdir(parents=True)
    lines = [f"  linux ($drive1)//kernels/x-bzImage init={SYSTEM.format(number)}/init quiet" for number in (5, 4)]
    (tmp_path / "boot/grub/grub.cfg").write_text("\n".join(lines))
    assert boot_default(tmp_path, shell) == SYSTEM.format(5)


def test_no_loader_is_unknown(tmp_path: Path, shell: list[str]) -> None:
    assert boot_default(tmp_path, shell) == ""
