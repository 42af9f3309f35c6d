"""An image cut into the blocks of a snapshot, each with its digest: what has to be sent, and what it all adds up to."""

import os
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from nixtui.aws.snapshots import BLOCK, GIB
from nixtui.images.disk import Disk

ZERO_DIGEST = sha256(bytes(BLOCK)).digest()
_AT_ONCE = 64
"""Blocks handed to the threads together: half a millisecond of hashing each."""


class Skip(StrEnum):
    """Which blocks are left out. Where nothing was written an encrypted volume shows noise (coldsnap #395, #470).

    Holes are where whoever made the image wrote nothing and so expects nothing; zeros may be meant.
    """

    NOTHING = "nothing"
    HOLES = "holes"
    ZEROS = "zeros"


@dataclass(frozen=True, slots=True)
class BlockMap:
    """The blocks of a disk that are not only holes: their indexes in order, and their digests one after the other."""

    size: int
    indexes: "array[int]"
    digests: bytearray = field(repr=False)

    @property
    def total(self) -> int:
        """Blocks of the whole disk."""
        return -(-self.size // BLOCK)

    @property
    def gib(self) -> int:
        """The least volume that holds the disk."""
        return max(1, -(-self.size // GIB))

    @property
    def identity(self) -> str:
        """A name for this content, the same for every file and format that has it; in hexadecimal."""
        known = sha256(b"nixtui image 1\n%d\n" % self.size)
        zeros = frozenset(self._zeros())
        for place, index in enumerate(self.indexes):
            if place not in zeros:
                known.update(index.to_bytes(8, "big") + self.digest(place))
        return known.hexdigest()

    def digest(self, place: int) -> bytes:
        """SHA-256 of the block at a place of `indexes`."""
        return bytes(self.digests[32 * place : 32 * place + 32])

    def chosen(self, skip: Skip) -> "BlockMap":
        """The blocks to be sent. With `Skip.NOTHING` holes are sent as zeros, too."""
        match skip:
            case Skip.HOLES:
                return self
            case Skip.ZEROS:
                zeros = frozenset(self._zeros())
                places = [place for place in range(len(self.indexes)) if place not in zeros]
                digests = bytearray().join(self.digests[32 * place : 32 * place + 32] for place in places)
                return BlockMap(self.size, array("I", (self.indexes[place] for place in places)), digests)
            case Skip.NOTHING:
                digests = bytearray(ZERO_DIGEST * self.total)
                for place, index in enumerate(self.indexes):
                    digests[32 * index : 32 * index + 32] = self.digest(place)
                return BlockMap(self.size, array("I", range(self.total)), digests)

    def checksum(self) -> bytes:
        """The LINEAR checksum: SHA-256 over all digests in the order of their indexes."""
        return sha256(self.digests).digest()

    def _zeros(self) -> Iterator[int]:
        place = self.digests.find(ZERO_DIGEST)
        while place >= 0:
            if place % 32 == 0:
                yield place // 32
            place = self.digests.find(ZERO_DIGEST, place - place % 32 + 32 if place % 32 == 0 else place + 1)


def read_blocks(disk: Disk, told: Callable[[int, int], None] = lambda _done, _total: None) -> BlockMap:
    """Read all of a disk that is no hole. Blocking; raises `BadImage`. `told` hears blocks read and to be read."""
    indexes = array("I", _indexes(disk))
    digests = bytearray(32 * len(indexes))
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="read") as threads:
        pending = iter(range(0, len(indexes), _AT_ONCE))

        def digest_some(start: int) -> None:
            buffer = bytearray(BLOCK)
            for place in range(start, min(start + _AT_ONCE, len(indexes))):
                disk.read_into(memoryview(buffer), indexes[place] * BLOCK)
                digests[32 * place : 32 * place + 32] = sha256(buffer).digest()

        done = 0
        while some := list(islice(pending, 16)):
            list(threads.map(digest_some, some))
            done = min(len(indexes), done + len(some) * _AT_ONCE)
            told(done, len(indexes))
    return BlockMap(disk.size, indexes, digests)


def _indexes(disk: Disk) -> Iterator[int]:
    following = 0
    for offset, length in disk.extents():
        if length > 0:
            first = max(following, offset // BLOCK)
            following = max(following, -(-(offset + length) // BLOCK))
            yield from range(first, following)


def occupied(disk: Disk) -> int:
    """How many blocks of a disk are not only holes, without reading any."""
    return sum(1 for _ in _indexes(disk))
