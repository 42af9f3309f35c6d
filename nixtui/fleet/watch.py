"""The live view of the whole fleet: one stream per host, and one clock that ticks them all."""

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable
from heapq import heappop, heappush
from random import Random
from time import time
from typing import Final

from nixtui.fleet.state import FleetState
from nixtui.fleet.stream import Connections, HostStream, Pace
from nixtui.model.host import Host

_TICKS_PER_TURN: Final = 100


class FleetWatch:
    """Watches every host of a fleet while `run` runs. Hosts come and go with `set_hosts`, before or during that.

    `clock` gives Unix seconds; `random` spreads hosts over the interval and reconnects over time.
    """

    def __init__(
        self,
        fleet: FleetState,
        connections: Connections,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time,
        random: Random | None = None,
    ) -> None:
        self._fleet = fleet
        self._connections = connections
        self._pace = pace or Pace()
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - spreads load, guards nothing
        self._streams: dict[str, HostStream] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._focused: frozenset[str] = frozenset()
        self._due: dict[HostStream, float] = {}
        self._wheel: list[tuple[float, int, HostStream]] = []
        self._order = itertools.count()
        self._sooner = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; then every stream has ended."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._follow_fleet()
                await self._turn()
        finally:
            self._group = None
            self._streams.clear()
            self._tasks.clear()
            self._due.clear()
            self._wheel.clear()

    def set_hosts(self, hosts: Iterable[Host]) -> None:
        """What the inventory says now: watch new hosts, stop watching those that left."""
        self._fleet.set_hosts(hosts)
        self._follow_fleet()

    def focus(self, names: Collection[str]) -> None:
        """The hosts somebody looks at: asked at once and then more often. Those of the last call are not any more."""
        before, self._focused = self._focused, frozenset(names)
        for name in before ^ self._focused:
            if stream := self._streams.get(name):
                stream.interval = self._interval(name)
        for name in self._focused - before:
            if stream := self._streams.get(name):
                self._schedule(stream, asyncio.get_running_loop().time())

    def refresh(self, names: Collection[str]) -> None:
        """Ask these hosts now, also those that are waiting to be tried again."""
        for name in names:
            if stream := self._streams.get(name):
                stream.refresh(asyncio.get_running_loop().time())

    def due(self, name: str) -> float | None:
        """When a host will be asked next, in the event loop's time; `None` for one that is not watched."""
        stream = self._streams.get(name)
        return None if stream is None else self._due.get(stream)

    def _follow_fleet(self) -> None:
        """One stream per host of the fleet; a host that is reached otherwise than before gets a new one."""
        if self._group is None:
            return
        hosts, now = self._fleet.hosts(), asyncio.get_running_loop().time()
        for name, stream in tuple(self._streams.items()):
            host = hosts.get(name)
            if host is None or not _is_reached_alike(stream.host, host):
                self._due.pop(self._streams.pop(name))
                self._tasks.pop(name).cancel()
                continue
            before, stream.host = stream.host, host
            if before.instance != host.instance:  # EC2 may know of its host key, or of other ways in
                stream.refresh(now)
        for name, host in hosts.items():
            if name not in self._streams:
                self._start(host, self._group)

    def _start(self, host: Host, group: asyncio.TaskGroup) -> None:
        stream = HostStream(
            host, self._connections, self._fleet, pace=self._pace, clock=self._clock, random=self._random
        )
        stream.interval = self._interval(host.name)
        self._streams[host.name] = stream
        self._tasks[host.name] = group.create_task(stream.run(), name=f"stream of {host.name}")
        self._schedule(stream, asyncio.get_running_loop().time() + self._random.random() * stream.interval)

    def _interval(self, name: str) -> float:
        return self._pace.focused if name in self._focused else self._pace.interval

    def _schedule(self, stream: HostStream, due: float) -> None:
        """Entries of the wheel are never taken out: one that is not the stream's latest is skipped when it is due."""
        self._due[stream] = due
        heappush(self._wheel, (due, next(self._order), stream))
        if self._wheel[0][0] == due:
            self._sooner.set()

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = self._tick_due(loop.time())
            if due is not None and due <= loop.time():
                await asyncio.sleep(0)  # more than one turn's worth is due: let others have theirs
                continue
            self._sooner.clear()
            try:
                async with asyncio.timeout(None if due is None else max(due - loop.time(), self._pace.grain)):
                    await self._sooner.wait()
            except TimeoutError:
                pass

    def _tick_due(self, now: float) -> float | None:
        """Tick what is due, so many at once; returns when the next one is."""
        for _ in range(_TICKS_PER_TURN):
            if not self._wheel or self._wheel[0][0] > now:
                break
            due, _, stream = heappop(self._wheel)
            if self._due.get(stream) == due:
                stream.tick(now)
                # After a suspended laptop wakes up, everything is due; each host is ticked once, not once per interval.
                following = due + stream.interval
                self._schedule(stream, following if following > now else now + self._random.random() * stream.interval)
        return self._wheel[0][0] if self._wheel else None


def _is_reached_alike(before: Host, now: Host) -> bool:
    """Whether the stream can go on: that a source knows one more tag of a host is no reason to hang up."""
    ways = [(each.address, each.port, each.user, each.transport) for each in (before, now)]
    return ways[0] == ways[1] and not now.is_another_machine_than(before)
