"""One host's journal: its newest entries, then every one as it is written, over every break of the link."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, Protocol

from nixtui.logs.query import LogQuery
from nixtui.model.host import Host
from nixtui.remote.errors import BadAnswer, ElevationFailed, RemoteError
from nixtui.remote.journal import CannotSearch, JournalEntry, newest, open_journal
from nixtui.remote.transport import Transport

_log = logging.getLogger(__name__)

SEARCHED_WITHOUT_HELP: Final = 10_000
"""Entries that are searched here where the host cannot search its journal itself."""
SKEW_S: Final = 3.0
"""A clock that differs by more than this is corrected where lines are put in order; less may be the link."""


class Connections(Protocol):
    """Who knows how to reach hosts, and keeps what is reached."""

    async def connect(self, host: Host) -> Transport:
        """A live transport, new or shared. Raises a `RemoteError`."""
        ...


class FeedState(Enum):
    """How far a host's journal is."""

    CONNECTING = "connecting"
    READING = "reading"
    FOLLOWING = "following"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits before trying again, in seconds: jittered, doubled each time, at most `last_retry`."""

    first_retry: float = 1.0
    last_retry: float = 20.0


class Sink(Protocol):
    """Who takes what a follower finds."""

    def take(self, host: str, entries: Sequence[JournalEntry], skew: float) -> None:
        """Entries in their order; `skew` is how far the host's clock is ahead, in seconds."""
        ...

    def note(self, host: str, text: str, *, trouble: bool) -> None:
        """Something that happened to the journal of a host, for people."""
        ...

    def changed(self) -> None:
        """A host is further, or lost."""
        ...


class Follower:
    """`run` it. `backlog` is how many entries to begin with, `known` the cursors of those that are there already.

    What can be read without being root is; root is asked for only when the host says that this is not everything.
    """

    def __init__(
        self,
        host: Host,
        query: LogQuery,
        connections: Connections,
        sink: Sink,
        *,
        backlog: int,
        known: Collection[str] = (),
        follow: bool = True,
        clock: Callable[[], float],
        random: Random,
        pace: Pace | None = None,
    ) -> None:
        self.host = host
        self._state = FeedState.CONNECTING
        self.trouble: RemoteError | None = None
        self._query = query
        self._connections = connections
        self._sink = sink
        self._backlog = backlog
        self._known = known
        self._follow = follow
        self._clock = clock
        self._random = random
        self._pace = pace or Pace()
        self._cursor: str | None = None
        self._since: float | None = None
        self._has_read = False
        self._elevated = False
        self._searches = True
        self._skew = 0.0
        self._failures = 0
        self._retry_now = asyncio.Event()

    @property
    def state(self) -> FeedState:
        """How far it is."""
        return self._state

    async def run(self) -> None:
        """Until cancelled, or, where nothing is to be followed, until all was read or cannot be."""
        while True:
            try:
                await self._listen()
                self._set(FeedState.ENDED)
                return
            except CannotSearch:
                self._searches = False
                self._say(
                    f"cannot search its journal itself: of its newest {SEARCHED_WITHOUT_HELP:,} entries, what fits"
                )
                continue
            except RemoteError as error:
                self._lose(error)
            except Exception as error:  # a bug of ours met by one host must not silence the others
                _log.exception("following the journal of %s failed", self.host.name)
                self._lose(BadAnswer(self.host.name, f"nixtui failed to read it: {type(error).__name__}"))
            if not self._follow:
                return
            await self._pause()

    def retry(self) -> None:
        """Try again now where it is waited for."""
        self._retry_now.set()

    async def _listen(self) -> None:
        transport = await self._connections.connect(self.host)
        if not self._has_read:
            self._set(FeedState.READING)
            await self._read(transport)
        if self._follow:
            await self._go_on(transport)

    async def _read(self, transport: Transport) -> None:
        """The newest entries; again as root where the host says that these are not all."""
        query, options = self._query, self._query.options(grep=self._searches)
        count = self._backlog if self._searches or not query.grep else max(self._backlog, SEARCHED_WITHOUT_HELP)
        entries, clock, may_see_all = await newest(transport, count, options, elevated=self._elevated)
        if not may_see_all and not self._elevated:
            try:
                entries, clock, may_see_all = await newest(transport, count, options, elevated=True)
                self._elevated = may_see_all
            except ElevationFailed as error:
                self._say(f"shows this login only a part of its journal, and root is not to be had: {error.reason}")
                may_see_all = True
        if not may_see_all:
            self._say("shows this login only a part of its journal: add it to the group systemd-journal")
        self._notice_clock(clock)
        self._since = clock
        if entries:
            self._cursor = entries[-1].cursor
        known = self._known
        self._take([entry for entry in entries if entry.cursor not in known][-self._backlog :])
        self._known, self._has_read = (), True

    async def _go_on(self, transport: Transport) -> None:
        """From the last entry on: it is asked for once more, which shows that nothing is missing after it."""
        place = [f"--cursor={self._cursor}"] if self._cursor else [f"--since=@{int(self._since or self._clock())}"]
        options = ["--follow", "--no-tail", *self._query.options(times=False, grep=self._searches), *place]
        expected = self._cursor
        async with open_journal(transport, *options, elevated=self._elevated) as reading:
            async for entry in reading.entries(self._begun):
                if expected is not None:
                    resumed, expected = entry.cursor == expected, None
                    if resumed:
                        continue
                    self._say("has the last line seen no longer: lines may be missing here", trouble=True)
                self._cursor = entry.cursor or self._cursor
                self._take([entry])

    def _set(self, state: FeedState) -> None:
        self._state = state
        self._sink.changed()

    def _begun(self) -> None:
        self._set(FeedState.FOLLOWING)
        if self.trouble is not None:
            self._say("is connected again; what it wrote meanwhile stands where it belongs")
        self.trouble, self._failures = None, 0

    def _notice_clock(self, clock: float | None) -> None:
        skew = clock - self._clock() if clock else 0.0
        if abs(skew) > SKEW_S:
            self._skew = skew
            ahead = "ahead of" if skew > 0 else "behind"
            self._say(f"has a clock {abs(skew):,.0f} s {ahead} this one: its times are its own, the order is corrected")

    def _take(self, entries: Sequence[JournalEntry]) -> None:
        if self._query.grep and not self._searches:
            entries = [entry for entry in entries if self._query.found_in(entry.message)]
        if entries:
            self._sink.take(self.host.name, entries, self._skew)

    def _say(self, text: str, *, trouble: bool = False) -> None:
        self._sink.note(self.host.name, text, trouble=trouble)

    def _lose(self, error: RemoteError) -> None:
        """Said once for every break, however often it is tried again."""
        self._failures += 1
        self._set(FeedState.LOST)
        if self.trouble is None or self.trouble.reason != error.reason:
            remedy = f"; {error.remedy}" if error.remedy else ""
            self._say(f"{error.reason}{remedy}", trouble=True)
        self.trouble = error

    async def _pause(self) -> None:
        longest = min(self._pace.first_retry * 2.0 ** min(self._failures - 1, 16), self._pace.last_retry)
        self._retry_now.clear()
        try:
            async with asyncio.timeout(longest * self._random.uniform(0.5, 1.0)):
                await self._retry_now.wait()
        except TimeoutError:
            pass
