"""One host's live stream: connected, asked, listened to, and connected again, for as long as the host is watched."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

import msgspec

from nixtui.fleet.state import FleetState
from nixtui.fleet.verdict import verdict
from nixtui.model.host import Host
from nixtui.model.status import HostFacts, HostState, HostStatus
from nixtui.remote.errors import NoAnswer, RemoteError
from nixtui.remote.facts import Block, updated
from nixtui.remote.probe import Alive, Answer, Garbled, Probe, Request, open_probe
from nixtui.remote.transport import Transport

_log = logging.getLogger(__name__)

_SAME_S: Final = 3.0
"""Times that differ by less are the same one, read again: hosts tell their uptime in whole seconds."""

_NEEDS_A_PERSON: Final = (HostState.AUTH_FAILED, HostState.HOST_KEY_CHANGED, HostState.HOST_KEY_UNKNOWN)


class Connections(Protocol):
    """Who knows how to reach hosts; shared with every other job, so a stream never closes what it got."""

    async def connect(self, host: Host) -> Transport:
        """A live transport, new or shared. Raises a `RemoteError`."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """All times of the live view, in seconds.

    Hosts whose tick is due within `grain` are asked together, which costs one wake-up for all of them.
    `patience` is how long an answer may take before a host counts as degraded, `hang_up` before its probe is started
    anew. Reconnecting waits `first_retry`, then twice as long each time up to `last_retry`; what only a person can put
    right waits `last_retry` from the start. Every wait is jittered, so that a network that comes back is not met by the
    whole fleet at once.
    """

    grain: float = 0.2
    interval: float = 5.0
    focused: float = 1.0
    slow: float = 60.0
    patience: float = 10.0
    hang_up: float = 60.0
    first_retry: float = 1.0
    last_retry: float = 60.0


class HostStream:
    """Keeps `fleet` knowing how one host is. `run` it; whoever keeps the time calls `tick`.

    `clock` gives Unix seconds for people; `now` of `tick` and `refresh` is the event loop's time.
    """

    def __init__(
        self,
        host: Host,
        connections: Connections,
        fleet: FleetState,
        *,
        pace: Pace,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self.host = host
        self.interval = pace.interval
        self._connections = connections
        self._fleet = fleet
        self._pace = pace
        self._clock = clock
        self._random = random
        self._probe: Probe | None = None
        self._hang_up = asyncio.timeout(None)
        self._asked_at: float | None = None
        self._asked_last = float("-inf")
        self._least_interval = 0.0
        self._slow_at = 0.0
        self._answered = False
        self._trouble: str | None = None
        self._missed_news = False
        self._wanted: Request | None = None
        self._retry_now = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        self._say(HostState.CONNECTING)
        while True:
            try:
                await self._listen()
            except RemoteError as error:
                failures = 0 if self._answered else failures + 1
                self._say_why(error)
                delay = self._delay(failures, error.state)
            except Exception as error:  # a bug of ours met by one host must not blind us for the others
                _log.exception("the stream of %s failed", self.host.name)
                failures += 1
                self._say(HostState.DEGRADED, f"nixtui failed to watch it: {type(error).__name__}")
                delay = self._pace.last_retry
            await self._pause(delay)

    def tick(self, now: float) -> None:
        """It is time to ask, unless an answer is still due; then it is time to judge how long it has been."""
        if self._probe is None:
            return
        if self._asked_at is None:
            if now - self._asked_last >= self._least_interval:
                self._ask(self._next_request(now), now)
        elif now - self._asked_at >= self._pace.hang_up:
            if not self._hang_up.expired():
                self._hang_up.reschedule(now)
        elif now - self._asked_at >= self._pace.patience + self._least_interval and self._trouble is None:
            self._distrust("does not answer")
            self._probe.ask(Request.FULL)

    def refresh(self, now: float) -> None:
        """Ask now, costly values as well; a host that is waited for is tried again now."""
        self._retry_now.set()
        if self._asked_at is None:
            self._ask(Request.SLOW, now)
        else:
            self._wanted = Request.SLOW

    async def _listen(self) -> None:
        """Connect and take answers; ends by raising a `RemoteError`."""
        self._answered = False
        transport = await self._connections.connect(self.host)
        self._least_interval = getattr(transport, "least_interval", 0.0)  # where asking costs more than a packet
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as self._hang_up, open_probe(transport) as probe:
                self._probe, self._asked_at, self._wanted = probe, loop.time(), None
                self._asked_last = self._asked_at
                self._trouble, self._missed_news = None, False
                async for answer in probe.answers():
                    self._take(answer, loop.time())
        except TimeoutError:
            raise NoAnswer(self.host.name, f"has not answered for {self._pace.hang_up:g} s") from None
        finally:
            self._probe = None

    def _take(self, answer: Answer, now: float) -> None:
        match answer:
            case Garbled(reason, lost):
                self._distrust(reason)
                if lost:
                    self._ask_for_everything(now)
                return
            case Block():
                self._missed_news &= not answer.complete
                self._see(updated(self._fleet.status(self.host.name).facts, answer))
            case Alive() if self._trouble is None:
                self._fleet.seen(self.host.name, self._clock())
            case Alive():
                self._see(self._fleet.status(self.host.name).facts)
        if not self._answered:
            self._answered = True
            self._slow_at = now + self._pace.slow * self._random.uniform(0.5, 1.5)
        self._asked_at = None
        if self._wanted is not None:
            self._ask(self._wanted, now)

    def _next_request(self, now: float) -> Request:
        if self._missed_news:
            return Request.FULL
        return Request.SLOW if now >= self._slow_at else Request.TICK

    def _ask_for_everything(self, now: float) -> None:
        """At once, or with the next tick when that answer was lost as well: broken answers must not drive us round."""
        if self._missed_news:
            self._asked_at = None
        else:
            self._missed_news = True
            self._ask(Request.FULL, now)

    def _ask(self, request: Request, now: float) -> None:
        if self._probe is not None and self._probe.ask(request):
            self._asked_at = self._asked_last = now
            self._wanted = None
            if request is not Request.TICK:
                self._slow_at = now + self._pace.slow

    def _see(self, facts: HostFacts) -> None:
        if self._missed_news:  # what was lost may be the very value that is asked about
            return
        self._trouble = None
        state, reason = verdict(facts)
        self._say(state, reason, facts=facts)

    def _distrust(self, trouble: str) -> None:
        """The host is there but its answers are not: what was known stays, and gets older."""
        self._trouble = trouble
        self._say(HostState.DEGRADED, trouble)

    def _say_why(self, error: RemoteError) -> None:
        lost_after_answers = self._answered and error.state is HostState.UNREACHABLE
        self._say(HostState.CONNECTING if lost_after_answers else error.state, error.reason, remedy=error.remedy)

    def _say(
        self, state: HostState, reason: str | None = None, *, remedy: str | None = None, facts: HostFacts | None = None
    ) -> None:
        """Tell the fleet; `facts` that were just seen, or none, and the old ones stay with their age."""
        name, now = self.host.name, self._clock()
        if name not in self._fleet:
            return
        before = self._fleet.status(name)
        since = before.since if before.state is state and before.since is not None else now
        status = msgspec.structs.replace(before, state=state, reason=reason, remedy=remedy, since=since)
        if facts is not None:
            status = _observed(status, before, facts, now)
        self._fleet.apply(name, status)

    def _delay(self, failures: int, state: HostState) -> float:
        if state in _NEEDS_A_PERSON:
            longest = self._pace.last_retry
        elif failures == 0:
            return self._pace.first_retry * self._random.random()
        else:
            longest = min(self._pace.first_retry * 2.0 ** min(failures - 1, 16), self._pace.last_retry)
        return longest * self._random.uniform(0.5, 1.0)

    async def _pause(self, delay: float) -> None:
        # A refresh of the time before this is not meant: the whole fleet may have had one before it lost its network.
        self._retry_now.clear()
        try:
            async with asyncio.timeout(delay):
                await self._retry_now.wait()
        except TimeoutError:
            pass


def _observed(status: HostStatus, before: HostStatus, facts: HostFacts, now: float) -> HostStatus:
    """With the facts that were just seen, and the times that follow from them."""
    since, booted_at = status.since, before.booted_at
    if facts.uptime_s is not None and facts.uptime_s != before.facts.uptime_s:  # told with other slow values only
        booted_at = now - facts.uptime_s
    if status.state is HostState.DEGRADED and facts.failed_units and facts.failed_at is not None and booted_at:
        began = min(booted_at + facts.failed_at, now)
        is_other = since is None or before.state is not status.state or abs(since - began) > _SAME_S
        since = began if is_other else since
    return msgspec.structs.replace(status, facts=facts, observed_at=now, since=since, booted_at=booted_at)
