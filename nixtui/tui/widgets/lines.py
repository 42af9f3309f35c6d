"""Lines of styled text without a frame that repaint only the cells that changed: header, footer, dialogs."""

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.strip import Strip

from nixtui.tui.paint import EMPTY, Line, Role, line, width
from nixtui.tui.widgets.painted import Painted, changed_cells


class Lines(Painted):
    """Shows the lines it was given last. Knows `auto` sizes; past `max-height` it scrolls."""

    DEFAULT_CSS = """
    Lines { height: auto; }
    """

    def __init__(
        self,
        lines: Sequence[Line] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = tuple(lines)
        self._top = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines now, sending to the terminal only what differs."""
        before, self._lines = self._lines, tuple(lines)
        if self._needs_layout(before):
            self._top = 0
            self.refresh(layout=True)
            return
        for row in range(self.outer_size.height):
            changed = changed_cells(_at(before, row + self._top), _at(self._lines, row + self._top))
            if changed is not None:
                self.refresh(Region(changed[0], row, changed[1], 1))

    def _needs_layout(self, before: Sequence[Line]) -> bool:
        """True when other lines mean another size of the widget."""
        wide, high = self.styles.width, self.styles.height
        if wide is not None and wide.is_auto and _widest(before) != _widest(self._lines):
            return True
        return high is not None and high.is_auto and len(before) != len(self._lines)

    def scroll_rows(self, rows: int) -> None:
        """Read on, where there is more than fits."""
        top = min(max(self._top + rows, 0), max(0, len(self._lines) - self.size.height))
        if top != self._top:
            self._top = top
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line; the last one that fits says how much more there is."""
        below = len(self._lines) - self._top - self.size.height
        if below > 0 and y == self.size.height - 1:
            more = line((f"↓ {below + 1} more lines", Role.FAINT))
            return self.strip(more, self.size.width, self.base_style)
        return self.strip(_at(self._lines, y + self._top), self.size.width, self.base_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """The widest line, where the style asks for `width: auto`."""
        return _widest(self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """As many rows as there are lines, where the style asks for `height: auto`."""
        return len(self._lines)


def _widest(lines: Sequence[Line]) -> int:
    return max(map(width, lines), default=0)


def _at(lines: Sequence[Line], number: int) -> Line:
    return lines[number] if number < len(lines) else EMPTY
