"""A long text that grows: follows its end, wraps, is searched; only rows that are seen are drawn."""

import re
from collections.abc import Sequence
from typing import Final

from rich.cells import chop_cells
from textual.strip import Strip

from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, fit
from nixtui.tui.widgets.pane import Pane

_BAD: Final = re.compile(r"\b(error|fatal|failed|failure)\b", re.IGNORECASE)
_WARNING: Final = re.compile(r"\bwarn(ing)?\b", re.IGNORECASE)
_WHEEL_ROWS: Final = 3
_STEP: Final = 16
"""Cells that one step sideways goes: with four of them a usual line of a compiler is seen to its end."""


class TextPane(Pane, can_focus=False):
    """Lines of text, as a program printed them. The owner gives all of them or those that are new, and what stands
    there while there are none.
    """

    DEFAULT_CSS = """
    TextPane { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.follows = True
        self.wraps = False
        self.needle = ""
        self._lines: list[str] = []
        self._rows: list[tuple[int, str]] = []
        self._shift = 0
        self._found: int | None = None
        self._empty: tuple[Line, ...] = ()

    @property
    def lines(self) -> Sequence[str]:
        """All of them."""
        return self._lines

    @property
    def row_count(self) -> int:
        """Rows of the screen that the text takes."""
        return len(self._rows)

    def show(self, lines: Sequence[str], empty: Sequence[Line] = ()) -> None:
        """Another text. It is seen from its end while it follows, else from its beginning."""
        self._lines, self._empty = list(lines), tuple(empty)
        self._found, self._shift = None, 0
        self._top = 0
        self._lay_out(0)
        self.refresh_rows()

    def append(self, lines: Sequence[str]) -> None:
        """The text has grown."""
        if lines:
            before, first = len(self._rows), len(self._lines)
            self._lines.extend(lines)
            self._lay_out(first)
            if self.follows or before < self._top + self.page:
                self.refresh_rows()

    def _lay_out(self, first: int) -> None:
        """Rows of the lines from `first` on; all others have theirs."""
        if first == 0:
            self._rows = []
        cells = max(8, self.cells - 2)
        for number in range(first, len(self._lines)):
            text = clean(self._lines[number])
            if not self.wraps or len(text) < cells:
                self._rows.append((number, text))
            else:
                self._rows.extend((number, part) for part in chop_cells(text, cells) or [""])
        if self.follows:
            self._top = max(0, len(self._rows) - self.page)

    def refit(self) -> None:
        """The width is another one."""
        line = self._rows[self._top][0] if self._top < len(self._rows) else 0
        self._lay_out(0)
        if not self.follows:
            self._go_to_line(line)
        self.refresh_rows()

    def on_resize(self) -> None:
        """Wrapped lines have other rows."""
        self.refit()

    # What keys do

    def scroll_text(self, rows: int) -> None:
        """Read on, or back; whoever reads back does not follow, whoever comes to the end does."""
        self.scroll_rows(rows)
        self.follows = self._top >= self.row_count - self.page

    def toggle_follow(self) -> None:
        """Stay at the end, or here."""
        self.follows = not self.follows
        if self.follows:
            self.scroll_rows_to(self.row_count)

    def toggle_wrap(self) -> None:
        """Long lines over several rows, or cut."""
        self.wraps, self._shift = not self.wraps, 0
        self.refit()

    def move_sideways(self, steps: int) -> None:
        """See the end of long lines."""
        if not self.wraps:
            self._shift = max(0, self._shift + steps * _STEP)
            self.refresh_rows()

    def find(self, needle: str, *, later: bool, anew: bool = False) -> int | None:
        """Go to the next line with a text, round and round; its number, `None` where no line has it. Small letters find
        capitals, too.
        """
        self.needle = needle
        found = self.hits()
        if not needle or not found:
            self._found = None
            self.refresh_rows()
            return None
        top = self._rows[self._top][0] if self._rows else 0
        start = self._found if self._found is not None else top - (1 if later else -1)
        if anew:
            start = top - 1
        after = [each for each in found if each > start] if later else [each for each in found if each < start]
        self._found = (after[0] if later else after[-1]) if after else (found[0] if later else found[-1])
        self.follows = False
        self._go_to_line(self._found)
        self.refresh_rows()
        return self._found

    def hits(self) -> list[int]:
        """The lines that have the text."""
        if not self.needle:
            return []
        if self.needle.islower():
            return [number for number, text in enumerate(self._lines) if self.needle in text.lower()]
        return [number for number, text in enumerate(self._lines) if self.needle in text]

    def _go_to_line(self, number: int) -> None:
        row = next((row for row, (line, _) in enumerate(self._rows) if line >= number), 0)
        if not self._top <= row < self._top + self.page:
            self.scroll_rows_to(max(0, row - self.page // 3), repaint=False)

    # Drawing

    def row_strip(self, row: int, cells: int) -> Strip:
        """One row, with a mark before the line that was found."""
        if not self._rows:
            written = self._empty[row - 1] if 0 <= row - 1 < len(self._empty) else EMPTY
            return self.strip((Span("  "), *fit(written, max(1, cells - 2))), cells, self.base_style)
        if not 0 <= row < len(self._rows):
            return self.strip(EMPTY, cells, self.base_style)
        number, text = self._rows[row]
        is_found = number == self._found
        mark = Span("▌" if is_found else " ", Role.ACCENT)
        return self.strip((mark, *fit(self._spans(text, is_found), max(1, cells - 2))), cells, self.base_style)

    def _spans(self, text: str, is_found: bool) -> Line:
        shown = text[self._shift :]
        role = Role.BAD if _BAD.search(text) else Role.WARN if _WARNING.search(text) else Role.TEXT
        if not self.needle:
            return (Span(shown, role),)
        at = (shown.lower() if self.needle.islower() else shown).find(self.needle)
        if at < 0:
            return (Span(shown, role),)
        end = at + len(self.needle)
        return (
            Span(shown[:at], role),
            Span(shown[at:end], Role.KEY if is_found else Role.ACCENT),
            Span(shown[end:], role),
        )

    def on_mouse_scroll_down(self) -> None:
        """The wheel reads on."""
        self.scroll_text(_WHEEL_ROWS)

    def on_mouse_scroll_up(self) -> None:
        """The wheel reads back."""
        self.scroll_text(-_WHEEL_ROWS)
