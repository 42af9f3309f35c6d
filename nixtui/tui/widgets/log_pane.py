"""The rows of a log: only those that are seen are laid out, and only what differs is painted."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from nixtui.logs.line import Kind, LogLine, order_of
from nixtui.logs.view import LogView
from nixtui.tui.log_rows import Layout, rows_of
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.paint import EMPTY, Line, Role, Span
from nixtui.tui.theme.roles import CURSOR, CURSOR_FAR
from nixtui.tui.widgets.painted import changed_cells
from nixtui.tui.widgets.pane import Pane

_WHEEL_ROWS = 3
_GUTTER = 1
_MOST_KEPT = 1024
"""Lines whose rows are kept: while it follows, all that are seen but one were there in the frame before."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A row of the screen: of which line it is a part, whether the cursor is on that, and what is written."""

    row: int
    order: int
    part: int
    on_cursor: bool
    spans: Line


class LogPane(Pane, can_focus=True):
    """A view's rows. The owner changes the view and then calls `update`.

    It is anchored at a line at its top or at its bottom, so that lines which come in elsewhere move nothing.
    """

    DEFAULT_CSS = """
    LogPane { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.view: LogView | None = None
        self.layout_of_rows: Layout | None = None
        self.wrapped = False
        self.shift = 0
        self._anchor = (0, True)
        self._shown: list[_Shown] = []
        self._laid_out: object = None
        self._written: dict[int, list[Line]] = {}
        self._strips: dict[tuple[int, int, bool], Strip] = {}
        self._empty: Sequence[Line] = ()

    @property
    def row_count(self) -> int:
        """All lines, seen or not."""
        return len(self.view.rows) if self.view else 0

    def set_empty(self, lines: Sequence[Line]) -> None:
        """What stands there when no line does."""
        if tuple(lines) != self._empty:
            self._empty = tuple(lines)
            if not self._shown:
                self.refresh()

    def update_rows(self) -> None:
        """Paint what is different from what is on the screen."""
        before, thumb = self._shown, self._thumb()
        laid_out = (self.layout_of_rows, self.wrapped, self.shift)
        if laid_out != self._laid_out or len(self._written) > _MOST_KEPT:
            self._laid_out = laid_out
            self._written.clear()
            self._strips.clear()
        self._shown = self._lay_out()
        if not before or not self._shown:
            self.refresh()
            return
        for y in range(max(len(before), len(self._shown))):
            old = before[y] if y < len(before) else None
            new = self._shown[y] if y < len(self._shown) else None
            if old is None or new is None or old.on_cursor != new.on_cursor:
                self._refresh(y, 0, self.cells)
            elif (changed := changed_cells(old.spans, new.spans)) is not None:
                self._refresh(y, changed[0] + _GUTTER, changed[1])
        if thumb != self._thumb():
            self.refresh(Region(self.outer_size.width - 1, 1, 1, max(1, self.outer_size.height - 2)))

    def _refresh(self, y: int, x: int, cells: int) -> None:
        self.refresh(Region(x + self._edge, y + self._edge, cells, 1))

    def page_rows(self) -> int:
        """Lines that are seen now: what a page of keys moves by."""
        return max(1, len({shown.row for shown in self._shown}))

    # Laying out

    def _lay_out(self) -> list[_Shown]:
        view = self.view
        if view is None or not view.rows or self.layout_of_rows is None or self.page <= 0:
            self._top = 0
            return []
        cursor = view.cursor_row
        if view.following:
            self._anchor = (view.rows[-1].order, True)
        shown = self._around(view.rows, cursor)
        rows = [each.row for each in shown]
        if cursor not in rows:
            above = cursor < rows[0]
            self._anchor = (view.rows[cursor].order, not above)
            shown = self._around(view.rows, cursor)
        self._top = shown[0].row
        return shown

    def _around(self, rows: list[LogLine], cursor: int) -> list[_Shown]:
        """What is seen from the anchor on, down or up; nothing is left blank while there are lines."""
        order, from_bottom = self._anchor
        start = min(bisect_left(rows, order, key=order_of), len(rows) - 1)
        if not from_bottom:
            down = self._down(rows, start, cursor, self.page)
            if len(down) >= self.page or start == 0:
                return down[: self.page]
            self._anchor, start = (rows[-1].order, True), len(rows) - 1
        up: list[_Shown] = []
        row = start
        while row >= 0 and len(up) < self.page:
            up[:0] = self._parts(rows, row, cursor)
            row -= 1
        if len(up) < self.page and start < len(rows) - 1:
            up += self._down(rows, start + 1, cursor, self.page - len(up))
            return up[: self.page]
        return up[-self.page :]

    def _down(self, rows: list[LogLine], row: int, cursor: int, room: int) -> list[_Shown]:
        down: list[_Shown] = []
        while row < len(rows) and len(down) < room:
            down += self._parts(rows, row, cursor)
            row += 1
        return down

    def _parts(self, rows: list[LogLine], row: int, cursor: int) -> list[_Shown]:
        assert self.layout_of_rows is not None
        line = rows[row]
        written = self._written.get(line.order)
        if written is None:
            written = rows_of(line, self.layout_of_rows, wrapped=self.wrapped, shift=self.shift)
            if line.kind is not Kind.DROPPED:  # the one line whose text changes
                self._written[line.order] = written
        return [_Shown(row, line.order, part, row == cursor, spans) for part, spans in enumerate(written)]

    # Drawing

    def row_strip(self, row: int, cells: int) -> Strip:
        """One row of what is seen."""
        y = row - self._top
        if not self._shown:
            message = self._empty[y - 1] if 0 <= y - 1 < len(self._empty) else EMPTY
            return self.strip((Span("  "), *message), cells, self.base_style)
        if y >= len(self._shown):
            return self.strip(EMPTY, cells, self.base_style)
        shown = self._shown[y]
        if shown.order not in self._written:
            return self._draw(shown, cells)
        key = (shown.order, shown.part, shown.on_cursor)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(shown, cells)
        return strip

    def _draw(self, shown: _Shown, cells: int) -> Strip:
        base = self.base_style
        if shown.on_cursor:
            base += self.style_of(CURSOR if self.has_focus else CURSOR_FAR)
        gutter = Span("▌" if shown.on_cursor else " ", Role.ACCENT)
        return self.strip((gutter, *shown.spans), cells, base)

    def notify_style_update(self) -> None:
        """The theme or the focus changed."""
        self._strips.clear()
        super().notify_style_update()

    # Events

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a double click opens the line."""
        y = event.y - self._edge
        if self.view is not None and 0 <= y < len(self._shown):
            self.view.go_to_row(self._shown[y].row)
            self.post_message(RowMoved(None))
            if event.chain == 2:
                self.post_message(RowChosen(""))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor: what keys act on is always on the screen."""
        event.stop()
        self._wheel(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """As `on_mouse_scroll_down`."""
        event.stop()
        self._wheel(-_WHEEL_ROWS)

    def _wheel(self, rows: int) -> None:
        if self.view is not None:
            self.view.move(rows)
            self.post_message(RowMoved(None))
