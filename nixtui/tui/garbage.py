"""When Python collects its garbage: not while somebody presses keys.

With 10,000 hosts in memory a full collection stops everything for 90 ms, several times a minute. The cheap young
generations stay automatic; the full one is left for a moment in which nobody has pressed a key for a while.
"""

import gc

IDLE_S = 4.0
EVERY_S = 60.0
OVERDUE_S = 240.0
"""Somebody may press keys for hours: after this long one key has to wait."""
_NEVER = 1_000_000


class Garbage:
    """Owns the collector of this process from `begin` on. Times are seconds by any clock that goes forward."""

    def __init__(self) -> None:
        self._touched_at = 0.0
        self._begun_at: float | None = None
        self._collected_at: float | None = None

    def begin(self) -> None:
        """Make full collections ours. Where whoever started the app has put all of them off until now, the young ones
        begin, and need not look at what is there already."""
        youngest, middle, _ = gc.get_threshold()
        gc.set_threshold(youngest, middle, _NEVER)
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def touch(self, now: float) -> None:
        """Somebody pressed a key."""
        self._touched_at = now

    def tick(self, now: float) -> None:
        """Collect, if it is time and nobody is at the keyboard. What is there at the first time (all that was
        imported) is never looked at again."""
        if self._begun_at is None:
            self._begun_at = now
        since = now - (self._begun_at if self._collected_at is None else self._collected_at)
        is_busy = now - self._touched_at < IDLE_S
        if (is_busy and since < OVERDUE_S) or (self._collected_at is not None and since < EVERY_S):
            return
        if self._collected_at is None:
            gc.unfreeze()
        gc.collect()
        if self._collected_at is None:
            gc.freeze()
        self._collected_at = now
