"""The timeline as it is looked at: what hosts told by now, what of it is shown, and how a moment reads."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nixtui.fleet.state import FleetState
from nixtui.fleet.timeline import limited, timeline
from nixtui.fleet.timeline_text import hosts_in_words, sentence, skew_in_words
from nixtui.model.selector import Selector, Subject, parse_selector
from nixtui.model.timeline import HostAnswer, HostMoment, Kind, Moment, System
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, cells_of, clean, line, said, wrap
from nixtui.tui.widgets.columns import Column

if TYPE_CHECKING:
    from nixtui.operations.journal import Entry

KINDS: tuple[tuple[str, str, frozenset[Kind]], ...] = (
    ("switches", "generation switches", frozenset({Kind.SWITCH})),
    ("reboots", "reboots", frozenset({Kind.REBOOT})),
    ("units", "unit failures and recoveries", frozenset({Kind.FAILED, Kind.RECOVERED})),
    ("operations", "nixtui's own operations", frozenset({Kind.OPERATION})),
)
WINDOWS = ((6, "6 hours"), (24, "24 hours"), (72, "3 days"), (168, "7 days"))

MARKER = "asked about"
"""The key of the row that stands for the moment asked about."""

_HOSTS_NARROW, _HOSTS_WIDE = 17, 24

_LOOKS = {
    Kind.SWITCH: ("⇄", Role.ACCENT),
    Kind.REBOOT: ("⟳", Role.WARN),
    Kind.FAILED: ("▲", Role.BAD),
    Kind.RECOVERED: ("●", Role.GOOD),
    Kind.OPERATION: ("·", Role.MUTED),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: a moment, or without one the marker. `is_later` than the moment asked about."""

    at: float
    moment: Moment | None
    is_later: bool = False


@dataclass(slots=True)
class Book:
    """Everything known and chosen. `scope` are the hosts it is about, in words and as names (`None`: all)."""

    answers: dict[str, HostAnswer] = field(default_factory=dict)
    entries: "Sequence[Entry]" = ()
    since: float = 0.0
    window_h: int = 24
    waiting: set[str] = field(default_factory=set)
    kinds: frozenset[Kind] = frozenset(Kind)
    hidden: frozenset[str] = frozenset()
    typed: str = ""
    asked_about: float | None = None
    scope: frozenset[str] | None = None
    scope_words: str = "all hosts"

    def moments(self, fleet: FleetState, now: float) -> tuple[Moment, ...]:
        """What is to be shown, newest first."""
        found = timeline(self.answers.values(), self.entries, self.since, now)
        selector, text = split_filter(self.typed)
        hosts = self._hosts(fleet, selector, now)
        kinds = [kind for name, _, those in KINDS if name not in self.hidden for kind in those]
        return limited(found, kinds=kinds, hosts=hosts, text=text)

    def _hosts(self, fleet: FleetState, selector: Selector | None, now: float) -> Collection[str] | None:
        if selector is None:
            return self.scope
        names = fleet.names() if self.scope is None else self.scope
        subjects = (Subject(fleet.host(name), fleet.status(name), now) for name in names if name in fleet)
        return {each.host.name for each in selector.select(subjects)}

    def rows(self, moments: Iterable[Moment]) -> dict[str, Row]:
        """The lines of the list by key, the marker where its time is."""
        rows: dict[str, Row] = {}
        asked = self.asked_about
        for moment in moments:
            if asked is not None and moment.at <= asked and MARKER not in rows:
                rows[MARKER] = Row(asked, None)
            rows[moment.key] = Row(moment.at, moment, is_later=asked is not None and moment.at > asked)
        if asked is not None:
            rows.setdefault(MARKER, Row(asked, None))
        return rows

    @property
    def failed(self) -> list[HostAnswer]:
        """Hosts that could not be asked."""
        return [each for each in self.answers.values() if each.problem is not None]

    @property
    def incomplete(self) -> list[HostAnswer]:
        """Hosts that told a part."""
        return [each for each in self.answers.values() if each.history is not None and each.history.incomplete]


def split_filter(typed: str) -> tuple[Selector | None, str]:
    """Terms of the selector language choose hosts; all other words are looked for in lines. Raises `BadSelector`."""
    words = typed.split()
    terms = [word for word in words if ":" in word or word.startswith("!") or "," in word or "*" in word]
    text = " ".join(word for word in words if word not in terms)
    return (parse_selector(" ".join(terms), plain_is_substring=True) if terms else None), text


def progress(book: Book, total: int, now: float) -> Line:
    """`asked 12 of 20, web-3 unreachable`, `2 incomplete`, and how old it is."""
    told = len(book.answers)
    spans: list[Span] = []
    if book.waiting:
        spans.append(Span(f"asked {told} of {total}", Role.ACCENT))
    elif told:
        oldest = min(each.at for each in book.answers.values())
        spans.append(Span(f"{told} hosts, {units.seen(now - oldest)} ago".replace("now ago", "just now"), Role.MUTED))
    if book.failed:
        names = book.failed[0].host if len(book.failed) == 1 else f"{len(book.failed)} hosts"
        spans.append(Span(f"  {clean(names)} not reached", Role.WARN))
    if book.incomplete:
        spans.append(Span(f"  {len(book.incomplete)} incomplete", Role.WARN))
    return tuple(spans)


