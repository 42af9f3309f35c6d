"""Fixtures of this folder: journals, processes that share them, disks that run full."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from nixtui.operations.journal import Journal
from tests.operations.full_disk import Disk, limited_files, may_mount, small_disk

Spawn = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the journal is, which makes it."""
    return tmp_path / "state"


@pytest.fixture
async def journal(state: Path) -> AsyncIterator[Journal]:
    async with open_journal(state) as opened:
        yield opened


def open_journal(directory: Path, token: str = "me") -> Journal:
    return Journal(directory, operator="anna", origin="laptop", token=token)


@pytest.fixture
async def spawn(state: Path) -> AsyncIterator[Spawn]:
    """Start another nixtui on the same journal; it is killed at the end."""
    processes = []

    async def start(*words: str) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", "tests.operations.another_nixtui", str(state), *words]
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        process = await asyncio.create_subprocess_exec(*command, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    # The limit is one of the whole process: never where root's labs may be at work beside us.
    with (small_disk if may_mount() else limited_files)(tmp_path / "disk") as made:
        yield made
