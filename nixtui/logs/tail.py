"""The merged journals of several hosts: one follower each, one buffer, one who is told that there is more."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import Final

from nixtui.logs.buffer import MOST_LINES, LogBuffer
from nixtui.logs.follower import Connections, FeedState, Follower, Pace
from nixtui.logs.line import Kind, LogLine
from nixtui.logs.query import LogQuery
from nixtui.model.host import Host
from nixtui.remote.journal import JournalEntry

GATHER_S: Final = 0.05
"""Lines are taken into the buffer this often: late ones of other hosts are then sorted in once and not each."""

_ORDER_BITS: Final = 24


def fair_backlog(hosts: int) -> int:
    """Entries per host to begin with: some 2,000 in all, but of each enough to see what it is about."""
    return min(500, max(50, 2000 // max(1, hosts)))


class LogTail:
    """`run` it; cancelling that ends it. `wake` is called when the buffer or the state of a host changed, and not again
    before `GATHER_S`. `kept` are lines of before that are wanted on: hosts send them once more only to be left out.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        query: LogQuery,
        connections: Connections,
        *,
        clock: Callable[[], float],
        kept: Sequence[LogLine] = (),
        backlog: int | None = None,
        follow: bool = True,
        most_lines: int = MOST_LINES,
        random: Random | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.hosts = tuple(host.name for host in hosts)
        self.query = query
        self.buffer = LogBuffer(most_lines)
        self.wake: Callable[[], None] = lambda: None
        self._clock = clock
        self._numbers = count()
        self._waiting: list[LogLine] = []
        self._is_gathering = False
        if backlog is None:
            backlog = fair_backlog(len(hosts)) if query.since is None else max(100, most_lines // max(1, len(hosts)))
        known: dict[str, set[str]] = {}
        for line in kept:
            known.setdefault(line.host, set()).add(line.cursor)
        self.buffer.add(list(kept))
        chance = random or Random()  # noqa: S311 - spreads load, guards nothing
        self._followers = [
            Follower(
                host,
                query,
                connections,
                self,
                backlog=backlog,
                known=known.get(host.name, ()),
                follow=follow and query.until is None,
                clock=clock,
                random=chance,
                pace=pace,
            )
            for host in hosts
        ]

    async def run(self) -> None:
        """Until cancelled, or until all hosts have ended."""
        async with asyncio.TaskGroup() as group:
            for follower in self._followers:
                group.create_task(follower.run(), name=f"journal of {follower.host.name}")
        self._gather()

    @property
    def states(self) -> Counter[FeedState]:
        """How many hosts are how far."""
        return Counter(follower.state for follower in self._followers)

    def trouble(self) -> list[tuple[str, str]]:
        """Hosts that cannot be read now, and why."""
        return [(each.host.name, each.trouble.reason) for each in self._followers if each.trouble is not None]

    def retry(self) -> None:
        """Try lost hosts again now."""
        for follower in self._followers:
            follower.retry()

    def mark(self) -> None:
        """A line across everything, to find this moment again."""
        self._say("", "", Kind.MARK)
        self._gather()

    # What followers tell

    def take(self, host: str, entries: Sequence[JournalEntry], skew: float) -> None:
        """Entries of a host."""
        numbers, waiting, shift = self._numbers, self._waiting, int(skew * 1e6)
        now = int(self._clock() * 1e6)
        for each in entries:
            at = now + shift if each.at is None else each.at
            order = (at - shift) << _ORDER_BITS | next(numbers) & 0xFFFFFF
            key, said = max(order, 1), (each.message, each.unit, each.identifier, each.pid, each.priority, each.cursor)
            waiting.append(LogLine(key, at / 1e6, host, *said))
        self._gather_soon()

    def note(self, host: str, text: str, *, trouble: bool) -> None:
        """Something about the journal of a host."""
        self._say(host, text, Kind.TROUBLE if trouble else Kind.NOTE)
        self._gather_soon()

    def changed(self) -> None:
        """A host is further, or lost."""
        self._gather_soon()

    def _say(self, host: str, text: str, kind: Kind) -> None:
        now = self._clock()
        order = int(now * 1e6) << _ORDER_BITS | next(self._numbers) & 0xFFFFFF
        self._waiting.append(LogLine(order, now, host, text, kind=kind))

    def _gather_soon(self) -> None:
        if not self._is_gathering:
            self._is_gathering = True
            asyncio.get_running_loop().call_later(GATHER_S, self._gather)

    def _gather(self) -> None:
        self._is_gathering = False
        waiting, self._waiting = self._waiting, []
        self.buffer.add(waiting)
        self.wake()
