"""Whether a build only waits for somebody who never answers.

Nix itself gives up on a substituter that says nothing after five minutes (`stalled-download-timeout`), tries five
times, and asks each for every path: an hour can pass. A builder may be silent for as long as it likes.
"""

from collections.abc import Callable
from typing import Final

from nixtui.nix.internal_json import Action, Event, Fact, Result, Start, Stop
from nixtui.remote.output import said

LIMIT_S: Final = 90.0
"""Without a word and without a build: longer than any answer, shorter than the patience of whoever waits."""

_NETWORK: Final = frozenset((Action.FILE_TRANSFER, Action.QUERY_PATH_INFO, Action.SUBSTITUTE, Action.COPY_PATH))


class Stall:
    """Told of every event; `reason` says whom nix waits for once that takes too long."""

    def __init__(self, clock: Callable[[], float], limit: float = LIMIT_S) -> None:
        self.limit = limit
        self._clock = clock
        self._last = clock()
        self._building: set[int] = set()
        self._asked: dict[int, str] = {}
        self._progress: dict[int, object] = {}

    def take(self, event: Event) -> None:
        """Something was said. While it waits, Nix repeats the same progress ten times a second; that is no news."""
        if isinstance(event, Result) and event.type == Fact.PROGRESS:
            if self._progress.get(event.id) == event.fields:
                return
            self._progress[event.id] = event.fields
        self._last = self._clock()
        if isinstance(event, Start):
            if event.type == Action.BUILD:
                self._building.add(event.id)
            elif event.type in _NETWORK:
                self._asked[event.id] = _whom(event)
        elif isinstance(event, Stop):
            self._building.discard(event.id)
            self._asked.pop(event.id, None)
            self._progress.pop(event.id, None)

    @property
    def reason(self) -> str | None:
        """One sentence, or `None` while all is well."""
        if self._building or self._clock() - self._last < self.limit:
            return None
        whom = next((each for each in reversed(self._asked.values()) if each), None)
        what = f"{whom} has not answered" if whom else "nix has said nothing"
        return f"{what} for {self.limit:.0f} s, and the build was stopped"


def _whom(event: Start) -> str:
    """The last field names the other side, but for a copy that is sent."""
    fields = [str(each) for each in event.fields]
    return said(next((each for each in reversed(fields) if "://" in each), ""))
