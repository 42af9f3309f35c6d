"""The machine that the lab runs on: its programs, its mounts, its package source."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: Debian package of every program that the lab or its tests start.
PROGRAMS: Final = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nix": "nix-bin",
    "age": "age",
    "shellcheck": "shellcheck",
    "unshare": "util-linux",
    "mount": "mount",
}


class LabError(Exception):
    """Something the lab needs did not work; the message says what and what to do about it."""


def is_root() -> bool:
    return os.geteuid() == 0


def require_root() -> None:
    if not is_root():
        raise LabError("the lab needs root: it mounts overlays and starts systemd-nspawn containers")


def install_missing_programs() -> None:
    """Install what the machine lacks, so that a fresh one only needs Debian and root."""
    packages = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if packages:
        run("apt-get", "update", "-q", timeout=300)
        run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages,
            timeout=600, env={"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip


def run(
    *argv: str | Path,
    input: str | None = None,  # noqa: A002 -- subprocess's own name for it
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program of the machine and return its standard output; a failure carries what it said."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env={**os.environ, **(env or {})},
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed; run as root to have it installed") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{argv[0]} did not finish within {timeout:g} s: {_shown(argv)}") from None
    if done.returncode != 0:
        raise LabError(f"exit {done.returncode} from {_shown(argv)}\n{_ends_of(done.stderr or done.stdout)}")
    return done.stdout


def debian_mirror() -> str:
    """The Debian archive that this machine's own apt uses, so that no host name is written down here."""
    template = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    for _ in range(2):
        for line in run("apt-get", "indextargets", "--format", template, "Created-By: Packages").splitlines():
            origin, label, component, uri = line.split("|", 3)
            if (origin, label, component) == ("Debian", "Debian", "main"):
                return uri
        # Without downloaded lists apt cannot tell whose archive a source is.
        run("apt-get", "update", "-q", timeout=300)
    raise LabError("apt has no Debian archive among its sources, so there is nothing to debootstrap from")


def mounts_under(folder: Path) -> list[Path]:
    """Mount points in a folder, the latest first: the order in which they can be unmounted."""
    points = [Path(_unescaped(line.split()[4])) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.is_relative_to(folder)]


def unmount_all(folder: Path) -> None:
    for point in mounts_under(folder):
        run("umount", "--lazy", point)


def _unescaped(field: str) -> str:
    return field.encode().decode("unicode_escape")


def _ends_of(output: str, characters: int = 3000) -> str:
    """The cause tends to stand at the end, but of a failed Nix build before a long list of what it took with it."""
    output = output.strip()
    if len(output) <= 2 * characters:
        return output
    return f"{output[:characters]}\n[…]\n{output[-characters:]}"


def _shown(argv: tuple[str | Path, ...]) -> str:
    return " ".join(str(word) for word in argv)[:300]
