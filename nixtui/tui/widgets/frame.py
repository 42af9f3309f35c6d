"""What stays the same around every screen: the line that says where you are, the last message, the keys."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from nixtui.tui import units
from nixtui.tui.actions import DESTINATIONS, Action, Selection, key_shown
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, fit, line, width
from nixtui.tui.widgets.lines import Lines

_DOT = Span("  ·  ", Role.FAINT)


@dataclass(frozen=True, slots=True)
class Bearings:
    """Where one is and how dangerous it is: what the header says."""

    fleet: str
    environments: Sequence[Span]
    seen: int
    known: int
    failing: int
    operations: int
    read_only: bool
    paused: bool
    now: float
    terse: bool


class Header(Lines):
    """One line; only the cells that change are sent, so that a ticking clock costs a digit."""

    DEFAULT_CSS = """
    Header { height: 1; dock: top; }
    """

    def tell(self, bearings: Bearings) -> None:
        """Show these bearings."""
        self.show([_header(bearings, self.size.width)])


def _header(at: Bearings, cells: int) -> Line:
    right = _right(at)
    room = cells - width(right)
    for left in _lefts(at):
        if width(left) < room:
            break
    return (*fit(left, max(0, room)), *right)


def _right(at: Bearings) -> Line:
    paused = (Span(" PAUSED ", Role.BADGE_AMBER), Span(" ")) if at.paused else ()
    access = Span(" READ-ONLY ", Role.BADGE_BLUE) if at.read_only else Span("r/w", Role.FAINT)
    return (*paused, access, Span(f"  {units.clock(at.now, seconds=not at.terse)} ", Role.MUTED))


def _lefts(at: Bearings) -> Iterable[Line]:
    """The left side, and shorter ones for terminals where it does not fit."""
    name = line(" ", ("nixtui", Role.KEY), "  ")
    where = line((clean(at.fleet), Role.STRONG), (" ▸ ", Role.FAINT), *_spaced(at.environments))
    seen_role = Role.TEXT if at.seen == at.known else Role.WARN
    seen = line((f"{at.seen}/{at.known}", seen_role), (" seen", Role.MUTED))
    failing = line((f"{at.failing}", Role.BAD), (" failing", Role.MUTED)) if at.failing else EMPTY
    noun = "operation" if at.operations == 1 else "operations"
    running = line((f"{at.operations}", Role.ACCENT), (f" {noun}", Role.MUTED)) if at.operations else EMPTY
    facts = [part for part in (seen, failing, running) if part]
    yield (*name, *where, *(span for part in facts for span in (_DOT, *part)))
    yield (Span(" "), *where, *(span for part in facts for span in (Span("  "), *part)))
    yield (Span(" "), *where[:1], *(span for part in facts for span in (Span("  "), *part)))


def _spaced(spans: Sequence[Span]) -> Iterable[Span]:
    for number, span in enumerate(spans):
        if number:
            yield Span(" ")
        yield span


class NoticeLine(Lines):
    """The last thing the app said; it stays until something else is said or it is sent away."""

    DEFAULT_CSS = """
    NoticeLine { height: 1; dock: bottom; padding: 0 1; }
    """


class Footer(Lines):
    """The keys that work here. What cannot work now is dimmed; pressing it says why. Keys can be clicked."""

    DEFAULT_CSS = """
    Footer { height: 1; dock: bottom; }
    """

    @dataclass
    class Pressed(Message):
        """A key was clicked."""

        action: str

    def __init__(self) -> None:
        super().__init__()
        self._at: list[tuple[int, int, str]] = []

    def tell(self, actions: Sequence[Action[object]], selection: Selection, key: Callable[[str, str], str], here: str) -> None:
        """Show the most important actions that fit, and at the end the screens there are."""
        self._at = []
        spans: list[Span] = [Span(" ")]
        places = _places(here)
        room = self.size.width - 1
        at = 1
        ranked = sorted((each for each in actions if each.rank is not None), key=lambda each: each.rank or 0)
        for action in _that_fit(ranked, key, room):
            off = action.why_disabled(selection) is not None
            label = key_shown(key(action.id, action.key))
            part = line((label, Role.FAINT if off else Role.KEY), (f" {action.title}", Role.FAINT if off else Role.MUTED))
            self._at.append((at, at + width(part), action.id))
            spans += (*part, Span("  "))
            at += width(part) + 2
        left = self.size.width - at - width(places)
        if left >= 1:
            self._note_places(at + left, places)
            spans += (Span(" " * left), *places)
        self.show([tuple(spans)])

    def _note_places(self, start: int, places: Line) -> None:
        at = start
        for destination, pair in zip(DESTINATIONS, _pairs(places), strict=True):
            self._at.append((at, at + width(pair), f"go_{destination.id}"))
            at += width(pair)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse."""
        for start, end, action in self._at:
            if start <= event.x < end:
                self.post_message(self.Pressed(action))


def _that_fit(ranked: Sequence[Action[object]], key: Callable[[str, str], str], room: int) -> list[Action[object]]:
    """As many as fit, by rank; help and the command line always find a place at the end."""
    last = [each for each in ranked if (each.rank or 0) >= 90]
    kept: list[Action[object]] = []
    used = sum(_cells(each, key) for each in last)
    for action in (each for each in ranked if (each.rank or 0) < 90):
        used += _cells(action, key)
        if used > room:
            break
        kept.append(action)
    return kept + last


def _cells(action: Action[object], key: Callable[[str, str], str]) -> int:
    return len(key_shown(key(action.id, action.key))) + len(action.title) + 3


def _places(here: str) -> Line:
    spans: list[Span] = []
    for each in DESTINATIONS:
        current = each.id == here
        spans.append(Span(f"{each.key} ", Role.KEY if current else Role.FAINT))
        spans.append(Span(f"{each.title}  ", Role.STRONG if current else Role.FAINT))
    return tuple(spans)


def _pairs(places: Line) -> list[Line]:
    return [places[number : number + 2] for number in range(0, len(places), 2)]
