"""Which blocks a snapshot has, with their digests, kept beside the journal of the upload that made it.

With it the next image is sent as what differs: a snapshot made onto another one has all blocks of that one which are
not written again. A block that is the same need not be sent, and one that has become a hole has to be, as zeros.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from struct import Struct

from nixtui.aws.session import Session
from nixtui.aws.snapshots import exists
from nixtui.images.blocks import ZERO_DIGEST, BlockMap
from nixtui.images.ledger import Upload, read_all

KEPT = 20
"""Manifests that stay, the newest: 300 KB for 4 GiB."""

_RECORD = Struct("<I32s")
_MAGIC = b"nixtui blocks 1\n"
_CHECK = sha256().digest_size


@dataclass(frozen=True, slots=True)
class Parent:
    """A snapshot that another one is made onto."""

    snapshot: str
    digests: Mapping[int, bytes] = field(repr=False)


def pack(digests: Mapping[int, bytes]) -> bytes:
    """As a file."""
    body = _MAGIC + b"".join(_RECORD.pack(index, digest) for index, digest in sorted(digests.items()))
    return body + sha256(body).digest()


def unpack(content: bytes) -> dict[int, bytes] | None:
    """`None` for what is broken: then nothing is known, which only costs blocks that are sent."""
    body, check = content[:-_CHECK], content[-_CHECK:]
    records = body.removeprefix(_MAGIC)
    if not body.startswith(_MAGIC) or sha256(body).digest() != check or len(records) % _RECORD.size:
        return None
    return dict(_RECORD.iter_unpack(records))


def digests_of(blocks: BlockMap) -> dict[int, bytes]:
    """The digests by index."""
    return {index: blocks.digest(place) for place, index in enumerate(blocks.indexes)}


def differing(read: BlockMap, parent: Parent) -> BlockMap:
    """What has to be written onto `parent` so that the result is the disk that was read."""
    wanted = digests_of(read)
    gone = dict.fromkeys(parent.digests.keys() - wanted.keys(), ZERO_DIGEST)
    send = {index: digest for index, digest in (wanted | gone).items() if parent.digests.get(index) != digest}
    indexes = sorted(send)
    return BlockMap(read.size, array("I", indexes), bytearray().join(send[index] for index in indexes))


async def nearest(
    session: Session, directory: Path, read: BlockMap, *, region: str, endpoint: str, gib: int
) -> Parent | None:
    """Of the snapshots whose blocks are known the one that has most in common with what was read, if it is there.

    Raises `AwsError` for one in error.
    """
    wanted = digests_of(read)
    known = []
    for key, upload in _usable(read_all(directory), region, endpoint, gib):
        digests = _read(directory / f"{key}.digests")
        same = sum(wanted.get(index) == digest for index, digest in digests.items()) if digests else 0
        if digests and same:
            known.append((same, upload.started_at, Parent(str(upload.snapshot), digests)))
    for _, _, parent in sorted(known, key=lambda each: each[:2], reverse=True):
        if await exists(session, region, parent.snapshot):
            return parent
    return None


def unfinished_parent(directory: Path, content: str, *, region: str, endpoint: str, gib: int) -> str | None:
    """The parent of an upload of this content that was cut off: it goes on onto the same one."""
    for _, each in read_all(directory):
        same = (each.content, each.region, each.endpoint, each.gib) == (content, region, endpoint, gib)
        if same and each.state != "completed" and each.parent and each.snapshot:
            return each.parent
    return None


def known_as(directory: Path, snapshot: str) -> Parent | None:
    """A snapshot by its id, where its blocks are known."""
    for key, each in read_all(directory):
        if each.snapshot == snapshot and (digests := _read(directory / f"{key}.digests")):
            return Parent(snapshot, digests)
    return None


def prune(directory: Path) -> None:
    """Only the newest stay."""
    kept = sorted(directory.glob("*.digests"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT:]:
        path.unlink(missing_ok=True)


def _usable(
    uploads: Iterable[tuple[str, Upload]], region: str, endpoint: str, gib: int
) -> Iterable[tuple[str, Upload]]:
    """Onto what is encrypted nothing is made: what is not written there is noise."""
    for key, each in uploads:
        fits = (each.region, each.endpoint, each.gib) == (region, endpoint, gib)
        if fits and each.state == "completed" and each.snapshot and not (each.encrypted or each.kms_key):
            yield key, each


def _read(path: Path) -> dict[int, bytes] | None:
    try:
        return unpack(path.read_bytes())
    except OSError:
        return None
