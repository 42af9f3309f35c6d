"""A table that knows 10,000 rows by key and draws the fifty that are seen.

`DataTable` costs 50 ms of processor per painted frame whatever it holds, and repaints 15 KB for one changed cell;
this one keeps a list of keys, asks for a row when its line is drawn, and repaints the cells that differ.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

import msgspec
from textual import events
from textual.strip import Strip

from nixtui.tui.messages import HeadClicked, RowChosen, RowMoved, TableResized
from nixtui.tui.paint import EMPTY, Line, Role, Span, fit
from nixtui.tui.theme.roles import CURSOR, CURSOR_FAR
from nixtui.tui.widgets.columns import GAP, PINNED, Column, Placed, body, head, lay_out, lay_out_all
from nixtui.tui.widgets.painted import changed_cells
from nixtui.tui.widgets.pane import Pane

Row = TypeVar("Row")

GUTTER = 2
"""Cells left of the first column: where the cursor is, and whether the row is marked."""

_WHEEL_ROWS = 3
_MAX_DRAWN = 1024


class _Drawn(msgspec.Struct, frozen=True):
    """A row as it is on the screen, to compare the next one with."""

    body: Line
    strip: Strip
    look: tuple[bool, bool]


class Table(Pane, Generic[Row], can_focus=True):
    """Rows by key under a pinned header. The cursor is a key: sorting and filtering never move it to another row.

    `row_of` gives the row of a key when it is drawn, `None` when there is none any more. The owner says what is shown
    (`show`), what changed (`rows_changed`), and what to say when there is nothing (`empty`).
    """

    DEFAULT_CSS = """
    Table { height: 1fr; }
    """

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row_of: Callable[[str], Row | None],
        *,
        headed: bool = True,
        framed: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(pinned=1 if headed else 0, framed=framed, id=id)
        self._columns = tuple(columns)
        self._row_of = row_of
        self._placed: tuple[Placed[Row], ...] = ()
        self._order: Sequence[str] = ()
        self._index: dict[str, int] = {}
        self._drawn: dict[str, _Drawn] = {}
        self._cursor: str | None = None
        self._is_untouched = False
        self._sorted_by: tuple[str, bool] | None = None
        self._marks: frozenset[str] = frozenset()
        self._empty: Sequence[Line] = ()
        self._skipped: int | None = None
        self._more = 0

    # What is shown

    @property
    def order(self) -> Sequence[str]:
        """The keys that are shown, in their order."""
        return self._order

    @property
    def columns(self) -> Sequence[Column[Row]]:
        """All columns, shown at this width or not."""
        return self._columns

    @property
    def cursor(self) -> str | None:
        """The key of the row the cursor is on; `None` in an empty table."""
        return self._cursor

    @property
    def cursor_row(self) -> int:
        """The position of the cursor, 0 being the first row."""
        return self._index.get(self._cursor or "", 0)

    @property
    def seen(self) -> Sequence[str]:
        """The keys whose lines are on the screen."""
        return self._order[self.top : self.top + self.page]

    @property
    def row_count(self) -> int:
        """All rows, seen or not."""
        return len(self._order)

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Other columns from now on."""
        self._columns = tuple(columns)
        self._lay_out()

    @property
    def is_wide(self) -> bool:
        """True while all columns are shown, those that do not fit by moving sideways."""
        return self._skipped is not None

    @property
    def columns_beside(self) -> tuple[int, int]:
        """How many columns are left and right of what is seen, while all are shown."""
        return self._skipped or 0, self._more

    def set_wide(self, wide: bool) -> None:
        """Show all columns, or those that fit."""
        self._skipped = 0 if wide else None
        self._lay_out()

    def refit(self) -> None:
        """Lay the columns out for the width there is now. Textual tells a widget of a new width only if it was drawn in
        between; one that is laid out anew and widened in one go has to look for itself."""
        self._lay_out()
        self.scroll_rows_to(self.top)

    def shift(self, columns: int) -> None:
        """Move sideways past so many columns, while all are shown."""
        if self._skipped is None or (columns > 0 and not self._more):
            return
        self._skipped = min(max(self._skipped + columns, 0), max(0, len(self._columns) - PINNED - 1))
        self._lay_out()

    def set_marks(self, marks: frozenset[str]) -> None:
        """Rows that are marked from now on."""
        before, self._marks = self._marks, marks
        self._repaint_rows(before ^ marks)

    def set_empty(self, lines: Sequence[Line]) -> None:
        """What stands there when no row does: why, and what to do next."""
        self._empty = tuple(lines)
        if not self._order:
            self.refresh()

    def show(self, order: Sequence[str], *, sorted_by: tuple[str, bool] | None = None, from_top: bool = False) -> None:
        """Show these keys in this order.

        The cursor stays on its row, and that row on its line of the screen, so that nothing slides away under a
        finger that is about to press a key. `from_top`, when somebody asked for another list, begins at its beginning.
        Before anybody touched it (`stay_on_top`) the cursor is on the first row, whichever that is.
        """
        if sorted_by != self._sorted_by:
            self._sorted_by = sorted_by
            self.refresh_cells(-1, 0, self.cells)
        if order == self._order:
            return
        seen_before, rows_before = self.seen, self.row_count
        row_before, line_before = self.cursor_row, self.cursor_row - self.top
        self._order = order
        self._index = {key: number for number, key in enumerate(order)}
        if self._is_untouched and order:
            self._set_cursor(order[0])
        elif self._cursor in self._index:
            self.scroll_rows_to(0 if from_top else self.cursor_row - line_before, repaint=False)
            self._scroll_to_cursor()
        else:
            self._set_cursor(order[min(row_before, len(order) - 1)] if order else None)
        self._repaint_moved(seen_before, rows_before)

    def _repaint_moved(self, seen_before: Sequence[str], rows_before: int) -> None:
        """Draw the lines that show another row now; all of them when the scroll position looks different."""
        if rows_before != self.row_count:
            self.refresh_rows()
            return
        for line, (before, now) in enumerate(zip_longest(seen_before, self.seen)):
            if before != now:
                self.refresh_cells(self.top + line, 0, self.cells)

    def rows_changed(self, keys: Collection[str]) -> None:
        """Draw again what differs in these rows, as far as they can be seen."""
        for row, key in enumerate(self.seen, start=self.top):
            if key not in keys:
                continue
            drawn = self._drawn.get(key)
            changed = changed_cells(drawn.body, self._body(key)) if drawn else (0, self.cells)
            if changed is not None:
                self._drawn.pop(key, None)
                self.refresh_cells(row, changed[0] + GUTTER, changed[1])
        for key in (self._drawn.keys() & keys).difference(self.seen):
            del self._drawn[key]

    def redraw(self) -> None:
        """Time went on: every row may read differently."""
        self.rows_changed(self._index.keys())

    # Moving about

    def stay_on_top(self, stay: bool = True) -> None:
        """Keep the cursor on the first row until somebody does anything: the list is only just filling.

        Otherwise a cursor that began on the first host to answer would hold the worst ones above the screen.
        """
        self._is_untouched = stay

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows, stopping at either end."""
        if self._order:
            self.go_to(self._order[min(max(self.cursor_row + rows, 0), len(self._order) - 1)])

    def move_pages(self, pages: float) -> None:
        """Move the cursor by a share of what is seen."""
        rows = round(self.page * pages)
        self.move(rows or (1 if pages > 0 else -1))

    def go_to(self, key: str) -> None:
        """Put the cursor on a row and make it seen; a key that is not shown changes nothing."""
        self._is_untouched = False
        if key in self._index and key != self._cursor:
            before = self._cursor
            self._set_cursor(key)
            self._repaint_rows({key, before} - {None})

    def _set_cursor(self, key: str | None) -> None:
        self._cursor = key
        if key is not None:
            self._scroll_to_cursor()
        self.post_message(RowMoved(key))

    def _scroll_to_cursor(self) -> None:
        row = self.cursor_row
        if row < self.top:
            self.scroll_rows_to(row)
        elif row >= self.top + self.page:
            self.scroll_rows_to(row - self.page + 1)

    # Drawing

    def row_strip(self, row: int, cells: int) -> Strip:
        """One row; the one above the first is the header."""
        if row < 0:
            titles = (Span(" " * GUTTER), *head(self._placed, self._sorted_by))
            return self.strip(titles, cells, self.base_style)
        if row < len(self._order):
            return self._row_strip(self._order[row], cells)
        message = self._empty[row - 1] if not self._order and 0 <= row - 1 < len(self._empty) else EMPTY
        return self.strip((Span(" " * GUTTER), *message), cells, self.base_style)

    def _row_strip(self, key: str, cells: int) -> Strip:
        look = (key == self._cursor, key in self._marks)
        drawn = self._drawn.get(key)
        if drawn is None or drawn.look != look:
            drawn = self._draw(key, look, cells)
            if len(self._drawn) >= _MAX_DRAWN:
                self._drawn.clear()
            self._drawn[key] = drawn
        return drawn.strip

    def _draw(self, key: str, look: tuple[bool, bool], cells: int) -> _Drawn:
        on_cursor, marked = look
        base = self.base_style
        if on_cursor:
            base += self.style_of(CURSOR if self.has_focus else CURSOR_FAR)
        gutter = (Span("▌" if on_cursor else " ", Role.ACCENT), Span("*" if marked else " ", Role.KEY))
        written = self._body(key)
        return _Drawn(written, self.strip((*gutter, *written), cells, base), look)

    def heading(self, key: str) -> Line | None:  # noqa: ARG002 - for tables that have some
        """What stands across all columns under this key, where it is no row."""
        return None

    def _body(self, key: str) -> Line:
        if (heading := self.heading(key)) is not None:
            return fit(heading, self.cells - GUTTER)
        row = self._row_of(key)
        return EMPTY if row is None else body(self._placed, row, self.cells - GUTTER)

    def _repaint_rows(self, keys: Collection[str | None]) -> None:
        for row, key in enumerate(self.seen, start=self.top):
            if key in keys:
                self.refresh_cells(row, 0, self.cells)

    def _lay_out(self) -> None:
        cells = self.cells - GUTTER - 1
        if self._skipped is None:
            self._placed, self._more = lay_out(self._columns, cells), 0
        else:
            self._placed, self._more = lay_out_all(self._columns, cells, self._skipped)
        self._drawn.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme or the focus changed."""
        self._drawn.clear()
        super().notify_style_update()

    # Events

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self._lay_out()
        self.scroll_rows_to(self.top)
        self._scroll_to_cursor()
        self.post_message(TableResized())

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a double click chooses, a click on a title sorts."""
        line = event.y - self._edge - self.pinned
        row = self.top + line
        if line == -1 and self.pinned:
            self._click_head(event.x - self._edge)
        elif line >= 0 and row < len(self._order):
            self.go_to(self._order[row])
            if event.chain == 2:
                self.post_message(RowChosen(self._order[row]))

    def _click_head(self, x: int) -> None:
        end = GUTTER
        for placed in self._placed:
            end += placed.cells + GAP
            if x < end:
                self.post_message(HeadClicked(placed.column.id))
                return

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves what is seen and takes the cursor along: what keys act on is always on the screen."""
        event.stop()
        self._wheel(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As `on_mouse_scroll_down`."""
        event.stop()
        self._wheel(-_WHEEL_ROWS)

    def _wheel(self, rows: int) -> None:
        self.scroll_rows(rows)
        if self._order and self.page:
            row = min(max(self.cursor_row, self.top), self.top + self.page - 1, len(self._order) - 1)
            self.go_to(self._order[row])
