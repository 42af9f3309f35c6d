"""Where roles become colours: the base of every widget that draws `Line`s itself."""

from collections.abc import Mapping
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from nixtui.tui.paint import Line, Span, cells_of, width
from nixtui.tui.theme.roles import role_styles


class Painted(Widget, inherit_bindings=False):
    """Draws lines of spans, and scrolls itself: Textual's scroll view lays the whole screen out again (10 ms) whenever
    the number of its lines changes.

    Roles get their colours from the theme's variables, for all widgets at once. As component classes they were twenty
    nodes per widget for the style sheet to visit, half of the time to the first frame.
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._roles: Mapping[str, Style] | None = None
        self._base: Style | None = None
        self._painted: dict[int, Strip] = {}
        self._painted_size = Size()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw these regions again, or everything."""
        if regions:
            for region in regions:
                for y in region.line_range:
                    self._painted.pop(y, None)
        else:
            self._painted.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are composed into a frame.

        Textual's own way goes through borders, padding, opacity and colour conversion that these widgets do not have,
        and asks for every line of a widget when one of them changed: half of the cost of a frame.
        """
        if self._painted_size != self.outer_size:
            self._painted.clear()
            self._painted_size = self.outer_size
        lines = [self._painted_line(y) for y in crop.line_range]
        if crop.x == 0 and crop.width == self.outer_size.width:
            return lines
        return [strip.crop(crop.x, crop.right) for strip in lines]

    def _painted_line(self, y: int) -> Strip:
        strip = self._painted.get(y)
        if strip is None:
            strip = self.render_line(y)
            for each in self.get_line_filters():
                if not isinstance(each, ANSIToTruecolor):  # a theme is either all ANSI, which needs none, or has none
                    strip = strip.apply_filter(each, self.background_colors[1])
            self._painted[y] = strip
        return strip

    def notify_style_update(self) -> None:
        """The theme or a pseudo-class changed: colours are looked up again."""
        self._roles = None
        self._base = None
        self._painted.clear()
        super().notify_style_update()

    def style_of(self, role: str) -> Style:
        """The colours of a role, without the background behind it unless the role is a badge."""
        if self._roles is None:
            self._roles = role_styles(self.app.theme_variables, no_color=self.app.no_color)
        return self._roles[role]

    @property
    def base_style(self) -> Style:
        """Colours of the widget itself. Kept, because Textual forgets its own copy at every refresh."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def strip(self, spans: Line, cells: int, base: Style) -> Strip:
        """The line as Textual wants it, on `base`, filled up to `cells` or cut there."""
        taken = width(spans)
        if base.reverse:  # turned round, every colour would become a ground of its own
            segments = [Segment(text, base) for text, _ in spans]
        else:
            segments = [Segment(text, base + self.style_of(role)) for text, role in spans]
        if taken < cells:
            segments.append(Segment(" " * (cells - taken), base))
        strip = Strip(segments, max(taken, cells))
        return strip if taken <= cells else strip.crop(0, cells)


def changed_cells(old: Line, new: Line) -> tuple[int, int] | None:
    """The first cell and the number of cells in which two lines differ; `None` when they are the same.

    Over SSH this is the difference between a few bytes and a row.
    """
    if old == new:
        return None
    start, rest_old, rest_new = _without_beginning(old, new)
    end = max(width(old), width(new))
    if width(old) == width(new):
        end -= _common_end(rest_old, rest_new)
    return start, max(1, end - start)


def _without_beginning(old: Line, new: Line) -> tuple[int, Line, Line]:
    """The cells both begin with, and what is left of each."""
    cells = number = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        cells += cells_of(before.text)
        number += 1
    rest_old, rest_new = old[number:], new[number:]
    if rest_old and rest_new and rest_old[0].role is rest_new[0].role:
        shared = _shared(rest_old[0].text, rest_new[0].text)
        cells += cells_of(rest_old[0].text[:shared])
        rest_old = (Span(rest_old[0].text[shared:], rest_old[0].role), *rest_old[1:])
        rest_new = (Span(rest_new[0].text[shared:], rest_new[0].role), *rest_new[1:])
    return cells, rest_old, rest_new


def _common_end(old: Line, new: Line) -> int:
    """The cells that both end with."""
    cells = 0
    for before, after in zip(reversed(old), reversed(new), strict=False):
        if before != after:
            if before.role is after.role:
                shared = _shared(before.text[::-1], after.text[::-1])
                cells += cells_of(before.text[len(before.text) - shared :])
            break
        cells += cells_of(before.text)
    return cells


def _shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
