"""Logs for a cockpit in memory: tails that nobody writes to but the test."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from nixtui.logs.line import LogLine
from nixtui.logs.query import LogQuery
from nixtui.logs.tail import LogTail
from nixtui.model.host import Host


class Nobody:
    """Connects to nothing, for as long as one waits."""

    async def connect(self, host: Host):
        await asyncio.Event().wait()


class MemoryLogs:
    """`tails` are those that were begun, to be fed with `take`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.tails: list[LogTail] = []

    def follow(self, hosts: Sequence[str], query: LogQuery, kept: Sequence[LogLine] = ()) -> LogTail:
        hosts = [Host(name=name, address=name) for name in hosts]
        self.tails.append(LogTail(hosts, query, Nobody(), clock=self._clock, kept=kept))
        return self.tails[-1]

    def leave(self, tail: LogTail) -> None:
        tail.wake = lambda: None

    async def record(self, host: str, cursor: str) -> Sequence[tuple[str, str]]:
        return ()

    async def save(self, lines: Sequence[LogLine], hosts: Sequence[str]) -> Path:
        raise OSError("there is no disk in memory")
