"""VHD, fixed and dynamic, as Microsoft's "Virtual Hard Disk Image Format Specification" 1.0 (2006) has it.

What nixpkgs builds by default for Amazon (`-O vpc`). All numbers are big-endian.
"""

import struct
from array import array
from collections.abc import Iterator

from nixtui.images.disk import SECTOR, VHD_MAGIC, BadImage, Disk, ImageFile, RawDisk, check_partition_table

_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4
_UNUSED = 0xFFFFFFFF
_MOST_BLOCKS = 2 * 1024**2
"""2 TiB in blocks of 1 MiB, more than the format's own limit of 2040 GiB."""


def open_vhd(file: ImageFile, head: bytes, tail: bytes) -> Disk:
    """The disk in a VHD whose first bytes and last sector are given. Raises `BadImage`."""
    footer = tail if tail.startswith(VHD_MAGIC) else head[:SECTOR]
    if not _checksum_holds(footer, 64):
        raise BadImage(f"{file.name} has a VHD footer whose checksum does not hold", "copy or build it again")
    (kind,) = struct.unpack_from(">I", footer, 60)
    (size,) = struct.unpack_from(">Q", footer, 48)
    if kind == _DIFFERENCING:
        raise BadImage(f"{file.name} only has what differs from another VHD", "merge it: qemu-img convert -O raw")
    if kind not in (_FIXED, _DYNAMIC) or size == 0 or size % SECTOR:
        raise BadImage(f"{file.name} has a VHD footer that tells of no disk", "build it again")
    if not tail.startswith(VHD_MAGIC):
        raise BadImage(f"{file.name} is cut off: it begins as a VHD and has no footer", "copy or build it again")
    if kind == _DYNAMIC:
        disk: Disk = DynamicDisk(file, footer, size)
    elif file.size != size + SECTOR:
        raise BadImage(
            f"{file.name} is cut off or was changed: its footer tells of {size} bytes, and here are "
            f"{file.size - SECTOR}",
            "copy or build it again",
        )
    else:
        disk = RawDisk(file, size, "vhd-fixed")
    check_partition_table(disk, file.name)
    return disk


class DynamicDisk:
    """Blocks of (usually) 2 MiB, anywhere in the file; each begins with a bitmap of the sectors that were written."""

    format = "vhd-dynamic"

    def __init__(self, file: ImageFile, footer: bytes, size: int) -> None:
        self.size = size
        self._file = file
        (place,) = struct.unpack_from(">Q", footer, 16)
        header = file.bytes_at(place, 1024)
        if not header.startswith(b"cxsparse") or not _checksum_holds(header, 36):
            raise BadImage(f"{file.name} has a broken header of a dynamic VHD", "copy or build it again")
        (table,) = struct.unpack_from(">Q", header, 16)
        entries, self._block = struct.unpack_from(">II", header, 28)
        if self._block < SECTOR or self._block & (self._block - 1) or entries > _MOST_BLOCKS:
            raise BadImage(f"{file.name} has blocks of {self._block} bytes, which no VHD has", "build it again")
        needed = -(-size // self._block)
        if entries < needed:
            raise BadImage(f"{file.name} has a block table that is shorter than its disk", "build it again")
        self._table = array("I", file.bytes_at(table, 4 * needed))
        self._table.byteswap()
        self._bitmap = -(-self._block // SECTOR // 8 // SECTOR) * SECTOR
        self._check_table()

    def extents(self) -> Iterator[tuple[int, int]]:
        """The blocks that exist, neighbours as one."""
        start: int | None = None
        for number, sector in enumerate((*self._table, _UNUSED)):
            if sector != _UNUSED and start is None:
                start = number
            elif sector == _UNUSED and start is not None:
                offset = start * self._block
                yield offset, min(number * self._block, self.size) - offset
                start = None

    def read_into(self, view: memoryview, offset: int) -> None:
        """Block by block; sectors never written are zeros."""
        done = 0
        while done < len(view):
            place = offset + done
            inside = place % self._block
            piece = view[done : done + self._block - inside]
            done += len(piece)
            if place >= self.size or self._table[place // self._block] == _UNUSED:
                piece[:] = bytes(len(piece))
            else:
                self._read_block(piece[: self.size - place], self._table[place // self._block] * SECTOR, inside)
                piece[self.size - place :] = bytes(max(0, len(piece) - (self.size - place)))

    def _read_block(self, piece: memoryview, block: int, inside: int) -> None:
        self._file.fill(piece, block + self._bitmap + inside)
        first, last = inside // SECTOR, -(-(inside + len(piece)) // SECTOR)
        bitmap = self._file.bytes_at(block + first // 8, -(-last // 8) - first // 8)
        if bitmap.count(0xFF) == len(bitmap):
            return
        for sector in range(first, last):
            if not bitmap[sector // 8 - first // 8] >> (7 - sector % 8) & 1:
                start = max(0, sector * SECTOR - inside)
                stop = min(len(piece), (sector + 1) * SECTOR - inside)
                piece[start:stop] = bytes(stop - start)

    def _check_table(self) -> None:
        last = max((sector for sector in self._table if sector != _UNUSED), default=0) * SECTOR
        if last and last + self._bitmap + self._block > self._file.size - SECTOR:
            raise BadImage(
                f"{self._file.name} is cut off: a block would begin at byte {last}, and the file has {self._file.size}",
                "copy or build it again",
            )


def _checksum_holds(header: bytes, place: int) -> bool:
    """The one's complement of the sum of all bytes but the checksum itself."""
    (told,) = struct.unpack_from(">I", header, place)
    return bool(told == ~(sum(header) - sum(header[place : place + 4])) & 0xFFFFFFFF)
