"""What stays the same around every screen: the line that says where you are, the last message, the keys."""

from collections.abc import Iterable, Sequence

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from nixtui.tui import units
from nixtui.tui.action_table import DESTINATIONS, Destination
from nixtui.tui.armed import armed_line
from nixtui.tui.messages import KeyClicked
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, fit, line, width
from nixtui.tui.widgets.lines import Lines

_DOT = Span("  ·  ", Role.FAINT)
_SCREENS_FROM = 160
"""Cells from which the screens have their place in the footer before keys of the lower ranks."""

_ALWAYS = 90
"""Rank from which a key is in the footer however narrow it is."""


class Bearings(msgspec.Struct, frozen=True):
    """Where one is and how dangerous it is: what the header says."""

    fleet: str
    environments: Sequence[Span]
    seen: int
    known: int
    problems: int
    operations: int
    read_only: bool
    paused: bool
    now: float
    terse: bool
    trail: tuple[str, ...] = ()
    login_ends: tuple[float, str | None] | None = None


class Header(Horizontal):
    """One line. Its parts are widgets of their own because Textual sends a line from the left end of the widget to the
    last cell that changed: so a ticking clock costs 40 bytes and not 400.
    """

    BLANK = True
    DEFAULT_CSS = """
    Header { height: 1; }
    Header > #where { width: 1fr; height: 1; }
    Header > #access, Header > #clock { width: auto; height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._where, self._access, self._clock = Lines(id="where"), Lines(id="access"), Lines(id="clock")
        self._told: tuple[Bearings, int] | None = None

    def compose(self) -> ComposeResult:
        """Where one is, what one may do, and the time."""
        yield self._where
        yield self._access
        yield self._clock

    def tell(self, bearings: Bearings) -> None:
        """Show these bearings."""
        told = (bearings, self.outer_size.width)
        if told == self._told:
            return
        self._told = told
        clock = (Span(f" {units.clock(bearings.now, seconds=not bearings.terse)} ", Role.MUTED),)
        access = _access(bearings)
        room = told[1] - width(clock) - width(access)
        self._where.show([_left(bearings, room)])
        self._access.show([access])
        self._clock.show([clock])


LOGIN_ENDS_SOON_S = 900.0
"""A login that ends within so long is worth a warning: an upload takes longer."""


def _access(at: Bearings) -> Line:
    paused = (Span(" PAUSED ", Role.BADGE_AMBER), Span(" ")) if at.paused else ()
    return (
        *paused,
        Span(" READ-ONLY ", Role.BADGE_BLUE) if at.read_only else Span("r/w ", Role.FAINT),
    )


def _login(at: Bearings) -> Line:
    """`aws 42m`: how long the login lasts, where it ends; of several by name once that is soon."""
    if at.login_ends is None:
        return EMPTY
    ends, which = at.login_ends
    left = ends - at.now
    soon = left <= LOGIN_ENDS_SOON_S
    name = f"aws {clean(which)[:12]}" if which and soon else "aws"
    words = f"{name} {units.age(left)}" if left > 0 else f"{name} login ended"
    return line((words, Role.WARN if soon else Role.MUTED))


def _left(at: Bearings, room: int) -> Line:
    """The longest left side that fits."""
    for left in _lefts(at):
        if width(left) < room:
            break
    return fit(left, max(0, room))


def _lefts(at: Bearings) -> Iterable[Line]:
    """The left side, and shorter ones for terminals where it does not fit."""
    name = line(" ", ("nixtui", Role.KEY), "  ")
    where = line((clean(at.fleet), Role.STRONG))
    if at.environments:
        where = (*where, Span(" ▸ ", Role.FAINT), *_spaced(at.environments))
    seen_role = Role.TEXT if at.seen == at.known else Role.WARN
    seen = line((f"{at.seen}/{at.known}", seen_role), (" seen", Role.MUTED))
    word = "problem" if at.problems == 1 else "problems"
    problems = line((f"{at.problems}", Role.BAD), (f" {word}", Role.MUTED)) if at.problems else EMPTY
    noun = "operation" if at.operations == 1 else "operations"
    running = line((f"{at.operations}", Role.ACCENT), (f" {noun}", Role.MUTED)) if at.operations else EMPTY
    login = _login(at)
    facts = [part for part in (seen, problems, running, login) if part]
    if trail := _trail(at.trail):
        yield (*name, *where, _DOT, *trail, *(span for part in facts for span in (_DOT, *part)))
        yield (Span(" "), *where, Span("  "), *trail, *(span for part in facts for span in (Span("  "), *part)))
    yield (*name, *where, *(span for part in facts for span in (_DOT, *part)))
    yield (Span(" "), *where, *(span for part in facts for span in (Span("  "), *part)))
    if login and at.login_ends is not None and at.login_ends[0] - at.now <= LOGIN_ENDS_SOON_S:
        yield (Span(" "), *where, Span("  "), *problems, Span("  "), *login)
    yield (Span(" "), *where, Span("  "), *problems)
    yield (Span(" "), *where)


def _trail(crumbs: Sequence[str]) -> Line:
    """`Fleet ▸ web-12 ▸ Generations`: esc goes one to the left. The fleet alone is no trail."""
    if len(crumbs) < 2:
        return EMPTY
    spans: list[Span] = []
    for crumb in crumbs[:-1]:
        spans += (Span(clean(crumb), Role.MUTED), Span(" ▸ ", Role.FAINT))
    return (*spans, Span(clean(crumbs[-1]), Role.TEXT))


def _spaced(spans: Sequence[Span]) -> Iterable[Span]:
    for number, span in enumerate(spans):
        if number:
            yield Span(" ")
        yield span


class NoticeLine(Lines):
    """The last thing the app said; it stays until something else is said or it is sent away."""

    DEFAULT_CSS = """
    NoticeLine { height: 1; }
    """


class ArmedStrip(Lines):
    """Hosts that go back by themselves unless they are committed; not there while there are none."""

    DEFAULT_CSS = """
    ArmedStrip { height: 1; display: none; }
    """

    def tell(self, hosts: Sequence[tuple[str, float]], now: float) -> None:
        """Show these hosts with what is left of their time."""
        self.display = bool(hosts)
        if hosts:
            self.show([armed_line(hosts, now, self.outer_size.width or self.app.size.width)])


class KeyHint(msgspec.Struct, frozen=True):
    """A key of the footer. `action` is empty for keys that only a prompt knows; `rank` 90 and above always fits."""

    action: str
    key: str
    title: str
    rank: int
    off: bool = False

    @property
    def line(self) -> Line:
        """`r roll back`."""
        word = Role.FAINT if self.off else Role.MUTED
        return line((self.key, Role.FAINT if self.off else Role.KEY), (f" {self.title}", word))


class Footer(Lines):
    """The keys that work here. What cannot work now is dimmed; pressing it says why. Keys can be clicked."""

    DEFAULT_CSS = """
    Footer { height: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: tuple[Sequence[KeyHint], str, int] | None = None
        self._places: list[tuple[int, int, str]] = []

    def tell(self, hints: Sequence[KeyHint], here: str) -> None:
        """Show the most important keys that fit, and at the end the screens there are; `here` is one of them."""
        told = (hints, here, self.outer_size.width)
        if told == self._told:
            return
        self._told = told
        self._places = []
        spans: list[Span] = [Span(" ")]
        destinations = [(f"go_{each.id}", _destination(each, here)) for each in DESTINATIONS] if here else []
        for_screens = sum(width(shown) + 2 for _, shown in destinations)
        is_wide = self.outer_size.width >= _SCREENS_FROM
        for hint in _that_fit(hints, self.outer_size.width - 1 - (for_screens if is_wide else 0)):
            self._add(spans, hint.line, hint.action)
            spans.append(Span("  "))
        room = self.outer_size.width - width(spans) - for_screens
        if room > 0:
            spans.append(Span(" " * room))
            for action, shown in destinations:
                self._add(spans, shown, action)
                spans.append(Span("  "))
        self.show([tuple(spans)])

    def _add(self, spans: list[Span], shown: Line, action: str) -> None:
        start = width(spans)
        spans.extend(shown)
        if action:
            self._places.append((start, width(spans), action))

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse."""
        for start, end, action in self._places:
            if start <= event.x < end:
                self.post_message(KeyClicked(action))


def _that_fit(hints: Sequence[KeyHint], room: int) -> list[KeyHint]:
    """As many as fit, by rank; help and the command line always find a place at the end."""
    ranked = sorted(hints, key=lambda each: each.rank)
    last = [each for each in ranked if each.rank >= _ALWAYS]
    kept: list[KeyHint] = []
    used = sum(width(each.line) + 2 for each in last)
    for hint in ranked[: len(ranked) - len(last)]:
        used += width(hint.line) + 2
        if used > room:
            break
        kept.append(hint)
    return kept + last


def _destination(destination: Destination, here: str) -> Line:
    current = destination.id == here
    return line(
        (destination.key, Role.KEY if current else Role.FAINT),
        (f" {destination.title}", Role.STRONG if current else Role.FAINT),
    )
