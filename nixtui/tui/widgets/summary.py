"""One line above the fleet: how each environment is. Read before any row, and clicked to see only that environment."""

from collections.abc import Iterable, Mapping
from functools import partial

from textual import events

from nixtui.fleet.tally import Tally
from nixtui.operations.policy import Policy
from nixtui.tui.environments import badge, is_guarded
from nixtui.tui.messages import EnvironmentClicked
from nixtui.tui.paint import Line, Role, Span, clean, line, width
from nixtui.tui.widgets.lines import Lines

_GAP = 3


def tally_line(
    name: str | None,
    tally: Tally,
    policy: Policy,
    *,
    is_chosen: bool,
    is_short: bool = False,
    is_only: bool = False,
) -> Line:
    """`PROD 412/420 answer · 3 failing · 2 drifting`, or `PROD 412/420 ▲3 ≠2` in the glyphs of the table's states.

    What nobody has to look at is left out. `is_only` says that there are no other environments.
    """
    called = clean(name or ("all" if is_only else "others")).upper()
    heading = badge(name, policy) if is_chosen and name else Span(called, Role.STRONG)
    role = Role.MUTED if tally.answering == tally.known else Role.TEXT
    answering = line((f" {tally.answering}/{tally.known}{'' if is_short else ' answer'}", role))
    rest = (
        (tally.failing, "▲", "failing", Role.BAD),
        (tally.unreachable, "✖", "unreachable", Role.BAD),
        (tally.locked_out, "?", "locked out", Role.BAD),
        (tally.drifting, "≠", "drifting", Role.WARN),
        (tally.reboot, "◆", "to reboot", Role.WARN),
    )
    spans = [
        Span(f" {glyph}{number}" if is_short else f" · {number} {word}", role)
        for number, glyph, word, role in rest
        if number
    ]
    return (heading, *answering, *spans)


class Summary(Lines):
    """All environments that fit, those where care is asked for first, then those in trouble; the others are counted."""

    DEFAULT_CSS = """
    Summary { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="summary")
        self._places: list[tuple[int, int, str]] = []

    def tell(self, tallies: Mapping[str | None, Tally], policy: Policy, chosen: str | None) -> None:
        """Show these; paints only what differs."""

        def rank(name: str | None) -> tuple[bool, bool, bool, str]:
            tally = tallies[name]
            is_well = not (tally.failing or tally.unreachable or tally.locked_out or tally.drifting)
            return name is None, not is_guarded(name or "", policy), is_well, name or ""

        ordered = sorted((name for name, tally in tallies.items() if tally.known), key=rank)
        for is_short in (False, True):
            how = partial(tally_line, policy=policy, is_short=is_short, is_only=len(ordered) == 1)
            lines = [(name, how(name, tallies[name], is_chosen=name == chosen)) for name in ordered]
            if sum(width(spans) + _GAP for _, spans in lines) < self.outer_size.width:
                break
        self.show([tuple(self._placed(lines))])

    def _placed(self, lines: Iterable[tuple[str | None, Line]]) -> Iterable[Span]:
        self._places = []
        room, at, left_out = self.outer_size.width - 4, 1, 0
        yield Span(" ")
        for name, spans in lines:
            cells = width(spans)
            if self._places and at + cells > room:
                left_out += 1
                continue
            self._places.append((at, at + cells, name or ""))
            yield from spans
            yield Span(" " * _GAP)
            at += cells + _GAP
        if left_out:
            yield Span(f"+{left_out}", Role.MUTED)

    def on_click(self, event: events.Click) -> None:
        """Only this environment, or all again."""
        for start, end, name in self._places:
            if name and start <= event.x < end:
                self.post_message(EnvironmentClicked(name))
