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
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from nixtui.fleet.state import FleetState
from nixtui.fleet.stream import Pace
from nixtui.fleet.watch import FleetWatch
from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.facts import Block
from nixtui.remote.pool import ConnectionPool
from nixtui.remote.probe import Alive, Answer, Request, open_probe
from nixtui.remote.prompter import Nobody
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh import SshTransport
from nixtui.remote.transport import Script
from tests.bench import rivals
from tests.bench.figures import Figure, at_least, at_most, memory_kib, table
from tests.lab.lab import Lab

CONNECTIONS: Final = 200
HOSTS: Final = 4
TITLE: Final = f"{CONNECTIONS} connections to {HOSTS} hosts on this machine"

ROUNDS: Final = 2
IDLE_S: Final = 20.0
LIMIT_S: Final = 120.0

COMMAND: Final = (
    'read -r load </proc/loadavg; read -r up </proc/uptime; cd -P /run/current-system; echo "$load $up $PWD"'
)
"""Load, uptime and system, read by the shell itself: what hosts do for it is a small part of everybody's time."""
NOTHING: Final = Script("nothing", "true")

RIVALS: Final = {"clush": rivals.clush, "parallel-ssh": rivals.parallel_ssh}


class Times:
    """What was done, and how many seconds it took each time. A figure is the median."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}

    def note(self, what: str, seconds: float) -> None:
        """Once more."""
        self._seconds.setdefault(what, []).append(seconds)

    def __getitem__(self, what: str) -> float:
        return median(self._seconds[what])

    def most(self, what: str) -> float:
        """The worst: memory that an earlier round gave back is not taken anew."""
        return max(self._seconds[what])

    @contextmanager
    def measuring(self, what: str) -> Iterator[None]:
        """Note the time inside as `what`, and this process's CPU as `what` with " cpu" behind."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.note(f"{what} cpu", time.process_time() - cpu)
        self.note(what, time.perf_counter() - wall)


def figures(rounds: int = ROUNDS, idle: float = IDLE_S) -> list[Figure]:
    """Measure."""
    rivals.install()
    lab = Lab.up(HOSTS, f"bench-{os.getpid()}", owner=os.getpid())
    try:
        for host in lab.hosts.values():
            # The lab's `date` is a shell script, for clocks that go wrong: 3.5 ms where a host's own takes 1 ms.
            host.sh("rm /usr/local/bin/date")
        with tempfile.TemporaryDirectory() as folder:
            return _measure(lab, Path(folder), rounds, idle)
    finally:
        lab.down()


def _measure(lab: Lab, folder: Path, rounds: int, idle: float) -> list[Figure]:
    hosts = [Host(name=f"n{number:03d}", address=f"h{number % HOSTS + 1}") for number in range(CONNECTIONS)]
    by_host = {name: [host.name for host in hosts if host.address == name] for name in lab.hosts}
    names = rivals.write_names(folder, by_host, lab.ssh_config.read_text())
    times = Times()
    asyncio.run(_commands(lab, hosts[:HOSTS], Times()))  # imports and caches are nobody's connection
    for _ in range(rounds):
        asyncio.run(_commands(lab, hosts, times))
        _rivals_commands(names, times)
        asyncio.run(_live(lab, hosts, times))
    _rivals_further(names, times)
    times.note("idle", asyncio.run(_idle(lab, hosts, idle)) - asyncio.run(_empty_loop()))
    return [*_compared(times), *_costs(times)]


async def _commands(lab: Lab, hosts: Sequence[Host], times: Times) -> None:
    """Connections from nothing, and commands on them, each on a channel of its own."""
    command = Script("status", COMMAND)
    async with _pool(lab) as pool, asyncio.timeout(LIMIT_S):
        memory = memory_kib()
        with times.measuring("connected and status"):
            with times.measuring("connect"):
                transports = await asyncio.gather(*map(pool.connect, hosts))
            memory = memory_kib() - memory
            await _run_everywhere(transports, command)
        times.note("memory", memory / len(hosts))
        for script in (command, NOTHING) * 3:
            with times.measuring(script.name):
                await _run_everywhere(transports, script)


async def _run_everywhere(transports: Sequence[SshTransport], script: Script) -> None:
    for done in await asyncio.gather(*(transport.run(script) for transport in transports)):
        assert done.exit_status == 0, done


