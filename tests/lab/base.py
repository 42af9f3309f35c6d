"""The base image: a Debian with real systemd, OpenSSH and Nix, on which every host is an overlay."""

import shutil
from pathlib import Path
from typing import Final

from tests.lab.cache import cached, recipe_hash
from tests.lab.machine import debian_mirror, run

IMAGE: Final = Path(__file__).parent / "image"
IN_ROOT: Final = Path(__file__).with_name("in-root.sh")

#: systemd 257, OpenSSH 10.0 and Nix 2.26 as of 2026.
SUITE: Final = "trixie"

PACKAGES: Final = (
    "systemd", "systemd-sysv", "libpam-systemd", "dbus", "polkitd",
    "openssh-server", "sudo", "iproute2", "procps", "util-linux", "coreutils", "busybox",
    "nix-bin", "ca-certificates",
)  # fmt: skip

#: debootstrap and apt together take a minute on two cores; a slow mirror should not make the lab unusable.
BUILD_TIMEOUT: Final = 900


def base_image() -> Path:
    """The base's root directory, built when it is not in the cache."""
    recipe = recipe_hash(SUITE, *PACKAGES, IMAGE, Path(__file__))
    return cached(f"base-{recipe}", _build) / "root"


def in_root(root: Path, *argv: str | Path, timeout: float = 120) -> str:
    """Run a program inside a root directory that is not booted."""
    return run("sh", IN_ROOT, root, *argv, timeout=timeout)


def _build(folder: Path) -> None:
    root = folder / "root"
    # Only the minimal system: debootstrap does not resolve alternatives, apt inside the new root does.
    run("debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, root, debian_mirror(),
        timeout=BUILD_TIMEOUT)  # fmt: skip
    _install_packages(root)
    _copy_rootfs(root)
    _run_inside(root, "configure.sh")


def _install_packages(root: Path) -> None:
    """apt in the new root, with the machine's own configuration for as long as it takes."""
    borrowed = root / "etc/apt/apt.conf.d"
    own = {file.name for file in borrowed.iterdir()}
    shutil.copytree("/etc/apt/apt.conf.d", borrowed, dirs_exist_ok=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    # The base is thrown away when its build is interrupted, so dpkg need not sync every file.
    (root / "etc/dpkg/dpkg.cfg.d/lab").write_text(
        "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n"
    )
    _run_inside(root, "install-packages.sh", *PACKAGES)
    for file in borrowed.iterdir():
        if file.name not in own:
            file.unlink()


def _copy_rootfs(root: Path) -> None:
    for source in sorted(p for p in (IMAGE / "rootfs").rglob("*") if p.is_file()):
        target = root / source.relative_to(IMAGE / "rootfs")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        # Not the modes of the checkout, which depend on the umask of whoever cloned it.
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def _run_inside(root: Path, script: str, *arguments: str) -> None:
    inside = root / "root" / script
    shutil.copy(IMAGE / script, inside)
    in_root(root, "sh", f"/root/{script}", *arguments, timeout=BUILD_TIMEOUT)
    inside.unlink()
