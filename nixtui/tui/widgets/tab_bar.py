"""The names of tabs in one line; a click on one chooses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from nixtui.tui.paint import Line, Role, Span, cells_of, width
from nixtui.tui.widgets.lines import Lines

_GAP = 2


@dataclass
class TabChosen(Message):
    """The tab at a place was clicked."""

    place: int


class TabBar(Lines):
    """One line."""

    DEFAULT_CSS = """
    TabBar { height: 1; }
    """

    def __init__(self, titles: Sequence[tuple[str, str]]) -> None:
        """Each title with a shorter one for where it is narrow."""
        super().__init__()
        self._long, self._short = tuple(long for long, _ in titles), tuple(short for _, short in titles)
        self._ends: tuple[int, ...] = ()

    def tell(self, before: Line, chosen: int, counts: Sequence[str]) -> None:
        """Show the tabs after `before`; `counts` stand behind their titles."""
        spans: list[Span] = [Span(" "), *before]
        needed = width(spans) + sum(cells_of(each) + 1 + _GAP for each in (*self._long, *counts))
        titles = self._long if needed <= self.outer_size.width else self._short
        at = sum(cells_of(span.text) for span in spans)
        ends = []
        for place, (title, count) in enumerate(zip(titles, counts, strict=True)):
            mark = "▸" if place == chosen else " "
            text = f"{mark}{title}"
            spans += [Span(text, Role.KEY if place == chosen else Role.MUTED), Span(count, Role.BAD), Span(" " * _GAP)]
            at += cells_of(text) + cells_of(count) + _GAP
            ends.append(at)
        self._ends = tuple(ends)
        self.show([tuple(span for span in spans if span.text)])

    def on_click(self, event: events.Click) -> None:
        """Say which."""
        place = next((place for place, end in enumerate(self._ends) if event.x < end), None)
        if place is not None:
            self.post_message(TabChosen(place))
