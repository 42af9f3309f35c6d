"""Where roles become colours: the base of every widget that draws `Line`s itself."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from nixtui.tui.paint import Line, Role, Span, cells_of, width


class Painted(Widget, inherit_bindings=False):
    """Draws lines of spans, and scrolls itself: Textual's scroll view lays the whole screen out again (10 ms) whenever
    the number of its lines changes.

    Colours are component classes, so themes, NO_COLOR and a user's own theme work without a word here.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"paint--{role}" for role in Role), "paint--cursor", "paint--cursor-far"}
    DEFAULT_CSS = """
    Painted {
        & > .paint--text { color: $paint-text; }
        & > .paint--strong { color: $paint-strong; text-style: bold; }
        & > .paint--muted { color: $paint-muted; text-style: $paint-muted-style; }
        & > .paint--faint { color: $paint-faint; text-style: $paint-faint-style; }
        & > .paint--accent { color: $paint-accent; }
        & > .paint--good { color: $paint-good; }
        & > .paint--warn { color: $paint-warn; }
        & > .paint--bad { color: $paint-bad; }
        & > .paint--key { color: $paint-accent; text-style: bold; }
        & > .paint--head { color: $paint-muted; text-style: $paint-head-style; }
        & > .paint--frame { color: $paint-border; }
        & > .paint--frame-focus { color: $paint-border-focus; }
        & > .paint--badge-red { color: $paint-badge-text; background: $paint-bad; text-style: bold; }
        & > .paint--badge-amber { color: $paint-badge-text; background: $paint-warn; text-style: bold; }
        & > .paint--badge-green { color: $paint-badge-text; background: $paint-good; text-style: bold; }
        & > .paint--badge-blue { color: $paint-badge-text; background: $paint-accent; text-style: bold; }
        & > .paint--badge-violet { color: $paint-badge-text; background: $paint-violet; text-style: bold; }
        & > .paint--badge-grey { color: $paint-badge-text; background: $paint-muted; }
        & > .paint--cursor { background: $paint-cursor; text-style: $paint-cursor-style; }
        & > .paint--cursor-far { background: $paint-cursor-far; }
        &:nocolor {
            & > .paint--badge-red, & > .paint--badge-amber, & > .paint--badge-green,
            & > .paint--badge-blue, & > .paint--badge-violet { text-style: bold reverse; }
        }
    }
    """
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._roles: dict[Role, Style] = {}
        self._base: Style | None = None

    def notify_style_update(self) -> None:
        """The theme or a pseudo-class changed: colours are looked up again."""
        self._roles.clear()
        self._base = None
        super().notify_style_update()

    def style_of(self, role: Role) -> Style:
        """The colours of a role, without the background behind it unless the role is a badge."""
        found = self._roles.get(role)
        if found is None:
            found = self.get_component_rich_style(f"paint--{role}", partial=True)
            self._roles[role] = found
        return found

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
