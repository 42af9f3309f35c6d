"""What one nix process counts, which is how the end of a build is told from its being cut off.

`stop` has no status. But a process counts what it has built, and says so (`Progress` of its `Builds`) before or soon
after the activity stops; what it stops without counting has failed or was cut off. The newest Nix says it at most ten
times a second, so a stopped build may have to wait for its credit.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final, Generic, TypeVar

MAX_WAITING: Final = 50_000
"""What stopped and was not counted, and activities that count; more than that is no build but somebody's joke."""

Subject = TypeVar("Subject")
Build = TypeVar("Build")
Download = TypeVar("Download")


class Counter:
    """A count that several activities of a process have a share in, one after the other or at once."""

    __slots__ = ("_latest", "said", "total")

    def __init__(self) -> None:
        self.total = 0
        self.said = False
        """Whether the process counts at all."""
        self._latest: dict[int, int] = {}

    def update(self, activity: int, count: int) -> None:
        """The share of one activity is that much now; a count never goes back."""
        before = self._latest.get(activity, 0)
        self.said = True
        if len(self._latest) >= MAX_WAITING:
            self._latest.clear()
        if before < count < 2**40:
            self.total += count - before
            self._latest[activity] = count

    def close(self, activity: int) -> None:
        """The activity has ended; its share stays."""
        self._latest.pop(activity, None)


class Credits(Generic[Subject]):
    """Hands what was counted out to what has stopped, oldest first, those that look complete before others."""

    __slots__ = ("_looks_complete", "done", "given", "waiting")

    def __init__(self, looks_complete: Callable[[Subject], bool] = lambda _: False) -> None:
        self.done = Counter()
        self.given = 0
        self.waiting: deque[Subject] = deque(maxlen=MAX_WAITING)
        self._looks_complete = looks_complete

    def take(self, still_wants: Callable[[Subject], bool]) -> Subject | None:
        """The next that has credit, if there is any left."""
        waiting = self.waiting
        while waiting and self.given < self.done.total:
            place = next((at for at, each in enumerate(islice(waiting, 64)) if self._looks_complete(each)), 0)
            subject = waiting[place]
            del waiting[place]
            if still_wants(subject):
                return subject
        return None


class Worker(Generic[Build, Download]):
    """One nix process, by the pid in its activities' numbers."""

    __slots__ = ("builds", "downloads", "failed", "failures", "suspects")

    def __init__(self, looks_complete: Callable[[Download], bool]) -> None:
        self.builds: Credits[Build] = Credits()
        self.downloads: Credits[Download] = Credits(looks_complete)
        self.failed = Counter()
        self.failures = 0
        """Of those that it counted as failed, how many builds we know."""
        self.suspects: deque[Build] = deque(maxlen=MAX_WAITING)
        """Those of them that no message named."""