async def _live(lab: Lab, hosts: Sequence[Host], times: Times) -> None:
    """As the app does it: the first block of every host from nothing, then questions on the streams that are open."""
    async with _pool(lab) as pool, asyncio.timeout(LIMIT_S):
        fleet = FleetState(hosts)
        async with _watching(fleet, pool):
            with times.measuring("first blocks"):
                await _all_seen(fleet)
        async with AsyncExitStack() as stack:
            probes = [await stack.enter_async_context(open_probe(await pool.connect(host))) for host in hosts]
            streams = [probe.answers() for probe in probes]
            await _answers(streams)
            for request in (Request.FULL, Request.TICK) * 2:
                with times.measuring(request.value):
                    for probe in probes:
                        assert probe.ask(request)
                    await _answers(streams)


async def _answers(streams: Sequence[AsyncIterator[Answer]]) -> None:
    """The next answer of every host."""
    for answer in await asyncio.gather(*map(anext, streams)):
        assert isinstance(answer, Block | Alive), answer


async def _all_seen(fleet: FleetState) -> None:
    async for _ in fleet.batches(at_most_per_second=100):
        if fleet.counts.seen == len(fleet):
            return


async def _idle(lab: Lab, hosts: Sequence[Host], seconds: float) -> float:
    """CPU per second of watching hosts on which nothing happens, after they have settled, at the app's own pace."""
    fleet = FleetState(hosts)
    async with _pool(lab) as pool, _watching(fleet, pool):
        async with asyncio.timeout(LIMIT_S):
            await _all_seen(fleet)
        await asyncio.sleep(Pace().interval)
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        return (time.process_time() - cpu) / (time.perf_counter() - wall)


async def _empty_loop() -> float:
    cpu = time.process_time()
    await asyncio.sleep(1)
    return time.process_time() - cpu


@asynccontextmanager
async def _watching(fleet: FleetState, pool: ConnectionPool) -> AsyncIterator[None]:
    watching = asyncio.create_task(FleetWatch(fleet, pool).run())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


@asynccontextmanager
async def _pool(lab: Lab) -> AsyncIterator[ConnectionPool]:
    pool = ConnectionPool(
        SshAccess(SshSettings(config_files=(str(lab.ssh_config),), connect_timeout=LIMIT_S), Nobody())
    )
    try:
        yield pool
    finally:
        await pool.close()


def _rivals_commands(names: rivals.Names, times: Times) -> None:
    """With ssh as it comes."""
    for name, rival in RIVALS.items():
        times.note(name, rivals.seconds(rival(names, names.plain, COMMAND), names.count))


def _rivals_further(names: rivals.Names, times: Times) -> None:
    """The quicker rival, once: with other algorithms, with connections left open, with the probe's script."""
    for name, ssh_config, command in (
        ("tuned", names.tuned, COMMAND),
        ("first shared", names.shared, COMMAND),
        ("shared", names.shared, COMMAND),
        ("block", names.plain, rivals.question()),
    ):
        times.note(name, rivals.seconds(rivals.parallel_ssh(names, ssh_config, command), names.count))


def _compared(times: Times) -> list[Figure]:
    """A status command against the same command, and the probe's block against the same block."""
    swept, first = times["status"], times["connected and status"]
    return [
        *(
            at_least(f"sweep on open connections, times quicker than {name}", times[name] / swept, "×", 20)
            for name in RIVALS
        ),
        *(
            at_least(f"first sweep from nothing, times quicker than {name}", times[name] / first, "×", 2.5)
            for name in RIVALS
        ),
        Figure("sweep on open connections", swept, "s"),
        Figure("first sweep from nothing", first, "s"),
        *(Figure(f"{name}, the same command", times[name], "s") for name in RIVALS),
        Figure("parallel-ssh with nixtui's choice of algorithms", times["tuned"], "s"),
        Figure("parallel-ssh with that and a ControlMaster", times["shared"], "s"),
        Figure("probe: all asked what is new, on open streams", times[Request.TICK], "s"),
        Figure("probe: all asked for everything, on open streams", times[Request.FULL], "s"),
        Figure("probe: from nothing to everything of all", times["first blocks"], "s"),
        Figure("parallel-ssh with the probe's script", times["block"], "s"),
    ]


def _costs(times: Times) -> list[Figure]:
    """What it takes of the operator's machine, without what the hosts do."""
    each = 1000 / CONNECTIONS
    return [
        at_most("an idle host, our CPU per second", times["idle"] * each, "ms", 0.2),
        Figure("connecting, our CPU", times["connect cpu"] * each, "ms"),
        Figure("a command, our CPU", times["nothing cpu"] * each, "ms"),
        Figure("asking for everything, our CPU", times["full cpu"] * each, "ms"),
        Figure("a connection, our memory", times.most("memory"), "KiB"),
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and say by the exit status whether all bars were cleared."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--idle", type=float, default=IDLE_S, help="seconds")
    options = parser.parse_args(arguments)
    found = figures(options.rounds, options.idle)
    print(table(TITLE, found))
    return int(any(figure.passed is False for figure in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
