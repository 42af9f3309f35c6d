"""How fast blocks go: what the service allows, and how many are under way at once."""

import threading
import time
from collections.abc import Callable

CEILING = 1000.0
"""PutSnapshotBlock requests a second per snapshot, a fixed quota of EBS direct."""

MOST_IN_FLIGHT = 64
_FIRST_IN_FLIGHT = 8
_LEAST_IN_FLIGHT = 8
_SLOWEST = 2.0
_WINDOW_S = 0.25
_BACK_OFF = 0.7
_RECOVERY = 50.0
"""Requests a second that the rate rises by, each second without a throttled one."""


class Pace:
    """Shared by all threads of one upload. `admit` is asked before each request, and told how it went after.

    The rate falls by a third when AWS throttles and rises slowly again. The number in flight follows the link: twice
    what it holds by Little's law, throughput times the least latency seen. On a thin uplink more would only wait in
    its queue until they time out; on a long one fewer would leave it idle.
    """

    def __init__(self, ceiling: float = CEILING, clock: Callable[[], float] = time.monotonic) -> None:
        self.throttled_count = 0
        self._ceiling = self._rate = ceiling
        self._clock = clock
        self._turn = threading.Condition()
        self._next = 0.0
        self._flying = 0
        self._limit = _FIRST_IN_FLIGHT
        self._window = clock()
        self._finished = 0
        self._least = float("inf")
        self._slowed_at = float("-inf")

    @property
    def in_flight_limit(self) -> int:
        """How many requests may be under way now."""
        return self._limit

    @property
    def rate(self) -> float:
        """Requests a second that are allowed now."""
        return self._rate

    def admit(self, stop: threading.Event) -> bool:
        """Wait for a turn; False when `stop` was set meanwhile. Every turn is given back by `done`."""
        with self._turn:
            while self._flying >= self._limit and not stop.is_set():
                self._turn.wait(0.5)
            if stop.is_set():
                return False
            self._flying += 1
            now = self._clock()
            slot = max(now, self._next)
            self._next = slot + 1 / self._rate
        if slot > now and stop.wait(slot - now):
            self.done(None)
            return False
        return True

    def done(self, seconds: float | None) -> None:
        """A request ended after so many seconds; `None` if it failed."""
        with self._turn:
            self._flying -= 1
            if seconds is not None:
                self._rate = min(self._ceiling, self._rate + _RECOVERY / self._rate)
                self._finished += 1
                self._least = min(self._least, seconds)
            self._measure()
            self._turn.notify()

    def throttled(self) -> None:
        """AWS asks for less. Answers to one burst count once."""
        with self._turn:
            self.throttled_count += 1
            now = self._clock()
            if now - self._slowed_at > _WINDOW_S:
                self._rate = max(_SLOWEST, self._rate * _BACK_OFF)
                self._slowed_at = now

    def wake(self) -> None:
        """Let everybody who waits look whether to stop."""
        with self._turn:
            self._turn.notify_all()

    def _measure(self) -> None:
        now = self._clock()
        if (passed := now - self._window) < _WINDOW_S or not self._finished:
            return
        held = self._finished / passed * self._least
        wanted = min(MOST_IN_FLIGHT, max(_LEAST_IN_FLIGHT, round(2 * held) + 2))
        more = wanted - self._limit
        self._limit, self._window, self._finished = wanted, now, 0
        if more > 0:
            self._turn.notify(more)
