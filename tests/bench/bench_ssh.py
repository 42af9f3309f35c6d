"""200 connections: how long the fleet takes to say how it is, next to `clush` and `parallel-ssh`, and what it costs us.

`python -m tests.bench.bench_ssh [--rounds N] [--idle SECONDS]`; needs root, brings four lab hosts up and takes them
down, and installs the rivals where they are missing. Rounds alternate, so that a noisy machine is noisy for everybody.

Two hundred names lead to four hosts on this machine, whose own work takes its processors as well: it is in every time
given here, and only what says so is our process alone.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from nixtui.fleet.state import FleetState
from nixtui.fleet.watch import FleetWatch
from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.facts import Block, updated
from nixtui.remote.pool import ConnectionPool
from nixtui.remote.probe import Answer, Request, open_probe
from nixtui.remote.prompter import Nobody
from nixtui.remote.settings import SshSettings
from nixtui.remote.transport import Script
from tests.bench import rivals
from tests.bench.figures import Figure, at_least, at_most, table
from tests.lab.lab import Lab

CONNECTIONS: Final = 200
HOSTS: Final = 4

ROUNDS: Final = 2
IDLE_S: Final = 30.0

COMMAND: Final = "cat /proc/loadavg; readlink /run/current-system"
"""The status that a person asks a fleet for by hand."""


@dataclass(slots=True)
class Times:
    """Of each round, by what was done: seconds of time, or of our CPU where the name says so."""

    by: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, seconds: float) -> None:
        """One more round's."""
        self.by.setdefault(what, []).append(seconds)

    def __getitem__(self, what: str) -> float:
        return median(self.by[what])


@dataclass(frozen=True, slots=True)
class Spent:
    """What one thing took: seconds, and seconds of this process's CPU."""

    wall: float
    cpu: float


def figures(rounds: int = ROUNDS, idle: float = IDLE_S) -> list[Figure]:
    """Measure."""
    rivals.install()
    lab = Lab.up(HOSTS, f"bench-{os.getpid()}", owner=os.getpid())
    try:
        for host in lab.hosts.values():
            # The lab's own `date` is a shell script, for clocks that go wrong; it takes three times as long.
            host.sh("rm /usr/local/bin/date")
        with tempfile.TemporaryDirectory() as folder:
            return _measure(lab, Path(folder), rounds, idle)
    finally:
        lab.down()


def _measure(lab: Lab, folder: Path, rounds: int, idle: float) -> list[Figure]:
    fleet = _fleet(lab)
    names = rivals.write_names(folder, {host: _names(fleet, host) for host in lab.hosts}, lab.ssh_config.read_text())
    times = Times()
    memory = 0.0
    for number in range(rounds):
        memory = asyncio.run(_ours(lab, fleet, times)) if number == 0 else memory or asyncio.run(_ours(lab, fleet, times))
        rivals.round_(names, times.note)
    return [*_compared(times), *_costs(times, memory, asyncio.run(_idle(lab, fleet, idle)))]
