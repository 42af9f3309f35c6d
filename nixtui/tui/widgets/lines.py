"""Lines of styled text that repaint only the cells that changed: panels, the header, dialogs."""

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.strip import Strip

from nixtui.tui.paint import EMPTY, Line, width
from nixtui.tui.widgets.painted import Painted, changed_cells


class Lines(Painted):
    """Shows the lines it was given last; scrolls when there are more than fit. Takes `width: auto` and `height: auto`."""

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
        self.virtual_size = _extent(self._lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines now, sending to the terminal only what differs."""
        before, self._lines = self._lines, tuple(lines)
        extent = _extent(self._lines)
        if self._fits_itself(extent):
            self.virtual_size = extent
            self.refresh(layout=True)
            return
        if extent.height != self.virtual_size.height:
            self.virtual_size = extent
        top = round(self.scroll_offset.y)
        for row in range(min(max(len(before), len(self._lines)) - top, self.size.height)):
            changed = changed_cells(_at(before, top + row), _at(self._lines, top + row))
            if changed is not None:
                self.refresh(Region(changed[0], row, changed[1], 1))

    def _fits_itself(self, extent: Size) -> bool:
        """True when other lines mean another size of the widget."""
        styles, before = self.styles, self.virtual_size
        wider = styles.width is not None and styles.width.is_auto and extent.width != before.width
        return wider or (styles.height is not None and styles.height.is_auto and extent.height != before.height)

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        spans = _at(self._lines, y + round(self.scroll_offset.y))
        return self.strip(spans, self.scrollable_size.width, self.base_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """The widest line, where the style asks for `width: auto`."""
        return _extent(self._lines).width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """As many rows as there are lines, where the style asks for `height: auto`."""
        return len(self._lines)

    def scroll_rows(self, rows: int) -> None:
        """Scroll without animation: over SSH an animation is a dozen screens of bytes."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, immediate=True)


def _extent(lines: Sequence[Line]) -> Size:
    return Size(max(map(width, lines), default=0), len(lines))


def _at(lines: Sequence[Line], number: int) -> Line:
    return lines[number] if number < len(lines) else EMPTY
