"""What every tab is: something asked of a host, shown with its age, asked again when the host has changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual.containers import Horizontal

from nixtui.tui import units
from nixtui.tui.notices import trouble_lines
from nixtui.tui.paint import EMPTY, Line, Role, line
from nixtui.tui.session import Session
from nixtui.tui.widgets.diff_pane import waiting
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

T = TypeVar("T")

_FRESH_S = 10.0
"""What was asked so lately is called by no age."""


@dataclass(slots=True)
class Asked(Generic[T]):
    """The answer to one question, as far as there is one. Times are Unix seconds, here.

    `is_old` when the host has changed since; `problem` is why the last question had no answer, which leaves the answer
    before it standing.
    """

    value: T | None = None
    at: float | None = None
    since: float | None = None
    problem: Exception | None = None
    is_old: bool = False

    @property
    def is_wanted(self) -> bool:
        """Somebody who looks should ask."""
        return self.since is None and (self.is_old or (self.value is None and self.problem is None))

    async def ask(self, question: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        """Ask; what fails is kept as the problem, with the answer from before."""
        self.since, self.is_old = clock(), False
        try:
            self.value = await question()
            self.problem, self.at = None, clock()
        except Exception as error:
            self.problem = error
        finally:
            self.since = None

    def age(self, now: float, what: str) -> Line:
        """For a title: what is waited for, what failed, or how old the answer is."""
        if self.since is not None:
            return waiting(f"asking for {what}", now - self.since)
        if self.problem is not None:
            old = f", of {units.span(now - self.at)} ago" if self.at is not None else ""
            return line((f"✖ not answered{old}", Role.BAD))
        if self.at is None:
            return EMPTY
        seconds = now - self.at
        changed = "the host changed since, " if self.is_old else ""
        if seconds < _FRESH_S and not changed:
            return EMPTY
        return line((f"{changed}{units.span(seconds // 10 * 10)} old", Role.WARN if changed else Role.MUTED))

    def why_empty(self, asking: str) -> list[Line]:
        """Instead of an answer: what failed and what to do, or what is waited for."""
        if self.problem is not None:
            return [*trouble_lines(self.problem), line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))]
        return [line((f"{asking} …", Role.MUTED))]


class HostTab(Horizontal):
    """Subclasses give `title`, `ask`, `draw`, and `rows` where there is one. Nothing is asked before it is shown."""

    BLANK = True
    title: ClassVar[str] = ""
    short: ClassVar[str] = ""

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(classes="host-tab")
        self.session = session
        self.host = host

    @property
    def rows(self) -> Table[Any] | None:
        """The list that list keys move in."""
        return None

    @property
    def text(self) -> Panel | None:
        """The text that J and K scroll."""
        return None

    @property
    def unit(self) -> str | None:
        """The unit under the cursor."""
        return None

    @property
    def is_wanted(self) -> bool:
        """It should ask, now that somebody looks."""
        return False

    async def ask(self) -> None:
        """Ask the host; raises nothing."""

    def outdate(self) -> None:
        """The host changed: what is known may not be so any more."""

    def draw(self, now: float) -> None:
        """Show what is known."""

    def open(self) -> None:
        """Enter."""

    def step_back(self) -> bool:
        """Esc: undo what this tab was told; false when there is nothing."""
        return False

    def copied(self) -> str | None:
        """What `c` copies."""
        return self.rows.cursor if self.rows is not None else None

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        return ("nixtui", "status", self.host)
