"""One entry of a journal with all its fields."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.logs.line import PRIORITY_WORDS, LogLine, moment_of
from nixtui.tui.notices import trouble_lines
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines

_CELLS = 84


class LogRecordDialog(Dialog[None]):
    """Shows at once what is known; the other fields are asked from the host."""

    CSS_PATH = "log_record.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+d", "scroll(10)", show=False),
        Binding("pageup,ctrl+u", "scroll(-10)", show=False),
        Binding("c", "copy", show=False),
    ]

    def __init__(self, session: Session, entry: LogLine) -> None:
        super().__init__(session)
        self._entry = entry
        self._lines = Lines(id="record-lines")
        self._text = entry.message

    def compose(self) -> ComposeResult:
        """The fields and a way out."""
        with Vertical(classes="dialog log-record") as frame:
            title = f"{clean(self._entry.host)}  {moment_of(self._entry.at)}"
            frame.border_title = Content(title)
            yield self._lines
            with Horizontal(classes="choices"):
                yield Choice("Close", id="close")

    def on_mount(self) -> None:
        """What is known, and the question for the rest."""
        self.query_one(Choice).focus()
        self._show([line(("asking the host for its other fields …", Role.MUTED))])
        work: Callable[[], Any] = self._load
        self.run_worker(work, exit_on_error=False)

    async def _load(self) -> None:
        entry = self._entry
        try:
            fields = await self.session.cockpit.logs.record(entry.host, entry.cursor)
        except Exception as error:
            self._show(trouble_lines(error))
            return
        self._text = next((value for name, value in fields if name == "MESSAGE"), entry.message)
        rows: list[Line] = []
        for name, value in fields:
            if name != "MESSAGE":
                rows += _field(name, value, self._cells)
        self._show(rows)

    @property
    def _cells(self) -> int:
        return max(20, min(_CELLS, self.app.size.width * 96 // 100 - 8))

    def _show(self, rest: Sequence[Line]) -> None:
        entry, cells = self._entry, self._cells
        word = "no priority" if entry.priority is None else f"{PRIORITY_WORDS[entry.priority]} ({entry.priority})"
        rows = [line((clean(entry.source) or "–", Role.STRONG), (f"  {word}", Role.MUTED)), EMPTY]
        for each in self._text.splitlines() or [""]:
            rows += wrap(each, cells)
        self._lines.show([*rows, EMPTY, *rest])

    def action_scroll(self, rows: int) -> None:
        """Read on."""
        self._lines.scroll_rows(rows)

    def action_copy(self) -> None:
        """The message, whole."""
        self.app.copy_to_clipboard(self._text)
        self.dismiss(None)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(None)


def _field(name: str, value: str, cells: int) -> list[Line]:
    first, *rest = wrap(value, cells, indent="  ") or [EMPTY]
    head = line((f"{name} ", Role.MUTED), *first)
    if sum(len(span.text) for span in head) <= cells and not rest:
        return [head]
    return [line((name, Role.MUTED)), first, *rest]
