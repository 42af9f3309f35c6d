"""Leaving while something still runs: what that means, said before it is done."""

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

_MEANING = (
    "Leaving stops nixtui, not the hosts: one that is armed and not committed goes back by itself when its time is up. "
    "The next nixtui finds it in the journal and says how it ended."
)


class FarewellDialog(Dialog[bool]):
    """Answers whether to leave."""

    def __init__(self, session: Session, running: Sequence["Operation"]) -> None:
        super().__init__(session)
        self._running = running

    def compose(self) -> ComposeResult:
        """What runs, what leaving means, and staying first."""
        count = len(self._running)
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content("An operation is running" if count == 1 else f"{count} operations are running")
            yield Lines(self._lines())
            with Horizontal(classes="choices"):
                yield Choice("Stay", id="stay")
                yield Choice("Leave", id="leave", danger=True)

    def _lines(self) -> list[Line]:
        running = [line(("… ", Role.ACCENT), clean(each.plan.title)) for each in self._running]
        return [*running, EMPTY, *wrap(_MEANING, 84, Role.MUTED)]

    def on_mount(self) -> None:
        """Staying has the focus."""
        self.query_one("#stay", Choice).focus()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(event.choice == "leave")
