"""The directory that a demo lives in: gone with it, however it ends."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "nixtui-demo-"


@contextmanager
def demo_directory(environ: Mapping[str, str]) -> Iterator[Path]:
    """A new directory without symbolic links in its path; those of demos that were killed are removed first.

    It is where the user's other sockets and locks are, else where temporary files are: the first place that programs
    may be started from.
    """
    base = _base(environ)
    _sweep(base)
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=base, ignore_cleanup_errors=True) as name,
        (Path(name) / "alive").open("w") as alive,
    ):
        fcntl.flock(alive, fcntl.LOCK_EX)
        yield Path(name).resolve()


def _base(environ: Mapping[str, str]) -> Path:
    """Memory before disk: a demo is two thousand small files."""
    named = [environ.get("XDG_RUNTIME_DIR"), environ.get("TMPDIR"), "/dev/shm"]  # noqa: S108 - only if it is there
    found = (Path(each) for each in named if each and _runs_programs(Path(each)))
    return next(found, Path(tempfile.gettempdir()))


def _runs_programs(folder: Path) -> bool:
    """False where nothing may be written, and for file systems mounted `noexec`."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=_PREFIX) as file:
            Path(file.name).chmod(0o700)
            return os.access(file.name, os.X_OK)
    except OSError:
        return False


def _sweep(base: Path) -> None:
    for left in base.glob(f"{_PREFIX}*/alive"):
        with suppress(OSError), left.open("r+") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_those_who_wait(left.parent)
            shutil.rmtree(left.parent, ignore_errors=True)


def _end_those_who_wait(directory: Path) -> None:
    """Programs that asked (`bin/ask.sh`) in the moment their service manager was killed hear that it is gone."""
    for box in directory.rglob("box.*"):
        with suppress(OSError):
            pipe = os.open(box, os.O_RDWR | os.O_NONBLOCK)
            if box.is_fifo():
                os.write(pipe, b"end 1\n")
            os.close(pipe)
