"""Fixtures of this folder: servers and operators."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.remote.sshd import Sshd, running_sshd
from tests.remote.workstation import Workstation


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server that all tests share: nobody may stop it."""
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def own_sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A server for one test alone, which may stop it and drop its connections."""
    with running_sshd(tmp_path / "own-sshd") as server:
        yield server


@pytest.fixture
async def workstation(tmp_path: Path) -> AsyncIterator[Workstation]:
    """An operator with one key and an empty known_hosts."""
    station = Workstation(tmp_path / "home")
    yield station
    await station.leave()
