"""Demo fleets for tests, each in a directory that must be empty again afterwards."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nixtui.demo import demo_fleet
from nixtui.demo.story import CAST
from tests.demo.operator import Operator, operator_of

Start = Callable[..., AbstractAsyncContextManager[Operator]]


def processes_of(directory: Path) -> dict[int, str]:
    """The processes that know a directory by their environment, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(directory).encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


@pytest.fixture
def base() -> Iterator[Path]:
    """Where demos put their directories: in memory, where that can be had."""
    memory = Path("/dev/shm")  # noqa: S108 - only if it is there
    with TemporaryDirectory(prefix="demo-test-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder).resolve()


def is_clean(base: Path) -> bool:
    """Whether no demo has left a file or a process here."""
    return not list(base.iterdir()) and not processes_of(base)


@pytest.fixture
def start(base: Path, tmp_path: Path) -> Start:
    """Start a fleet of these hosts and let somebody work on it; after that, nothing of it may be left."""

    @asynccontextmanager
    async def started(*names: str, seed: int = 0) -> AsyncIterator[Operator]:
        cast = [who for who in CAST if who.name in names]
        assert len(cast) == len(names)
        environ = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(base)}
        async with (
            demo_fleet(seed=seed, environ=environ, cast=cast, pace=0.05, follows_ec2=False) as fleet,
            operator_of(fleet, tmp_path / "state") as operator,
        ):
            yield operator
        assert is_clean(base)

    return started
