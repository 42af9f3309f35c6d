"""Lines of logs as rows: which columns there are, in which colours, and where in a message the text sought is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Final

from rich.cells import set_cell_size

from nixtui.logs.line import PRIORITY_WORDS, Kind, LogLine
from nixtui.tui import units
from nixtui.tui.paint import Line, Role, Span, cells_of, clean, fit, width

HOST_ROLES: Final = (Role.LOG_1, Role.LOG_2, Role.LOG_3, Role.LOG_4, Role.LOG_5, Role.LOG_6)
"""Given to hosts in turn; the name always stands there as well."""

_GLYPHS: Final = ("✖", "✖", "✖", "✖", "▲", "•", "·", " ")
_PRIORITY_ROLES: Final = (*[Role.BAD] * 4, Role.WARN, Role.STRONG, Role.MUTED, Role.FAINT)
_MESSAGE_ROLES: Final = (*[Role.BAD] * 4, Role.WARN, *[Role.TEXT] * 2, Role.MUTED)
_WIDE, _NORMAL = 150, 96
_MOST_PARTS = 60
"""Rows that one line may take when it is wrapped; the whole record has the rest."""


class Times(Enum):
    """How the time of a line is written."""

    UTC = "UTC"
    LOCAL = "local time"
    AGE = "age"
    OFF = "no times"

    @property
    def next(self) -> "Times":
        """The one that comes with the next press of the key."""
        every = tuple(Times)
        return every[(every.index(self) + 1) % len(every)]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are laid out: cells in all, of the host (none where there is only one), of the source, and of the time.

    `roles` are the colours of hosts; `needle` is the text that is made to stand out.
    """

    cells: int
    host: int
    source: int
    word: bool
    time: int
    times: Times
    roles: Mapping[str, Role]
    needle: str
    now: float

    @property
    def before(self) -> int:
        """Cells before the message."""
        parts = (self.time, self.host, self.source, 7 if self.word else 1)
        return sum(part + 1 for part in parts if part)

    @property
    def message(self) -> int:
        """Cells of the message."""
        return max(8, self.cells - self.before)


def lay_out(
    cells: int, hosts: Sequence[str], *, times: Times, needle: str, now: float, oldest: float, roles: Mapping[str, Role]
) -> Layout:
    """The columns that fit. Where the oldest line is of another day, the day is written."""
    wide, normal = cells >= _WIDE, cells >= _NORMAL
    longest = max((cells_of(clean(name)) for name in hosts), default=0)
    time = {Times.OFF: 0, Times.AGE: 4}.get(times, 12 if wide else 8)
    if time >= 8 and _day(oldest, times) != _day(now, times):
        time += 6
    return Layout(
        cells=cells,
        host=min(longest, 24 if wide else 16 if normal else 10) if len(hosts) > 1 else 0,
        source=28 if wide else 18 if normal else 10,
        word=normal,
        time=time,
        times=times,
        roles=roles,
        needle=needle,
        now=now,
    )


def rows_of(line: LogLine, layout: Layout, *, wrapped: bool, shift: int) -> list[Line]:
    """A line as one row, from cell `shift` of its message on, or wrapped into several."""
    match line.kind:
        case Kind.ENTRY:
            role = Role.TEXT if line.priority is None else _MESSAGE_ROLES[line.priority]
            before, message = _before(line, layout), _highlighted(clean(line.message), layout.needle, role)
        case Kind.MARK:
            rule = f"── {units.clock(line.at)} "
            return [(Span(rule + "─" * max(0, layout.cells - len(rule)), Role.ACCENT),)]
        case _:
            before, message = _remark(line)
    if not wrapped:
        return [(*before, *(_without(message, shift) if line.kind is Kind.ENTRY else message))]
    indent = width(before)
    first, *rest = _broken(message, max(8, layout.cells - indent))
    return [(*before, *first), *((Span(" " * indent), *part) for part in rest)]


