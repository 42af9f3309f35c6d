"""A value in plain sight, for seconds: drawn from where it is kept, and kept nowhere else.

The caches that make everything else fast (`clean`, cell widths of whole texts) would remember it, so this one does
without them.
"""

from collections.abc import Iterator
from typing import Final

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.strip import Strip

from nixtui.secrets.secret import Secret
from nixtui.tui.paint import Role, line
from nixtui.tui.widgets.pane import Pane

MOST_SHOWN: Final = 100_000
"""Characters; whoever wants more wants a file."""

_UNPRINTABLE: Final = "\ufffd"
_PICTURES: Final = 0x2400
"""Unicode has a picture for every control character (`␀` to `␟`) from here on."""


def printable(letter: str) -> str:
    """One character as it may be shown, in one character: control characters as their pictures."""
    if letter < " ":
        return chr(_PICTURES + ord(letter))
    return letter if letter.isprintable() and get_character_cell_size(letter) > 0 else _UNPRINTABLE


class Revealed(Pane):
    """Nothing until `show_value`; `hide` overwrites what was shown."""

    DEFAULT_CSS = """
    Revealed { height: 1fr; display: none; }
    Revealed.-shown { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows: list[Secret] = []
        self._value: Secret | None = None

    @property
    def is_showing(self) -> bool:
        """Whether there is a value in sight."""
        return self._value is not None

    @property
    def row_count(self) -> int:
        """Rows of the value at this width."""
        return len(self._rows)

    def show_value(self, value: Secret) -> None:
        """Show it; it is this widget's from now on."""
        self.hide()
        self._value = value
        self.add_class("-shown")
        self.call_after_refresh(self.lay_out)

    def lay_out(self) -> None:
        """Cut the value into rows, once the width is known."""
        for each in self._rows:
            each.wipe()
        self._rows = list(_cut(self._value, max(1, self.cells - 2))) if self._value is not None else []
        self.scroll_rows_to(0)
        self.refresh()

    def hide(self) -> None:
        """Forget it, and what was drawn of it."""
        for each in (*self._rows, *([self._value] if self._value is not None else [])):
            each.wipe()
        self._rows, self._value = [], None
        self.remove_class("-shown")
        self.refresh()

    def row_strip(self, row: int, cells: int) -> Strip:
        """One row of it."""
        if not 0 <= row < len(self._rows):
            return self.strip((), cells, self.base_style)
        style = self.base_style + self.style_of(Role.STRONG)
        text = self._rows[row].text()
        taken = sum(map(get_character_cell_size, text))
        rest = Segment(" " * max(0, cells - taken - 1), self.base_style)
        return Strip([Segment(" ", self.base_style), Segment(text, style), rest], max(cells, taken + 1))

    def tell(self, name: str, seconds: int, *, is_text: bool) -> None:
        """What is shown, and how long it still is."""
        note = "" if is_text else "  not UTF-8"
        self.set_title(
            line((name, Role.STRONG), (note, Role.WARN)),
            line((f"hidden in {seconds} s", Role.WARN)),
        )

    def on_mouse_scroll_down(self) -> None:
        """The wheel scrolls."""
        self.scroll_rows(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel scrolls."""
        self.scroll_rows(-3)


def _cut(value: Secret, cells: int) -> Iterator[Secret]:
    """The value in rows of at most so many cells; past `MOST_SHOWN` it is not gone on with, which is said."""
    for each in value.text()[:MOST_SHOWN].split("\n"):
        row, taken = list[str](), 0
        for letter in map(printable, each.expandtabs(4)):
            wide = get_character_cell_size(letter)
            if taken + wide > cells:
                yield Secret("".join(row))
                row, taken = [], 0
            row.append(letter)
            taken += wide
        yield Secret("".join(row))
    if value.is_longer_than(4 * MOST_SHOWN):
        yield Secret("… and more; nixtui secrets show has all of it")
