"""The top line of the logs: whose they are, how they were narrowed, and whether one sees the newest."""

from collections.abc import Sequence

from nixtui.logs.follower import FeedState
from nixtui.logs.line import PRIORITY_WORDS
from nixtui.logs.query import LogQuery
from nixtui.logs.tail import LogTail
from nixtui.logs.view import LogView
from nixtui.tui import units
from nixtui.tui.paint import Line, Role, Span, clean, line

_MOST_NAMED = 3


def left_title(hosts: Sequence[str], view: LogView, query: LogQuery) -> Line:
    """`Logs  web-1 web-2  nginx  ≥ err  since 03:00Z`."""
    if view.only is not None:
        whose = f"{clean(view.only)} of {len(hosts)} hosts"
    elif len(hosts) <= _MOST_NAMED:
        whose = " ".join(clean(name) for name in hosts)
    else:
        whose = f"{len(hosts)} hosts"
    parts: list[Span] = [Span("Logs", Role.STRONG)]
    if whose:
        parts.append(Span(f"  {whose}", Role.TEXT))
    parts += [Span(f"  {clean(unit.removesuffix('.service'))}", Role.ACCENT) for unit in query.units]
    if query.priority is not None:
        parts.append(Span(f"  ≥ {PRIORITY_WORDS[query.priority]}", Role.ACCENT))
    if query.since is not None:
        parts.append(Span(f"  since {units.moment(query.since)}Z", Role.ACCENT))
    if query.until is not None:
        parts.append(Span(f"  until {units.moment(query.until)}Z", Role.ACCENT))
    if query.grep:
        parts.append(Span(f"  “{clean(query.grep)}”", Role.ACCENT))
    return tuple(parts)


def right_title(view: LogView, tail: LogTail) -> Line:
    """`2 of 3 hosts lost  41 found  12,345 lines  2,000 dropped  +1,204 new`."""
    states, every = tail.states, len(tail.hosts)
    lost, reading = states[FeedState.LOST], states[FeedState.CONNECTING] + states[FeedState.READING]
    parts: list[Span] = []
    if lost:
        parts.append(Span("✖ host lost" if every == 1 else f"✖ {lost} of {every} hosts lost", Role.BAD))
    if reading:
        parts.append(Span("◌ reading" if every == 1 else f"◌ reading {reading} of {every}", Role.MUTED))
    if view.needle:
        number = f"{view.found_number:,} of " if view.found_number else ""
        parts.append(Span(f"{number}{len(view.found):,} found", Role.ACCENT if view.found else Role.WARN))
    parts.append(Span(f"{len(view.rows):,} lines", Role.MUTED))
    if view.buffer.dropped:
        parts.append(Span(f"{view.buffer.dropped:,} dropped", Role.WARN))
    if view.paused:
        parts.append(Span("paused", Role.WARN))
    elif view.following:
        if states[FeedState.FOLLOWING]:
            parts.append(Span("following", Role.GOOD))
        elif not reading:
            parts.append(Span("not followed", Role.WARN if lost else Role.MUTED))
    else:
        parts.append(Span(f"+{view.unseen:,} new", Role.ACCENT if view.unseen else Role.MUTED))
    return line(*(span for part in parts for span in (Span("  "), part)))[1:]
