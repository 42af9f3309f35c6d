"""Styled text as values: what is written and in which role, long before anybody knows a colour.

Everything a host, a tag or a log says becomes a `Span` through `clean`, never markup, so that no text can
steer the terminal or the layout.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"
UNKNOWN = "–"

# What may not reach a terminal: control characters, lone surrogates (they cannot be encoded), marks that reverse
# the direction of text ("Trojan Source", CVE-2021-42574), joiners, variation selectors and tags, which are drawn
# in no width or in another than the one they are measured with.
_SEQUENCE = re.compile("(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\\]|\x9d)[^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[@-_]")
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_STACKED = re.compile("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]{3})+")
"""More than a few combining marks on one letter climb over the lines above."""

MAX_CHARACTERS = 2000


class Role(StrEnum):
    """What a piece of text is for; the theme gives every role its colour (`Painted`)."""

    TEXT = "text"
    STRONG = "strong"
    MUTED = "muted"
    FAINT = "faint"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    KEY = "key"
    HEAD = "head"
    FRAME = "frame"
    FRAME_FOCUS = "frame-focus"
    LOG_1 = "log-1"
    LOG_2 = "log-2"
    LOG_3 = "log-3"
    LOG_4 = "log-4"
    LOG_5 = "log-5"
    LOG_6 = "log-6"
    BADGE_RED = "badge-red"
    BADGE_AMBER = "badge-amber"
    BADGE_GREEN = "badge-green"
    BADGE_BLUE = "badge-blue"
    BADGE_VIOLET = "badge-violet"
    BADGE_GREY = "badge-grey"


_BADGES = frozenset(role for role in Role if role.startswith("badge"))


class Span(NamedTuple):
    """A run of text in one role."""

    text: str
    role: Role = Role.TEXT


Line = tuple[Span, ...]
"""One line of the screen, not yet fitted to a width."""

EMPTY: Line = ()


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """`text` as it may be shown: one line, no control or invisible characters, bounded.

    10,000 hosts say the same few hundred things, so the answers are kept.
    """
    shown = text[:MAX_CHARACTERS].expandtabs(4).replace("\n", " ")
    return _STACKED.sub(r"\1", _UNPRINTABLE.sub("", _SEQUENCE.sub("", shown)))


def line(*parts: str | Span | tuple[str, Role]) -> Line:
    """A line from parts that are the program's own words or were cleaned; empty parts are left out."""
    spans = (Span(part) if isinstance(part, str) else Span(*part) for part in parts)
    return tuple(span for span in spans if span.text)


def said(text: str | None, role: Role = Role.TEXT) -> Span:
    """What somebody else said (a host, a user, an API), cleaned; `–` in grey when they said nothing."""
    return Span(clean(text), role) if text else Span(UNKNOWN, Role.FAINT)


def cells_of(text: str) -> int:
    """Terminal cells of a text; ten times as fast as asking Rich where it is ASCII, and nearly all of it is."""
    return len(text) if text.isascii() else cell_len(text)


def width(spans: Iterable[Span]) -> int:
    """Terminal cells a line takes."""
    return sum([cells_of(text) for text, _ in spans])


def plain(spans: Iterable[Span]) -> str:
    """The text alone."""
    return "".join(span.text for span in spans)


def fit(spans: Line, cells: int, *, right: bool = False) -> Line:
    """The line made exactly `cells` wide: padded, or cut with an ellipsis so that nobody takes a part for the whole."""
    room = cells - width(spans)
    if room < 0:
        return _cut(spans, cells)
    return _padded(spans, room, right=right) if room else spans


def _padded(spans: Line, room: int, *, right: bool) -> Line:
    """With blanks in the span they stand beside, as long as that has no ground of its own: every span costs bytes."""
    beside = spans[0 if right else -1] if spans else Span("")
    blanks = " " * room
    if beside.role in _BADGES:
        return (Span(blanks), *spans) if right else (*spans, Span(blanks))
    if right:
        return (Span(blanks + beside.text, beside.role), *spans[1:])
    return (*spans[:-1], Span(beside.text + blanks, beside.role))


def _cut(spans: Line, cells: int) -> Line:
    if cells <= 0:
        return EMPTY
    kept: list[Span] = []
    left = cells - 1
    for text, role in spans:
        taken = cells_of(text)
        if taken > left:
            kept.append(Span(set_cell_size(text, left) + ELLIPSIS, role))
            return tuple(kept)
        kept.append(Span(text, role))
        left -= taken
    return tuple(kept)


def dimmed(spans: Line) -> Line:
    """The same text in grey: it was true once and may not be now."""
    return tuple(Span(text, Role.FAINT) for text, _ in spans)


def wrap(text: str, cells: int, role: Role = Role.TEXT, *, indent: str = "") -> list[Line]:
    """Words laid out in lines of at most `cells`; a word that is longer is cut over several."""
    lines: list[str] = []
    current = ""
    for word in clean(text).split():
        candidate = f"{current} {word}" if current else word
        if cells_of(candidate) <= cells - len(indent):
            current = candidate
            continue
        if current:
            lines.append(current)
        current = word
        while cells_of(current) > cells - len(indent) > 0:
            head = set_cell_size(current, cells - len(indent)).rstrip()
            lines.append(head)
            current = current[len(head) :]
    if current or not lines:
        lines.append(current)
    return [line((indent + each, role)) if each else EMPTY for each in lines]
