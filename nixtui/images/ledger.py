"""What is known of one upload, in files that survive whatever happens to the process: the block journal.

`KEY.json` says what and where, replaced as a whole; `KEY.blocks` has a record for each block that is begun and that is
there, appended before and after. A kill costs only the blocks that were under way. After a power cut a record may be
missing or broken; then its block is sent again, which changes nothing.
"""

import errno
import fcntl
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self
from zlib import crc32

import msgspec

_RECORD = Struct("<IBxxxI")
_BEGUN, _THERE = 1, 2


class Busy(Exception):
    """Another nixtui is sending the same image to the same place."""


class LedgerUnavailable(Exception):
    """The block journal cannot be written; what is in it stays true, and what is not recorded is not sent."""

    def __init__(self, directory: Path, error: OSError) -> None:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the disk is full" if full else error.strerror or str(error)
        self.reason = f"the journal of blocks in {directory} cannot be written: {why}"
        self.remedy = "make room there" if full else "look at the disk and its permissions"
        super().__init__(f"{self.reason}; {self.remedy}")


class Upload(msgspec.Struct, kw_only=True):
    """`token` starts the snapshot, so that starting it twice gives one; `attempt` counts those that AWS gave up.

    `state` is `sending`, `sealing` once all blocks are there, `completed`. `parent` is what the snapshot is made onto.
    """

    content: str
    region: str
    endpoint: str
    name: str
    gib: int
    skip: str
    kms_key: str | None = None
    parent: str | None = None
    token: str
    attempt: int = 0
    state: str = "sending"
    snapshot: str | None = None
    encrypted: bool = False
    started_at: float = 0.0
    blocks: int = 0


class Ledger:
    """The files of one upload. Use as a context manager: who is in it is alone.

    Raises `Busy`, and `LedgerUnavailable` wherever it cannot be written.
    """

    def __init__(self, directory: Path, key: str) -> None:
        self._directory = directory
        self._head = directory / f"{key}.json"
        self._blocks = directory / f"{key}.blocks"
        self._digests = directory / f"{key}.digests"
        self._file = -1
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with self._told():
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._blocks, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise Busy("another nixtui is sending this image to this region") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def read(self) -> Upload | None:
        """What is known; `None` for a new upload, or where the file is broken."""
        try:
            return msgspec.json.decode(self._head.read_bytes(), type=Upload)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, upload: Upload) -> None:
        """Put it in the old one's place, on the disk before this returns."""
        self._replace(self._head, msgspec.json.encode(upload))

    def keep_digests(self, content: bytes) -> None:
        """What the snapshot consists of, for who makes another one onto it."""
        self._replace(self._digests, content)

    def _replace(self, path: Path, content: bytes) -> None:
        fresh = path.with_suffix(".new")
        with self._told():
            try:
                with fresh.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
            except OSError:
                fresh.unlink(missing_ok=True)
                raise
            directory = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def forget_blocks(self) -> None:
        """Nothing was sent: the snapshot is another one."""
        os.ftruncate(self._file, 0)

    def forget(self) -> None:
        """Nothing is left of this upload, here or at AWS."""
        self._head.unlink(missing_ok=True)
        self._digests.unlink(missing_ok=True)
        os.ftruncate(self._file, 0)

    def blocks(self) -> tuple[set[int], Counter[int]]:
        """The blocks that are there, and how often each of the others was begun."""
        there: set[int] = set()
        begun: Counter[int] = Counter()
        written = os.pread(self._file, os.fstat(self._file).st_size, 0)
        usable = len(written) - len(written) % _RECORD.size
        for index, what, check in _RECORD.iter_unpack(written[:usable]):
            if check != _check(index, what):
                continue
            if what == _THERE:
                there.add(index)
            else:
                begun[index] += 1
        if usable < len(written):
            os.ftruncate(self._file, usable)
        for index in there & begun.keys():
            del begun[index]
        return there, begun

    def begin(self, index: int) -> None:
        """A block is about to be sent."""
        self._append(index, _BEGUN)

    def there(self, index: int) -> None:
        """AWS has a block."""
        self._append(index, _THERE)

    def sync(self) -> None:
        """Bring the records to the disk."""
        with self._told():
            os.fsync(self._file)

    def _append(self, index: int, what: int) -> None:
        with self._told(), self._lock:
            written = os.write(self._file, _RECORD.pack(index, what, _check(index, what)))
            if written < _RECORD.size:
                # The last bytes of a full disk: a piece that stayed would put every record after it out of step.
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerUnavailable(self._directory, error) from error


def read_all(directory: Path) -> list[tuple[str, Upload]]:
    """Every upload that is known, with its key."""
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            found.append((path.stem, msgspec.json.decode(path.read_bytes(), type=Upload)))
        except (OSError, msgspec.DecodeError):
            continue
    return found


def _check(index: int, what: int) -> int:
    return crc32(index.to_bytes(4, "little") + bytes((what,)))
