"""What consoles of instances tell: those that come up, those that do not, and those that are still at it."""

import subprocess
from pathlib import Path

import pytest

from nixtui.images.creating.console import MARK, SCRIPT, read_console

PATH = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-web-25.11.20260101.abcdef0"
OTHER = PATH.replace("0123", "9999")

BOOT = f"""\
[    0.000000] Linux version 6.12.40 (nixbld@localhost)\r
[    0.000000] Command line: BOOT_IMAGE=(hd0,gpt3)//kernels/x-bzImage init={PATH}/init console=ttyS0,115200n8\r
<<< NixOS Stage 1 >>>\r
\r
mounting /dev/disk/by-label/nixos on /...\r
<<< NixOS Stage 2 >>>\r
running activation script...\r
setting up /etc...\r
[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mNetwork\x1b[0m.\r
[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mfoo.service\x1b[0m.\r
"""
UP = BOOT + "[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mMulti-User System\x1b[0m.\r\nweb login: "


def test_one_that_came_up_is_seen_with_the_system_its_kernel_was_started_with() -> None:
    read = read_console(UP)
    assert (read.up, read.system, read.trouble) == (True, PATH, None)
    assert read.failed == ("foo.service",)
    assert read.last[-1] == "web login:"


def test_one_that_is_still_at_it_is_not_up() -> None:
    assert (read_console(BOOT).up, read_console("").up) == (False, False)
    assert read_console("").last == ()


@pytest.mark.parametrize(
    "words", ["Reached target multi-user.target - Multi-User System.", "Reached target Multi-User System."]
)
def test_both_ways_in_which_systemd_names_the_target_are_known(words: str) -> None:
    assert read_console(f"[  OK  ] {words}").up


def test_what_runs_counts_more_than_what_the_boot_loader_asked_for() -> None:
    read = read_console(f"{UP}\n{MARK} {OTHER}\n")
    assert read.system == OTHER


def test_the_last_start_counts() -> None:
    assert read_console(f"init={PATH}/init\ninit={OTHER}/init\n").system == OTHER


def test_the_script_needs_no_program_but_its_shell(tmp_path: Path) -> None:
    """amazon-init runs it with hardly a PATH."""
    (tmp_path / "system").mkdir()
    (tmp_path / "current").symlink_to("system")
    script = SCRIPT.replace("/run/current-system", f"{tmp_path}/current").replace("/dev/console", f"{tmp_path}/console")
    subprocess.run(["/bin/sh", "-c", script], env={"PATH": "/nowhere"}, check=True)
    assert (tmp_path / "console").read_text() == f"{MARK} {tmp_path}/system\n"


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (
            "Kernel panic - not syncing: VFS: Unable to mount root fs",
            "the kernel panicked: VFS: Unable to mount root fs",
        ),
        ("An error occurred in stage 1 of the boot process", "stage 1 did not find or mount the root file system"),
        ("Timed out waiting for device /dev/disk/by-label/nixos", "device /dev/disk/by-label/nixos never came"),
        ("Give root password for maintenance", "it ended in emergency mode"),
        ("grub rescue> ", "GRUB found nothing to start"),
        ("Boot Failed. EFI Hard Drive", "the firmware found nothing to start"),
    ],
)
def test_what_stopped_it_is_told(said: str, trouble: str) -> None:
    assert read_console(f"a\r\n{said}\r\n").trouble == trouble


def test_a_console_full_of_rubbish_is_read_without_harm() -> None:
    read = read_console("\x00\x1b[2J\x1b]0;x\x07" + "é" * 70000 + f"\n{MARK} /nix/store/../../etc/passwd\n\x1b[31mred")
    assert (read.system, read.up) == (None, False)
    assert all(line.isprintable() and len(line) <= 500 for line in read.last)
