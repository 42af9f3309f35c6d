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
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, cells_of, clean, fit, width

HOST_ROLES: Final = (Role.LOG_1, Role.LOG_2, Role.LOG_3, Role.LOG_4, Role.LOG_5, Role.LOG_6)
"""Given to hosts in turn; the name always stands there as well."""

_GLYPHS: Final = ("✖", "✖", "✖", "✖", "▲", "•", "·", " ")
_PRIORITY_ROLES: Final = (*[Role.BAD] * 4, Role.WARN, Role.STRONG, Role.MUTED, Role.FAINT)
_MESSAGE_ROLES: Final = (*[Role.BAD] * 4, Role.WARN, *[Role.TEXT] * 2, Role.MUTED)
_REMARKS: Final = {
    Kind.TROUBLE: ("✖", Role.BAD, Role.STRONG),
    Kind.DROPPED: ("▲", Role.WARN, Role.WARN),
    Kind.NOTE: ("─", Role.ACCENT, Role.MUTED),
}
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


def lay_out(
    cells: int, hosts: Sequence[str], *, times: Times, needle: str, now: float, roles: Mapping[str, Role]
) -> Layout:
    """The columns that fit."""
    wide, normal = cells >= _WIDE, cells >= _NORMAL
    longest = max((cells_of(clean(name)) for name in hosts), default=0)
    return Layout(
        cells=cells,
        host=min(longest, 24 if wide else 16 if normal else 10) if len(hosts) > 1 else 0,
        source=28 if wide else 18 if normal else 10,
        word=normal,
        time={Times.OFF: 0, Times.AGE: 4}.get(times, 12 if wide else 8),
        times=times,
        roles=roles,
        needle=needle,
        now=now,
    )


def rows_of(line: LogLine, layout: Layout, *, wrapped: bool, shift: int) -> list[Line]:
    """A line as one row, from cell `shift` of its message on, or wrapped into several."""
    if line.kind is Kind.MARK:
        rule = f"── {units.clock(line.at)} "
        return [(Span(rule + "─" * max(0, layout.cells - len(rule)), Role.ACCENT),)]
    if line.kind is Kind.ENTRY:
        role = Role.TEXT if line.priority is None else _MESSAGE_ROLES[line.priority]
        before = (*_whence(line, layout), *_source(line, layout))
        message = _highlighted(clean(line.message), layout.needle, role)
        message = message if wrapped or not shift else _without(message, shift)
    else:
        glyph, glyph_role, role = _REMARKS[line.kind]
        before = (*_whence(line, layout), Span(f"{glyph} ", glyph_role))
        message = (Span(clean(line.message), role),)
    if not wrapped:
        row = (*before, *message)
        return [row if width(row) <= layout.cells else fit(row, layout.cells)]
    indent = width(before)
    first, *rest = _broken(message, max(8, layout.cells - indent))
    return [(*before, *first), *((Span(" " * indent), *part) for part in rest)]


def _whence(line: LogLine, layout: Layout) -> Line:
    """When, and on which host."""
    spans: list[Span] = []
    if layout.time:
        spans.append(Span(_time(line.at, layout).ljust(layout.time + 1), Role.FAINT))
    if layout.host:
        name = (Span(clean(line.host), layout.roles.get(line.host, Role.TEXT)),)
        spans += fit(fit(name, layout.host), layout.host + 1)
    return tuple(spans)


def _source(line: LogLine, layout: Layout) -> Line:
    """Who said it, and how urgent it is."""
    source = (Span(clean(line.source.removesuffix(".service")) or UNKNOWN, Role.MUTED),)
    glyph, word, role = " ", "", Role.FAINT
    if line.priority is not None:
        glyph, word, role = _GLYPHS[line.priority], PRIORITY_WORDS[line.priority], _PRIORITY_ROLES[line.priority]
    urgency = Span(f"{glyph} {word:<6}" if layout.word else f"{glyph} ", role)
    return (*fit(fit(source, layout.source), layout.source + 1), urgency)


def _time(at: float, layout: Layout) -> str:
    """The time of day; of other days `Wed22:14`, and the date where that is not clear either."""
    if layout.times is Times.AGE:
        return units.age(max(0.0, layout.now - at)).rjust(4)
    return _moment(int(at * 1000), int(layout.now) // 60, layout.times, precise=layout.time > 8)


@lru_cache(maxsize=4096)
def _moment(milliseconds: int, minutes_now: int, times: Times, *, precise: bool) -> str:
    moment, now = (datetime.fromtimestamp(each, UTC) for each in (milliseconds / 1000, minutes_now * 60))
    if times is Times.LOCAL:
        moment, now = moment.astimezone(), now.astimezone()
    days = (now.date() - moment.date()).days
    if days == 0:
        return f"{moment:%H:%M:%S}.{milliseconds % 1000:03}" if precise else f"{moment:%H:%M:%S}"
    if 0 < days < 7:
        return f"{moment:%a %H:%M:%S}" if precise else f"{moment:%a%H:%M}"
    return f"{moment:%b %d %H:%M}" if precise else f"{moment:%y-%m-%d}"


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