def hosts_cells(rows: Collection[Row], *, narrow: bool) -> int:
    """The room that the names of hosts need, as far as there is any."""
    named = (cells_of(clean(hosts_in_words(each.moment.names))) for each in rows if each.moment is not None)
    return max(5, min(max(named, default=0), _HOSTS_NARROW if narrow else _HOSTS_WIDE))


def columns(hosts: int, clock: Callable[[], float]) -> tuple[Column[Row], ...]:
    """The columns of the timeline; hosts get so many cells, and what happened all the rest."""
    return (
        Column("when", "WHEN (UTC)", 11, lambda row: _when(row, clock()), 0),
        Column("kind", "", 1, _glyph, 0),
        Column("hosts", "HOSTS", hosts, _hosts, 0),
        Column("what", "WHAT", 24, _what, 0, 140),
        Column("age", "AGE", 4, lambda row: line((units.age(clock() - row.at), Role.MUTED)), 3, right=True),
    )


def _when(row: Row, now: float) -> Line:
    """`03:12:05` today, `25 03:12:05` before: the day of the month."""
    today = units.moment(row.at)[:10] == units.moment(now)[:10]
    day = "" if today else units.moment(row.at)[8:10] + " "
    role = Role.KEY if row.moment is None else Role.FAINT if row.is_later else Role.MUTED
    return line((f"{day or '   '}{units.clock(row.at)[:8]}", role))


def _glyph(row: Row) -> Line:
    if row.moment is None:
        return line(("▸", Role.KEY))
    glyph, role = _LOOKS[row.moment.kind]
    return line((glyph, Role.FAINT if row.is_later else role))


def _hosts(row: Row) -> Line:
    if row.moment is None:
        return line(("─" * 26, Role.KEY))
    is_faint = row.is_later or row.moment.kind is Kind.OPERATION
    return line((clean(hosts_in_words(row.moment.names)), Role.FAINT if is_faint else Role.STRONG))


def _what(row: Row) -> Line:
    if row.moment is None:
        return line(("what changed before: below " + "─" * 120, Role.KEY))
    role = Role.FAINT if row.is_later else Role.BAD if row.moment.kind is Kind.FAILED else Role.TEXT
    return line((clean(sentence(row.moment)), Role.MUTED if row.moment.kind is Kind.OPERATION else role))


def detail(moment: Moment, answers: dict[str, HostAnswer], cells: int, now: float) -> list[Line]:
    """One moment in full: every host with its own time, and what it came from and went to."""
    lines = wrap(sentence(moment), cells, Role.STRONG)
    when = f"{units.moment(moment.at)[:10]} {units.clock(moment.at)}, {units.span(now - moment.at)} ago"
    ends = f", until {units.clock(moment.until)}" if moment.until - moment.at >= 1 else ""
    facts = [("when", when + ends), ("operation", moment.operation), ("what", moment.title), ("who", _who(moment))]
    facts += [("why", moment.reason), ("result", moment.outcome)]
    lines += [line((name.ljust(11), Role.MUTED), said(value)) for name, value in facts if value]
    lines.append(EMPTY)
    if moment.kind is Kind.OPERATION:
        return [*lines, *wrap("on " + " ".join(moment.names), cells)]
    for each in moment.hosts:
        lines += _host_lines(moment.kind, each, answers.get(each.host), cells)
    return lines


def _who(moment: Moment) -> str | None:
    if moment.operator is not None:
        return f"{moment.operator} on {moment.origin}" if moment.origin else moment.operator
    return "another operator's nixtui, whose journal is elsewhere" if moment.operation else None


def _host_lines(kind: Kind, each: HostMoment, answer: HostAnswer | None, cells: int) -> list[Line]:
    head = [said(each.host, Role.STRONG), Span(f"  {units.clock(each.at)}", Role.MUTED)]
    lines: list[Line] = []
    if kind is Kind.SWITCH:
        if each.status:
            head.append(Span(f"  exit {each.status}", Role.BAD))
        lines += [_system_line("before", each.before), _system_line("after", each.after)]
    elif kind is Kind.REBOOT:
        head.append(Span(f"  kernel {clean(each.kernel_before or UNKNOWN)} → {clean(each.kernel_after or UNKNOWN)}"))
    elif kind is Kind.FAILED:
        times = f", {each.count} times" if each.count > 1 else ""
        head.append(Span(f"  {clean(each.result or 'failed')}{times}", Role.BAD))
    if answer is not None and (skewed := skew_in_words(answer)):
        lines += wrap(skewed, cells, Role.WARN, indent="  ")
    if answer is not None and answer.history is not None:
        for why in answer.history.incomplete:
            lines += wrap(f"incomplete: {why}", cells, Role.WARN, indent="  ")
    return [tuple(head), *lines]


def _system_line(word: str, system: System | None) -> Line:
    if system is None:
        return line((f"  {word:7}", Role.MUTED), ("not known", Role.FAINT))
    number = f"generation {system.generation}" if system.generation is not None else "no generation"
    revision = f"  rev {clean(system.revision[:8])}" if system.revision else ""
    version = f"  {clean(system.version)}" if system.version else ""
    return line((f"  {word:7}", Role.MUTED), number, (f"{revision}{version}", Role.MUTED))
