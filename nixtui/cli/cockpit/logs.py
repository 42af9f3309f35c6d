"""Journals for the Logs screen: over the same connections as everything else."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from nixtui.cli.assembly import Assembly
from nixtui.config.paths import state_dir
from nixtui.fleet.state import FleetState
from nixtui.logs.line import LogLine
from nixtui.logs.query import LogQuery
from nixtui.logs.saving import save_lines
from nixtui.logs.tail import LogTail
from nixtui.model.host import Host
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.journal import whole_record
from nixtui.remote.transport import Transport


class Pooled:
    """The connections, made only when the first is needed: importing SSH must not hold up the first frame."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui

    async def connect(self, host: Host) -> Transport:
        """The shared connection of a host. Raises a `RemoteError`."""
        return await self._nixtui.connect(host)


class LiveLogs:
    """`begin` starts a task that lives as long as the app."""

    def __init__(self, nixtui: Assembly, fleet: FleetState, begin: Callable[[LogTail], "asyncio.Task[None]"]) -> None:
        self._nixtui = nixtui
        self._fleet = fleet
        self._begin = begin
        self._running: dict[LogTail, asyncio.Task[None]] = {}

    def follow(self, hosts: Sequence[str], query: LogQuery, kept: Sequence[LogLine] = ()) -> LogTail:
        """Begin to follow these hosts, as far as they are in the fleet."""
        found = [self._fleet.host(name) for name in hosts if name in self._fleet]
        tail = LogTail(found, query, Pooled(self._nixtui), clock=self._nixtui.clock, kept=kept)
        self._running[tail] = task = self._begin(tail)
        task.add_done_callback(lambda _: self._running.pop(tail, None))
        return tail

    def leave(self, tail: LogTail) -> None:
        """End it."""
        tail.wake = lambda: None
        if (task := self._running.pop(tail, None)) is not None:
            task.cancel()

    def end(self) -> None:
        """End all of them: the app is being left."""
        for tail in tuple(self._running):
            self.leave(tail)

    async def record(self, host: str, cursor: str) -> Sequence[tuple[str, str]]:
        """Every field of one entry; as root when this login may not see it."""
        async with self._nixtui.reach(self._fleet.host(host)) as transport:
            try:
                return await whole_record(transport, cursor)
            except RemoteError as refused:
                try:
                    return await whole_record(transport, cursor, elevated=True)
                except ElevationFailed:
                    raise refused from None

    async def save(self, lines: Sequence[LogLine], hosts: Sequence[str]) -> Path:
        """In the working directory, or in the state directory where that cannot be."""
        surroundings = self._nixtui.surroundings
        folders = (surroundings.cwd, state_dir(surroundings.environ) / "logs")
        return await asyncio.to_thread(save_lines, tuple(lines), tuple(hosts), self._nixtui.clock(), folders)
