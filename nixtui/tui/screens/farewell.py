"""Leaving or stopping while something runs: what that means, said before it is done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nixtui.operations.operation import Operation

_LEAVING = (
    "Leaving stops nixtui, not the hosts: one that is armed and not committed goes back by itself when its time is up. "
    "The next nixtui finds it in the journal and says how it ended."
)
_CANCELLING = (
    "Hosts that are being tested are taken back to what they ran before, at once; hosts that are committed stay so; "
    "hosts that were not begun are left alone. The operation ends when every host said where it stands."
)


class _Asked(Dialog[bool]):
    """Answers yes or no; no has the focus."""

    def __init__(self, session: Session, title: str, lines: Sequence[Line], no: str, yes: str) -> None:
        super().__init__(session)
        self._title, self._lines, self._no, self._yes = title, lines, no, yes

    def compose(self) -> ComposeResult:
        """What it means, and the harmless choice first."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content(clean(self._title))
            yield Lines(self._lines)
            with Horizontal(classes="choices"):
                yield Choice(self._no, id="no")
                yield Choice(self._yes, id="yes", danger=True)

    def on_mount(self) -> None:
        """The harmless choice has the focus."""
        self.query_one("#no", Choice).focus()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(event.choice == "yes")


class FarewellDialog(_Asked):
    """Whether to leave while operations run."""

    def __init__(self, session: Session, running: Sequence["Operation"]) -> None:
        count = len(running)
        title = "An operation is running" if count == 1 else f"{count} operations are running"
        titles = [line(("… ", Role.ACCENT), clean(each.plan.title)) for each in running]
        super().__init__(session, title, [*titles, EMPTY, *wrap(_LEAVING, 84, Role.MUTED)], "Stay", "Leave")


class CancelDialog(_Asked):
    """Whether to stop an operation."""

    def __init__(self, session: Session, running: "Operation") -> None:
        lines = [line(("… ", Role.ACCENT), clean(running.plan.title)), EMPTY, *wrap(_CANCELLING, 84, Role.MUTED)]
        super().__init__(session, "Stop this operation?", lines, "Let it run", "Stop it")
