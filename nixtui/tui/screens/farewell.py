"""Leaving or stopping while something runs: what that means, said before it is done."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.dialog_room import text_cells
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nixtui.operations.operation import Operation

_DETACHING = {
    "run": "a command that still runs is ended on its host; hosts that were not begun are left alone",
    "reboot": "a host that goes down comes up without being looked at; no further wave begins",
}
_DETACHING_GUARDED = (
    "a host that is armed and not committed goes back by itself when its time is up; no further wave begins"
)
_DETACHING_OTHER = "what was begun on a host may end there or not; no further host begins"
_GUARDED = ("rollback", "deploy")
_CANCELLING = {
    "run": "The command is ended on the hosts where it runs; hosts that were not begun are left alone.",
    "reboot": "Hosts that are going down cannot be stopped, and are no longer waited for; hosts that were not begun "
    "are left alone.",
}
_CANCELLING_GUARDED = (
    "Hosts that are being tested are taken back to what they ran before, at once; hosts that are committed stay so; "
    "hosts that were not begun are left alone. The operation ends when every host said where it stands."
)


class _Asked(Dialog[bool]):
    """Answers yes or no; no has the focus."""

    def __init__(self, session: Session, title: str, about: Sequence[Line], meaning: str, no: str, yes: str) -> None:
        super().__init__(session)
        self._title, self._about, self._meaning, self._no, self._yes = title, about, meaning, no, yes

    def compose(self) -> ComposeResult:
        """What it means, and the harmless choice first."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content(clean(self._title))
            yield Lines([*self._about, *wrap(self._meaning, text_cells(self.app.size.width), Role.MUTED)])
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


class Departure(Enum):
    """How to leave while something runs."""

    WAIT = "wait"
    DETACH = "detach"
    CANCEL = "cancel"


class FarewellDialog(Dialog[Departure]):
    """How to leave while operations run; waiting has the focus, esc stays."""

    def __init__(self, session: Session, running: Sequence["Operation"]) -> None:
        super().__init__(session)
        self._operations = running
        self._frame, self._text = Vertical(classes="dialog"), Lines()

    def compose(self) -> ComposeResult:
        """What runs, what each choice means for it, and the choices."""
        with self._frame:
            yield self._text
            with Horizontal(classes="choices"):
                yield Choice("Wait", id="wait")
                yield Choice("Detach", id="detach", danger=True)
                yield Choice("Cancel it" if len(self._operations) == 1 else "Cancel them", id="cancel", danger=True)

    def on_mount(self) -> None:
        """The harmless choice has the focus."""
        self._show()
        self.query_one("#wait", Choice).focus()
        self.set_interval(1.0, self._look)

    def _show(self) -> None:
        count = len(self._operations)
        title = "An operation is running" if count == 1 else f"{count} operations are running"
        self._frame.border_title = Content(title)
        self._text.show(_meanings(self._operations, text_cells(self.app.size.width)))

    def _look(self) -> None:
        """What has ended meanwhile needs no answer any more."""
        running = [each for each in self._operations if each.is_running]
        if not running:
            self.session.say(Level.INFO, "Nothing runs any more; q leaves.")
            self.dismiss(None)
        elif len(running) != len(self._operations):
            self._operations = running
            self._show()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(Departure(event.choice))


def _meanings(running: Sequence["Operation"], cells: int) -> list[Line]:
    def told(name: str, text: str) -> list[Line]:
        first, *rest = wrap(text, cells - 8, Role.MUTED)
        return [line((name.ljust(8), Role.STRONG), *first), *(line(" " * 8, *each) for each in rest)]

    lines = [line(("… ", Role.ACCENT), clean(each.plan.title)) for each in running[:5]]
    if len(running) > 5:
        lines.append(line((f"  and {len(running) - 5} more", Role.MUTED)))
    ended = "it has ended" if len(running) == 1 else "they have ended"
    lines += [EMPTY, *told("Wait", f"nixtui goes on and quits by itself when {ended}; esc stays after all.")]
    means = dict.fromkeys(_detaching(each.plan.kind) for each in running)
    text = "; ".join(means)
    lines += told("Detach", f"nixtui leaves now: {text}. The next nixtui says how it ended.")
    asked = (
        "it is asked to stop and puts in order what it"
        if len(running) == 1
        else ("they are asked to stop and put in order what they")
    )
    return [*lines, *told("Cancel", f"{asked} began; then nixtui quits.")]


def _detaching(kind: str) -> str:
    return _DETACHING.get(kind, _DETACHING_GUARDED if kind in _GUARDED else _DETACHING_OTHER)


class Question(_Asked):
    """Whether to do one thing that cannot be taken back."""

    def __init__(self, session: Session, title: str, meaning: str, yes: str) -> None:
        super().__init__(session, title, (), meaning, "Cancel", yes)


class CancelDialog(_Asked):
    """Whether to stop an operation."""

    def __init__(self, session: Session, running: "Operation") -> None:
        meaning = _CANCELLING.get(running.plan.kind, _CANCELLING_GUARDED)
        about = (line(("… ", Role.ACCENT), clean(running.plan.title)), EMPTY)
        super().__init__(session, "Stop this operation?", about, meaning, "Let it run", "Stop it")
