"""Changing a file so that it is never damaged and never loses what another wrote.

sops itself truncates and writes in place: killed in between it leaves nothing, and eight of them at once lose a third
of their changes without a word (both seen with 3.11.0). So work is done on a copy beside the file, under a lock, and
the copy takes the file's place in one step, if the file is still what was read.
"""

import asyncio
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from nixtui.secrets.document import MAX_FILE
from nixtui.secrets.errors import SecretsError, Trouble

LOCK_PATIENCE_S: Final = 15.0
_LOCK_EVERY_S: Final = 0.01
PREFIX: Final = ".nixtui-"
"""Of copies. They hold ciphertext only; what a killed nixtui left is swept by the next one that has the lock."""


def digest(content: bytes) -> str:
    """What a content is recognised by."""
    return sha256(content).hexdigest()


def read_file(path: Path, name: str) -> bytes:
    """The content of a file. Raises `SecretsError`."""
    with told(name, reading=True), path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SecretsError(Trouble.UNREADABLE, f"{name}: no regular file", "name a file")
        return file.read(MAX_FILE + 1)


class HeldFile:
    """A file under its lock: what it was, a copy to work on, and the step that puts the copy in its place."""

    def __init__(self, path: Path, name: str, fd: int) -> None:
        self.path = path
        self.name = name
        self.original = _all_of(fd)
        self.copy = path.with_name(f"{PREFIX}{secrets.token_hex(4)}-{path.name}")
        self._old = path.with_name(f"{self.copy.name}.old")
        self._fd = fd
        self._was = os.fstat(fd)

    def make_copy(self) -> None:
        """The copy, with the content of the file, readable by us alone."""
        with told(self.name):
            fd = os.open(self.copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(self.original)

    def read_copy(self) -> bytes:
        """What the copy holds now."""
        return read_file(self.copy, self.name)

    def write_copy(self, content: bytes) -> None:
        """Another content for the copy."""
        with told(self.name):
            self.copy.write_bytes(content)

    def put(self, content: bytes) -> None:
        """Let the copy, which holds `content`, take the file's place. After a `SecretsError` the file is as it was.

        Whoever writes in place at the very moment of the rename writes into the old file: that is looked at after, and
        what it wrote is kept beside the file and told.
        """
        with told(self.name):
            fd = os.open(self.copy, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._take_over(fd)
                os.fsync(fd)
                if _all_of(fd) != content:
                    raise SecretsError(Trouble.OTHER, f"{self.name}: the copy is not what was written", "try again")
            finally:
                os.close(fd)
            self._check_unchanged()
            with suppress(OSError):  # a file system without hard links; then what is written by then is kept
                os.link(self.path, self._old)
            self.copy.replace(self.path)
            _sync_directory(self.path.parent)
        if _all_of(self._fd) != self.original:
            self._keep_what_another_wrote()

    def remove(self) -> None:
        """Let there be no file, as before it was created. After a `SecretsError` it is as it was."""
        with told(self.name):
            self._check_unchanged()
            self.path.unlink()
            _sync_directory(self.path.parent)

    def tidy(self) -> None:
        """Take away what is left beside the file."""
        for left in (self.copy, self._old):
            with suppress(OSError):
                left.unlink(missing_ok=True)

    def _check_unchanged(self) -> None:
        now = self.path.stat()
        if (now.st_ino, now.st_dev) != (self._was.st_ino, self._was.st_dev) or _all_of(self._fd) != self.original:
            raise SecretsError(
                Trouble.CHANGED,
                f"{self.name}: somebody else changed the file meanwhile; your change was not written",
                "look at it again and repeat the change",
            )

    def _keep_what_another_wrote(self) -> None:
        """Under its old self, as the other may be in the middle of writing; whoever truncates a file has begun."""
        kept = self.path.with_name(f"{self.path.name}.other")
        with told(self.name):
            if self._old.exists():
                self._old.replace(kept)
            else:
                kept.write_bytes(_all_of(self._fd))
        raise SecretsError(
            Trouble.CHANGED,
            f"{self.name}: another program wrote at the same moment; your change is in the file, its is in {kept.name}",
            "make one of the two",
        )

    def _take_over(self, fd: int) -> None:
        """Owner, mode and attributes of the file; only root can give files away, and others keep their own."""
        with suppress(PermissionError):
            os.fchown(fd, self._was.st_uid, self._was.st_gid)
        os.fchmod(fd, stat.S_IMODE(self._was.st_mode))
        with suppress(OSError):
            for attribute in os.listxattr(self._fd):
                os.setxattr(fd, attribute, os.getxattr(self._fd, attribute))


@asynccontextmanager
async def hold(path: Path, name: str, *, patience: float = LOCK_PATIENCE_S) -> AsyncIterator[HeldFile]:
    """The file, locked against other nixtuis; a symbolic link stays, as what it points to is changed."""
    with told(name, reading=True):
        real = _target(path)
        lock = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        await _locked(lock, name, patience)
        _sweep(real.parent)
        with told(name, reading=True):
            fd = os.open(real, os.O_RDONLY | os.O_CLOEXEC)
        held = None
        try:
            held = HeldFile(real, name, fd)
            yield held
        finally:
            os.close(fd)
            if held is not None:
                held.tidy()
    finally:
        os.close(lock)


def _target(path: Path) -> Path:
    return path.resolve(strict=True)


async def _locked(lock: int, name: str, patience: float) -> None:
    """The lock is on the directory: a lock on the file would go with the file, and another file would be in the way."""
    try:
        async with asyncio.timeout(patience):
            while not _try_lock(lock):  # noqa: ASYNC110 - the kernel tells nobody but a thread that hangs in it
                await asyncio.sleep(_LOCK_EVERY_S)
    except TimeoutError as error:
        raise SecretsError(
            Trouble.LOCKED, f"{name}: another nixtui has been changing files here for {patience:.0f} s", "try again"
        ) from error


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(directory: Path) -> None:
    for left in directory.glob(f"{PREFIX}*"):
        with suppress(OSError):
            left.unlink()


def _all_of(fd: int) -> bytes:
    return b"".join(iter_blocks(fd))


def iter_blocks(fd: int) -> Iterator[bytes]:
    """The content of an open file from its start, wherever it is read from."""
    offset = 0
    while offset <= MAX_FILE and (piece := os.pread(fd, 2**20, offset)):
        offset += len(piece)
        yield piece


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def told(name: str, *, reading: bool = False) -> Iterator[None]:
    """The system's errors as sentences."""
    try:
        yield
    except FileNotFoundError as error:
        raise SecretsError(Trouble.NO_SUCH_FILE, f"{name}: there is no such file", "nixtui secrets list") from error
    except OSError as error:
        trouble = Trouble.UNREADABLE if reading else Trouble.UNWRITABLE
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
                reason, remedy = "the disk is full; the file is as it was", "make room and try again"
            case errno.EROFS | errno.EACCES | errno.EPERM:
                word = "read" if reading else "written"
                reason, remedy = f"the file or its directory may not be {word}", "look at permissions and mounts"
            case _:
                reason, remedy = error.strerror or "it cannot be used", "look at the disk"
        raise SecretsError(trouble, f"{name}: {reason}", remedy) from error
