"""Where the image of a recipe comes from: a file that is there, or a build that gives one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from nixtui.images.building import Built
from nixtui.images.disk import BadImage

Build = Callable[[Callable[[str], None]], Awaitable[Built]]
"""Builds it; told what nix says, line by line. Raises `NixError` and `BadImage`."""


@dataclass(frozen=True, slots=True)
class Source:
    """`files` are the image's disks where it is there already, `build` makes them; `command` is what that would be."""

    title: str
    files: tuple[Path, ...] = ()
    build: Build | None = None
    command: str | None = None


def check_built(built: Built, architecture: str, boot_mode: str | None) -> None:
    """Raise `BadImage` where a build gave another image than it was planned for."""
    if built.architecture not in (None, architecture):
        raise BadImage(f"the image is for {built.architecture}, not for {architecture}", "give the right --arch")
    if built.boot_mode and boot_mode and built.boot_mode != boot_mode:
        raise BadImage(
            f"the image was built to boot by {built.boot_mode}, not by {boot_mode}", f"--boot-mode {built.boot_mode}"
        )
