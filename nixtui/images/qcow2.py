"""The disk in any image file; qcow2 by way of `qemu-img`, which unpacks it into a sparse raw file first."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from nixtui.images.disk import QCOW2_MAGIC, BadImage, Disk, ImageFile, open_disk
from nixtui.model.naming import one_line


@asynccontextmanager
async def as_disk(path: Path, scratch: Path, tell: Callable[[str], None]) -> AsyncIterator[Disk]:
    """The disk, open. Raises `BadImage`. A qcow2 is unpacked below `scratch` and cleared away afterwards."""
    with ImageFile(path) as file:
        is_qcow2 = file.size >= 4 and file.bytes_at(0, 4) == QCOW2_MAGIC
        if not is_qcow2:
            yield open_disk(file)
            return
    tell(f"{path.name} is a qcow2 image; unpacking it …")
    with _room(scratch) as directory:
        unpacked = Path(directory, "disk.raw")
        await _unpack(path, unpacked)
        with ImageFile(unpacked) as file:
            yield open_disk(file)


def _room(scratch: Path) -> "tempfile.TemporaryDirectory[str]":
    scratch.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=scratch)


async def _unpack(path: Path, into: Path) -> None:
    words = ("qemu-img", "convert", "-f", "qcow2", "-O", "raw", "--", str(path), str(into))
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=pipe
        )
    except FileNotFoundError:
        raise BadImage(
            f"{path.name} is a qcow2 image and there is no qemu-img here to unpack it",
            "nix shell nixpkgs#qemu-utils, or build the image as raw",
        ) from None
    try:
        _, said = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        words_of_it = one_line(said[-300:].decode(errors="replace").strip())
        full = os.strerror(errno.ENOSPC) in words_of_it
        raise BadImage(
            f"qemu-img cannot unpack {path.name}: {words_of_it}",
            f"make room in {into.parent.parent}, or build the image as raw" if full else "copy or build it again",
        )
