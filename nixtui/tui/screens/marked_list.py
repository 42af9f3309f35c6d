"""What the three views of screen 4 have in common: a list that is filtered as one types, marks in it, a pane beside."""

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult

from nixtui.tui.paint import Line, Role, line
from nixtui.tui.screens.image_tabs import next_view
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question
from nixtui.tui.widgets.table import Table


class MarkedList(Place):
    """Subclasses give `show()` and `view`, which is the mode of the app and the name of the filter's history."""

    view: str

    def __init__(self, session: Session, table: Table[Any], panel: Panel) -> None:
        super().__init__(session)
        self._table = table
        self._panel = panel
        self._filter = ""
        self._marks: frozenset[str] = frozenset()

    def body(self) -> ComposeResult:
        """The list and the selected one."""
        with Blank():
            yield self._table
            yield self._panel

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """The list as it is known."""
        raise NotImplementedError

    def marked_or_cursor(self, keys: Sequence[str]) -> list[str]:
        """Of these keys, in their order, those that are marked; else the one under the cursor."""
        chosen = [key for key in keys if key in self._marks] or [self._table.cursor or ""]
        return [key for key in chosen if key in keys]

    def filter(self) -> None:
        """By words, as one types."""
        before = self._filter

        def edited(text: str) -> Line:
            self._filter = text
            self.show()
            return line((f"{len(self._table.order)} shown", Role.MUTED))

        def left() -> None:
            self._filter = before
            self.stop_asking()
            self.show()

        self.ask(Question("/ ", before, edited, lambda _: self.stop_asking(), left, kept_as=f"{self.view} filter"))

    @property
    def is_narrowed(self) -> bool:
        """Whether something keeps rows out of sight."""
        return bool(self._filter)

    def widen(self) -> None:
        """Nothing keeps rows out of sight any more."""
        self._filter = ""

    def step_back(self) -> None:
        """Take the marks away, then the filter, then leave."""
        if self._marks:
            self._marks = frozenset()
        elif self.is_narrowed:
            self.widen()
        else:
            super().step_back()
            return
        self.show()

    def mark(self) -> None:
        """Mark what is under the cursor, or take its mark away, and go on."""
        if (key := self._table.cursor) is not None:
            self._marks ^= {key}
            self._table.move(1)
            self.show()

    def unmark(self) -> None:
        """Take all marks away."""
        self._marks = frozenset()
        self.show()

    def turn_view(self, by: int) -> None:
        """Another view of screen 4."""
        self.visit(next_view(self.view, by))

    def scroll_detail(self, rows: int) -> None:
        """Read on in the pane."""
        self._panel.scroll_rows(rows)
