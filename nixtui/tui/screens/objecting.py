"""What speaks against an edit, before it is made: each reason with its remedy."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.secrets.guards import Objection
from nixtui.tui.paint import EMPTY, Line, Role, wrap
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.dialog_room import text_cells
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines


class ObjectionDialog(Dialog[bool]):
    """Answers whether to do it all the same; where that cannot be, there is only the way back, which has the focus."""

    def __init__(self, session: Session, name: str, objections: Sequence[Objection]) -> None:
        super().__init__(session)
        self._file, self._objections = name, objections

    def compose(self) -> ComposeResult:
        """The reasons, and the choices."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content("This would not do what you want")
            yield Lines(self._lines())
            with Horizontal(classes="choices"):
                yield Choice("Go back", id="back")
                if all(each.code is not None for each in self._objections):
                    yield Choice("Do it all the same", id="go", danger=True)

    def _lines(self) -> list[Line]:
        cells, lines = text_cells(self.app.size.width), [*wrap(self._file, 200, Role.STRONG)]
        for each in self._objections:
            lines += [EMPTY, *wrap(f"! {each.reason}", cells, Role.WARN)]
            lines += wrap(f"→ {_here(each.remedy)}", cells, Role.ACCENT, indent="  ")
        return lines

    def on_mount(self) -> None:
        """The harmless choice has the focus."""
        self.query_one("#back", Choice).focus()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(event.choice == "go")


def _here(remedy: str) -> str:
    """Without the switches of the command line, which the choice stands for."""
    words = remedy.split(" --allow ")
    kept = words[0].removesuffix(", or").removesuffix(",")
    return kept.replace("leave --typed away", "ctrl+t in the editor makes it text")
