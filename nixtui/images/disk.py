"""A disk image as a disk: its size, where it has something on it, and its bytes, whatever format the file has.

Formats are told by their magic bytes, never by a name: `image-info.json` of nixpkgs names none, and an image that is
written as it is, format and all, gives a snapshot that does not boot.
"""

import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

SECTOR = 512

_FOREIGN = {
    b"vhdxfile": ("a VHDX image", "convert it: qemu-img convert -O raw"),
    b"KDMV": ("a VMDK image", "convert it: qemu-img convert -O raw"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it first: zstd -d"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first: gunzip"),
    b"\xfd7zXZ\x00": ("compressed with xz", "unpack it first: unxz"),
    b"PK\x03\x04": ("a zip archive", "unpack it first: unzip"),
}

QCOW2_MAGIC = b"QFI\xfb"
VHD_MAGIC = b"conectix"
_CALLED_VHD = (".vhd", ".vpc")


class BadImage(Exception):
    """The file is no disk image that can be sent: `reason` is one sentence, `remedy` the next step."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


class Disk(Protocol):
    """What is sent. `size` is that of the disk in bytes, not of the file."""

    @property
    def format(self) -> str:
        """`raw`, `vhd-fixed`, `vhd-dynamic`."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the disk."""
        ...

    def extents(self) -> Iterator[tuple[int, int]]:
        """Offset and length of what was ever written, in order; the rest are holes and read as zeros."""
        ...

    def read_into(self, view: memoryview, offset: int) -> None:
        """Fill `view` from the disk at `offset`, with zeros beyond its end. Any thread may. Raises `BadImage`."""
        ...


class ImageFile:
    """An open image file; use as a context manager. `name` is what messages call it."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.path = path
        try:
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BadImage(f"there is no file {path}", "build it first: nixtui image build") from None
        except OSError as error:
            raise BadImage(f"{path} cannot be read: {error.strerror}", "check its permissions") from error
        status = os.fstat(self.descriptor)
        if not os.path.isfile(path):  # noqa: PTH113 # a device or directory has no size to trust
            os.close(self.descriptor)
            raise BadImage(f"{path} is no file", "name the image file itself")
        self.size = status.st_size
        self.stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises `BadImage` where the file ends before."""
        got = bytearray(length)
        self.fill(memoryview(got), offset)
        return bytes(got)

    def fill(self, view: memoryview, offset: int) -> None:
        """Fill `view` from the file at `offset`. Raises `BadImage` where the file ends before or cannot be read."""
        done = 0
        while done < len(view):
            try:
                count = os.preadv(self.descriptor, [view[done:]], offset + done)
            except OSError as error:
                raise BadImage(f"{self.name} cannot be read: {error.strerror}", "check the disk it is on") from error
            if count == 0:
                raise BadImage(
                    f"{self.name} ends at byte {offset + done}, in the middle of the disk: it is cut off",
                    "copy or build it again",
                )
            done += count

    def data_extents(self, end: int) -> Iterator[tuple[int, int]]:
        """Where the file has bytes of its own up to `end`; what the file system left out are holes."""
        offset = 0
        while offset < end:
            try:
                start = os.lseek(self.descriptor, offset, os.SEEK_DATA)
                stop = os.lseek(self.descriptor, start, os.SEEK_HOLE)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                    return
                if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that knows no holes
                    yield offset, end - offset
                    return
                raise
            if start >= end:
                return
            yield start, min(stop, end) - start
            offset = stop


class RawDisk:
    """A file that is the disk, byte by byte; of a fixed VHD all but its footer."""

    def __init__(self, file: ImageFile, size: int, form: str = "raw") -> None:
        self.format = form
        self.size = size
        self._file = file

    def extents(self) -> Iterator[tuple[int, int]]:
        """As the file system has them."""
        return self._file.data_extents(self.size)

    def read_into(self, view: memoryview, offset: int) -> None:
        """The file's bytes."""
        have = max(0, min(len(view), self.size - offset))
        self._file.fill(view[:have], offset)
        if have < len(view):
            view[have:] = bytes(len(view) - have)


def open_disk(file: ImageFile) -> Disk:
    """The disk in an image file. Raises `BadImage`, also for qcow2, which has to be unpacked first."""
    from nixtui.images.vhd import open_vhd

    if file.size == 0:
        raise BadImage(f"{file.name} is empty", "build it again")
    head = file.bytes_at(0, min(file.size, 4096))
    if head.startswith(QCOW2_MAGIC):
        raise BadImage(f"{file.name} is a qcow2 image", "convert it: qemu-img convert -O raw")
    for magic, (what, remedy) in _FOREIGN.items():
        if head.startswith(magic):
            raise BadImage(f"{file.name} is {what}", f"{remedy} {file.name}")
    tail = file.bytes_at(file.size - SECTOR, SECTOR) if file.size >= SECTOR else b""
    if tail.startswith(VHD_MAGIC) or head.startswith(VHD_MAGIC):
        return open_vhd(file, head, tail)
    if file.path.suffix.lower() in _CALLED_VHD:
        raise BadImage(
            f"{file.name} is called {file.path.suffix} but is no VHD: its last sector has no footer",
            "it was cut off, or is a raw image: rename it to .raw then",
        )
    if file.size % SECTOR:
        raise BadImage(
            f"{file.name} is cut off: {file.size} bytes are no whole number of {SECTOR}-byte sectors",
            "copy or build it again",
        )
    disk = RawDisk(file, file.size)
    check_partition_table(disk, file.name)
    return disk


def check_partition_table(disk: Disk, name: str) -> None:
    """Raise `BadImage` where the GPT tells of a longer disk: its second copy, at the very end, is missing."""
    sector = bytearray(SECTOR)
    disk.read_into(memoryview(sector), SECTOR)
    if disk.size < 2 * SECTOR or sector[:8] != b"EFI PART":
        return
    (last,) = struct.unpack_from("<Q", sector, 32)
    if (told := (last + 1) * SECTOR) > disk.size:
        raise BadImage(
            f"{name} is cut off: its partition table is that of a disk of {told} bytes, and here are {disk.size}",
            "copy or build it again",
        )


def boots(disk: Disk) -> bool:
    """Whether its first sector ends as that of a bootable or partitioned disk does."""
    sector = bytearray(SECTOR)
    disk.read_into(memoryview(sector), 0)
    return sector[510:] == b"\x55\xaa"
