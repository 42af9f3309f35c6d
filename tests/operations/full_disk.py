"""Disks that run full: a small real one, and for those who may not mount, the limit on the size of files."""

import contextlib
import os
import resource
import subprocess
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """Somewhere to write until it is full."""

    directory: Path

    @abstractmethod
    def fill(self) -> None:
        """Leave no room."""

    @abstractmethod
    def free(self) -> None:
        """Make room again."""


class SmallDisk(Disk):
    """A file system of a megabyte."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fill(self) -> None:
        with (self.directory / "ballast").open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"\0" * 4096)

    def free(self) -> None:
        (self.directory / "ballast").unlink()


class LimitedFiles(Disk):
    """A directory where, when it is full, no file of this process can grow."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextlib.contextmanager
def small_disk(directory: Path) -> Iterator[SmallDisk]:
    """Mounted for as long as the context lasts. Raises `CalledProcessError` where mounting is not allowed."""
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], check=True, capture_output=True)
    try:
        yield SmallDisk(directory)
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@contextlib.contextmanager
def limited_files(directory: Path) -> Iterator[LimitedFiles]:
    """Limited, at most, for as long as the context lasts."""
    directory.mkdir()
    limited = LimitedFiles(directory)
    try:
        yield limited
    finally:
        limited.free()


def may_mount() -> bool:
    """Root may, except in a container that is kept from it."""
    done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return os.geteuid() == 0 and done.returncode == 0
