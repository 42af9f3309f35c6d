"""pytest fixtures for tests marked `lab`: a lab for the session, and pristine hosts from it for every test."""

import os
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

import pytest

from tests.lab.host import Host
from tests.lab.lab import Lab, take_down_orphans
from tests.lab.machine import LabError, is_root

NEEDS_ROOT: Final = "the lab's hosts are containers, which need root"


class CleanHosts:
    """Hands out pristine hosts; what a test gives back is reset while the next one runs on another host."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._pool = ThreadPoolExecutor()
        self._resets: dict[str, Future[None]] = {name: self._pool.submit(_nothing) for name in lab.hosts}

    def take(self, count: int = 1) -> list[Host]:
        """The hosts that are ready first."""
        if count > len(self._resets):
            pytest.fail(f"the test wants {count} hosts, the lab has {len(self._lab.hosts)} (NIXTUI_LAB_HOSTS)")
        taken: list[Host] = []
        while len(taken) < count:
            wait(self._resets.values(), return_when=FIRST_COMPLETED)
            name = next(name for name, reset in self._resets.items() if reset.done())
            self._resets.pop(name).result()
            taken.append(self._lab[name])
        return sorted(taken, key=lambda host: host.link.index)

    def give_back(self, *hosts: Host) -> None:
        for host in hosts:
            self._resets[host.name] = self._pool.submit(host.reset)

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture(scope="session")
def as_root() -> None:
    """Skips without root; with it, a lab that cannot be built is an error."""
    if not is_root():
        pytest.skip(NEEDS_ROOT)


@pytest.fixture(scope="session")
def lab(as_root: None) -> Iterator[Lab]:
    """A lab of this test run's own, or the one that NIXTUI_LAB names."""
    count = int(os.environ.get("NIXTUI_LAB_HOSTS", "3"))
    if name := os.environ.get("NIXTUI_LAB"):
        running = Lab.up(count, name)
        running.reset()
        yield running
        return
    take_down_orphans()
    own = Lab.up(count, f"pytest-{os.getpid()}", owner=os.getpid())
    try:
        yield own
    finally:
        own.down()


@pytest.fixture(scope="session")
def clean_hosts(lab: Lab) -> Iterator[CleanHosts]:
    hosts = CleanHosts(lab)
    yield hosts
    hosts.close()


@pytest.fixture
def host(clean_hosts: CleanHosts) -> Iterator[Host]:
    """A pristine host. Which of the lab's it is changes from test to test, so ask it for its numbers and paths."""
    (host,) = clean_hosts.take()
    yield host
    clean_hosts.give_back(host)


@pytest.fixture
def hosts(lab: Lab, clean_hosts: CleanHosts) -> Iterator[list[Host]]:
    """All of the lab's hosts, pristine."""
    hosts = clean_hosts.take(len(lab.hosts))
    yield hosts
    clean_hosts.give_back(*hosts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test's report ends with what its hosts' journals say; all that need root are skipped in one line."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and NEEDS_ROOT in report.longrepr[2]:
        # pytest folds skips of one place into a line.
        report.longrepr = ("tests/lab", 0, report.longrepr[2])
    if report.failed and report.when == "call":
        funcargs = getattr(item, "funcargs", {})
        for host in [funcargs["host"]] if "host" in funcargs else funcargs.get("hosts", []):
            report.sections.append((f"journal of {host.name}", _journal(host)))
    return report


def _journal(host: Host) -> str:
    try:
        return host.run("journalctl --boot --no-pager --lines=30").stdout
    except LabError:
        return host.container.console.read_text(errors="replace")[-4000:]


def _nothing() -> None:
    """The reset of a host that is fresh already."""