def _before(line: LogLine, layout: Layout) -> Line:
    spans: list[Span] = []
    if layout.time:
        spans += fit((Span(_time(line.at, layout), Role.FAINT),), layout.time + 1)
    if layout.host:
        role = layout.roles.get(line.host, Role.TEXT)
        spans += fit((*fit((Span(clean(line.host), role),), layout.host), Span(" ")), layout.host + 1)
    source = clean(line.source.removesuffix(".service")) or "–"
    spans += fit((*fit((Span(source, Role.MUTED),), layout.source), Span(" ")), layout.source + 1)
    glyph, word, role = " ", "", Role.FAINT
    if line.priority is not None:
        glyph, word, role = _GLYPHS[line.priority], PRIORITY_WORDS[line.priority], _PRIORITY_ROLES[line.priority]
    spans.append(Span(f"{glyph} {word:<6}" if layout.word else f"{glyph} ", role))
    return tuple(spans)


def _remark(line: LogLine) -> tuple[Line, Line]:
    glyph, role = {
        Kind.TROUBLE: ("✖", Role.BAD),
        Kind.DROPPED: ("▲", Role.WARN),
    }.get(line.kind, ("─", Role.ACCENT))
    host = f"{clean(line.host)}: " if line.host else ""
    return (
        (Span(f"{glyph} {units.clock(line.at)} ", role), Span(host, Role.STRONG)),
        (Span(clean(line.message), Role.TEXT if line.kind is Kind.TROUBLE else Role.MUTED),),
    )


def _time(at: float, layout: Layout) -> str:
    if layout.times is Times.AGE:
        return units.age(max(0.0, layout.now - at)).rjust(4)
    text = _moment(int(at * 1000), layout.times)
    return text[-layout.time :] if layout.time in (12, 18) else text[-18:-4][-layout.time :]


@lru_cache(maxsize=4096)
def _moment(milliseconds: int, times: Times) -> str:
    """`11-26 03:12:41.123`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    if times is Times.LOCAL:
        moment = moment.astimezone()
    return f"{moment:%m-%d %H:%M:%S}.{milliseconds % 1000:03}"


def _day(at: float, times: Times) -> str:
    return _moment(int(at) * 1000, times)[:5]


def _highlighted(text: str, needle: str, role: Role) -> Line:
    """The text with what is sought in a colour of its own."""
    if not needle:
        return (Span(text, role),)
    folded = text.lower() if needle == needle.lower() else text
    if len(folded) != len(text):  # a few letters have small forms of another length: better no mark than a wrong one
        return (Span(text, role),)
    spans: list[Span] = []
    end = 0
    while (start := folded.find(needle, end)) >= 0:
        spans += [Span(text[end:start], role), Span(text[start : start + len(needle)], Role.BADGE_AMBER)]
        end = start + len(needle)
    return tuple(span for span in (*spans, Span(text[end:], role)) if span.text)


def _without(spans: Line, cells: int) -> Line:
    """The spans from a cell on."""
    kept: list[Span] = []
    for text, role in spans:
        taken = cells_of(text)
        if taken <= cells:
            cells -= taken
            continue
        kept.append(Span(text[len(set_cell_size(text, cells)) :] if cells else text, role))
        cells = 0
    return tuple(kept)


def _broken(spans: Line, cells: int) -> list[Line]:
    """The spans over as many rows as they need; blanks are what they were, since logs line things up."""
    rows: list[Line] = []
    row: list[Span] = []
    room = cells
    for text, role in spans:
        rest = text
        while rest:
            part = rest if cells_of(rest) <= room else set_cell_size(rest, room).rstrip(" ") or rest[:1]
            row.append(Span(part, role))
            rest = rest[len(part) :]
            room -= cells_of(part)
            if rest:
                rows.append(tuple(row))
                row, room, rest = [], cells, rest.lstrip(" ")
        if len(rows) >= _MOST_PARTS:
            return [*rows[:_MOST_PARTS], (Span("… enter shows the rest", Role.FAINT),)]
    return [*rows, tuple(row)] if row or not rows else rows
