"""A rounded frame with titles in its top line and the scroll position on its right side, around rows that scroll.

The frame is drawn here and not by a style, because a style's title repaints the widget when it changes, and a scroll
bar is three more widgets to compose in every frame.
"""

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from nixtui.tui.paint import EMPTY, Line, Role, Span, fit, width
from nixtui.tui.widgets.painted import Painted, changed_cells

_TITLE_FRAME = 6
"""Cells of the top line that are not the titles': two corners, and a rule and a blank on either side."""

_LEAST_GAP = 3
"""Between two titles: a rule with a blank on either side."""


class Pane(Painted):
    """Subclasses give `row_count` and `row_strip`. `pinned` rows at the top stay where they are. Without a frame (in a
    dialog that has one) there are only the rows.
    """

    def __init__(self, *, pinned: int = 0, framed: bool = True, id: str | None = None) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self.pinned = pinned
        self._edge = 1 if framed else 0
        self._left: Line = EMPTY
        self._right: Sequence[Line] = ()
        self._top = 0

    # For subclasses

    @property
    def row_count(self) -> int:
        """How many rows there are to scroll through."""
        raise NotImplementedError

    def row_strip(self, row: int, cells: int) -> Strip:
        """One row, `cells` wide; `row` may be past the end. Pinned rows are negative, the first being `-pinned`."""
        raise NotImplementedError

    @property
    def cells(self) -> int:
        """Width inside the frame. `size` would be the same, but searches the whole layout for it (30 µs)."""
        return max(0, self.outer_size.width - 2 * self._edge)

    @property
    def page(self) -> int:
        """Rows that are seen at once, without the pinned ones."""
        return max(0, self.outer_size.height - 2 * self._edge - self.pinned)

    @property
    def top(self) -> int:
        """The first row that is seen."""
        return self._top

    # Titles

    def set_title(self, left: Line, *right: Line) -> None:
        """What it is on the left, how much of it on the right, the first that fits; none where room is short."""
        before = self._top_line()
        self._left, self._right = left, right
        changed = changed_cells(before, self._top_line())
        if changed is not None and self._edge:
            self.refresh(Region(changed[0], 0, changed[1], 1))

    def _top_line(self) -> Line:
        frame = self._frame
        room = max(0, self.outer_size.width - _TITLE_FRAME)
        left = fit(self._left, min(room, width(self._left)))
        right = next((each for each in self._right if each and room - width(left) - width(each) >= _LEAST_GAP), EMPTY)
        gap = room - width(left) - width(right)
        if not left:
            return (Span(f"╭{'─' * (room + 4)}╮", frame),)
        if not right:
            return (Span("╭─ ", frame), *left, Span(f" {'─' * (room - width(left))}─╮", frame))
        return (Span("╭─ ", frame), *left, Span(f" {'─' * (gap - 2)} ", frame), *right, Span(" ─╮", frame))

    @property
    def _frame(self) -> Role:
        return Role.FRAME_FOCUS if self.has_focus else Role.FRAME

    # Scrolling

    def scroll_rows_to(self, top: int, *, repaint: bool = True) -> None:
        """See rows from `top` on, as far as there are any. Not animated: over SSH that is a dozen screens of bytes."""
        top = min(max(top, 0), max(0, self.row_count - self.page))
        if top != self._top:
            self._top = top
            if repaint:
                self.refresh_rows()

    def scroll_rows(self, rows: int) -> None:
        """See rows further down, or up."""
        self.scroll_rows_to(self._top + rows)

    def refresh_rows(self) -> None:
        """Draw everything inside the frame, and the scroll position, again."""
        edge, size = self._edge, self.outer_size
        self.refresh(Region(edge, edge, max(1, size.width - edge), max(1, size.height - 2 * edge)))

    def refresh_cells(self, row: int, x: int, cells: int) -> None:
        """Draw some cells of a row again, if it is seen; `x` counts from inside the frame."""
        line = row - self._top if row >= 0 else row
        if line < self.page:
            self.refresh(Region(x + self._edge, line + self._edge + self.pinned, cells, 1))

    def _thumb(self) -> range:
        """The lines of the right side that stand for what is seen; empty when all of it is."""
        rows, page = self.row_count, self.page
        if rows <= page or page <= 0:
            return range(0)
        length = max(1, round(page * page / rows))
        start = round(self._top * (page - length) / max(1, rows - page))
        return range(start, start + length)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        line = y - self._edge - self.pinned
        base, frame = self.base_style, self._frame
        if not self._edge:
            return self._unframed_line(line)
        if y == 0:
            return self.strip(self._top_line(), self.outer_size.width, base)
        if y == self.outer_size.height - 1:
            return self.strip((Span(f"╰{'─' * self.cells}╯", frame),), self.outer_size.width, base)
        inside = self.row_strip(line + self._top if line >= 0 else line, self.cells)
        edge = base + self.style_of(frame)
        bar = Segment("┃", base + self.style_of(Role.MUTED)) if line in self._thumb() else Segment("│", edge)
        return Strip([Segment("│", edge), *inside, bar], self.cells + 2)

    def _unframed_line(self, line: int) -> Strip:
        """A row; its last cell shows the scroll position where there is more than fits."""
        inside = self.row_strip(line + self._top if line >= 0 else line, self.cells)
        thumb = self._thumb()
        if not thumb or line < 0:
            return inside
        bar = ("┃", Role.MUTED) if line in thumb else ("│", Role.FRAME)
        return Strip(
            [*inside.crop(0, self.cells - 1), Segment(bar[0], self.base_style + self.style_of(bar[1]))], self.cells
        )

    def on_focus(self) -> None:
        """The frame shows where the keyboard is."""
        self.notify_style_update()

    def on_blur(self) -> None:
        """As `on_focus`."""
        self.notify_style_update()


class Panel(Pane):
    """A pane of lines that were written beforehand; repaints the cells that differ."""

    DEFAULT_CSS = """
    Panel { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    @property
    def row_count(self) -> int:
        """As many rows as lines."""
        return len(self._lines)

    @property
    def text_cells(self) -> int:
        """Room for text: a blank is left on either side."""
        return max(1, self.cells - 2)

    def show(self, lines: tuple[Line, ...] | list[Line], *, from_top: bool = False) -> None:
        """Show these lines; `from_top` when they are about something else than before."""
        before, self._lines = self._lines, tuple(lines)
        if from_top:
            self.scroll_rows_to(0)
        if (len(before) > self.page) or (len(self._lines) > self.page):
            self.scroll_rows_to(self._top)
            if len(before) != len(self._lines):
                self.refresh_rows()
                return
        for row in range(self._top, min(max(len(before), len(self._lines)), self._top + self.page)):
            changed = changed_cells(_at(before, row), _at(self._lines, row))
            if changed is not None:
                self.refresh_cells(row, changed[0] + 1, changed[1])

    def row_strip(self, row: int, cells: int) -> Strip:
        """One line, with a blank before it."""
        return self.strip((Span(" "), *fit(_at(self._lines, row), self.text_cells)), cells, self.base_style)

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls."""
        self.scroll_rows(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls."""
        self.scroll_rows(-3)


def _at(lines: tuple[Line, ...], number: int) -> Line:
    return lines[number] if 0 <= number < len(lines) else EMPTY
