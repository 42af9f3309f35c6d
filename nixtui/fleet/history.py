"""The recent past of one number, small enough to keep for every host of a fleet."""

from array import array
from typing import Final

SAMPLES: Final = 60

SAMPLE_S: Final = 10.0
"""One sample for so many seconds: sixty of them are the ten minutes in which an incident begins."""

_UNKNOWN: Final = 0xFFFF
_HIGHEST: Final = _UNKNOWN - 1


class LoadHistory:
    """The last ten minutes of a load average, in about 200 bytes. Times are seconds by any clock that goes forward."""

    __slots__ = ("_hundredths", "_latest")

    def __init__(self) -> None:
        self._hundredths = array("H", [_UNKNOWN]) * SAMPLES
        self._latest = -1

    def record(self, at: float, load: float | None) -> None:
        """The load was `load` at a moment; the last word within a sample's time stands."""
        sample = int(at / SAMPLE_S)
        if sample != self._latest:
            self._forget(sample)
            self._latest = sample
        self._hundredths[sample % SAMPLES] = _UNKNOWN if load is None else min(round(load * 100), _HIGHEST)

    def samples(self) -> tuple[float | None, ...]:
        """Oldest first, `None` where the host was not seen; empty before the first one."""
        if self._latest < 0:
            return ()
        newest = self._latest % SAMPLES
        ordered = (*self._hundredths[newest + 1 :], *self._hundredths[: newest + 1])
        return tuple(None if each == _UNKNOWN else each / 100 for each in ordered)

    def _forget(self, sample: int) -> None:
        """What lies between the latest sample and this one was not seen; a clock that was set back forgets all."""
        behind = sample - self._latest
        if self._latest < 0 or not 0 < behind < SAMPLES:
            self._hundredths = array("H", [_UNKNOWN]) * SAMPLES
            return
        for skipped in range(self._latest + 1, sample):
            self._hundredths[skipped % SAMPLES] = _UNKNOWN
