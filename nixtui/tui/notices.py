"""What the app told the person, kept: a message that vanished after five seconds was never said."""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol, runtime_checkable

import msgspec

from nixtui.tui.paint import Line, Role, clean, line, wrap

MAX_NOTICES = 500
MAX_DETAIL = 4000


class Level(Enum):
    """How much a notice matters; the glyph says so without colour."""

    INFO = ("·", Role.MUTED)
    DONE = ("✔", Role.GOOD)
    WARNING = ("!", Role.WARN)
    ERROR = ("✖", Role.BAD)

    @property
    def glyph(self) -> str:
        """One cell."""
        return self.value[0]

    @property
    def role(self) -> Role:
        """The colour of the glyph."""
        return self.value[1]


class Notice(msgspec.Struct, frozen=True):
    """One plain sentence, at a time (Unix seconds); `remedy` is the next step and `detail` the full text, if any."""

    at: float
    level: Level
    text: str
    remedy: str | None = None
    detail: str | None = None

    @property
    def line(self) -> Line:
        """As shown above the footer."""
        remedy = f"  {clean(self.remedy)}" if self.remedy else ""
        said = Role.TEXT if self.level in (Level.INFO, Level.DONE) else Role.STRONG
        return line((f"{self.level.glyph} ", self.level.role), (clean(self.text), said), (remedy, Role.MUTED))

    def in_full(self, cells: int) -> list[Line]:
        """All it has to say, in lines."""
        lines = wrap(f"{self.level.glyph} {self.text}", cells, Role.STRONG)
        lines += wrap(f"→ {self.remedy}", cells, Role.ACCENT, indent="  ") if self.remedy else []
        for each in (self.detail or "").splitlines():
            lines += wrap(each, cells, Role.MUTED, indent="  ")
        return lines


class Notices:
    """The message history, oldest first, bounded. `said` counts all there ever were."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: deque[Notice] = deque(maxlen=MAX_NOTICES)
        self.said = 0

    def add(self, level: Level, text: str, *, remedy: str | None = None, detail: str | None = None) -> Notice:
        """Say something and keep it."""
        notice = Notice(self._clock(), level, text, remedy, detail[:MAX_DETAIL] if detail else None)
        self._kept.append(notice)
        self.said += 1
        return notice

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._kept)

    def __reversed__(self) -> Iterator[Notice]:
        return reversed(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def page(notice: Notice) -> str:
    """All a message has to say, as text for a ticket."""
    when = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"{when}  {clean(notice.text)}"]
    lines += [f"next step: {clean(notice.remedy)}"] if notice.remedy else []
    return "\n".join([*lines, *(clean(each) for each in (notice.detail or "").splitlines())])


@runtime_checkable
class Explained(Protocol):
    """An error that says in one sentence what failed, and what to do next (`remote.errors`, `operations.policy`)."""

    reason: str
    remedy: str | None


def explain(error: BaseException) -> tuple[str, str | None]:
    """An error as a sentence and a next step. One that nobody foresaw is called by its name, not dressed up."""
    if isinstance(error, Explained):
        host = getattr(error, "host", None)
        return (f"{host}: {error.reason}" if host else error.reason), error.remedy
    message = str(error).strip()
    foreseen = type(error).__module__.startswith("nixtui.") and message
    return (message if foreseen else f"{type(error).__name__}: {message}" if message else type(error).__name__), None


def sentence(error: BaseException) -> str:
    """An error and what to do about it, in one go."""
    found, remedy = explain(error)
    return f"{found}; {remedy}" if remedy else found


def trouble_lines(error: BaseException) -> list[Line]:
    """An error where something else was expected: the sentence, and the next step under it."""
    found, remedy = explain(error)
    lines = [line(("✖ ", Role.BAD), clean(found))]
    return [*lines, line((clean(remedy), Role.MUTED))] if remedy else lines
