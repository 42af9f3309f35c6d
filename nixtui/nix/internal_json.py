"""What `nix … --log-format internal-json -v` tells on standard error, as typed events.

One JSON object a line, with `@nix ` before it (without, in the file of `json-log-path`). It is no stable interface
(nix: src/libutil/logging.cc, logging.hh), so numbers that this file does not know are kept as they are, values of a
wrong type are made to fit, and what is no event at all is a line of text. Nothing here raises.

Texts are as Nix sent them, with colours and whatever else a builder printed: clean them where they are shown.
"""

import json
import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, Final

import msgspec

MAX_LINE_BYTES: Final = 2**18
"""Of a longer line the middle is left out. Real ones have some hundred bytes, but a builder may print anything."""

_HEAD_BYTES: Final = 2**16
_TAIL_BYTES: Final = 2**12

MAX_TEXT: Final = 8 * 2**10
"""Characters kept of a line that is no event."""

Field = int | str


class Action(IntEnum):
    """Activities: what Nix is doing (`ActivityType`). `Start.type` may be another number."""

    UNKNOWN = 0
    COPY_PATH = 100
    """Fields: store path, from store, to store."""
    FILE_TRANSFER = 101
    """Fields: URI."""
    REALISE = 102
    COPY_PATHS = 103
    BUILDS = 104
    BUILD = 105
    """Fields: derivation, machine (empty: here), and two numbers that mean nothing any more."""
    OPTIMISE_STORE = 106
    VERIFY_PATHS = 107
    SUBSTITUTE = 108
    """Fields: store path, substituter."""
    QUERY_PATH_INFO = 109
    """Fields: store path, store."""
    POST_BUILD_HOOK = 110
    """Fields: derivation."""
    BUILD_WAITING = 111
    """Fields: derivation and, where it was resolved to another one, that."""
    FETCH_TREE = 112


class Fact(IntEnum):
    """Results: what Nix has to say of an activity (`ResultType`). `Result.type` may be another number."""

    FILE_LINKED = 100
    BUILD_LOG_LINE = 101
    UNTRUSTED_PATH = 102
    CORRUPTED_PATH = 103
    SET_PHASE = 104
    PROGRESS = 105
    """Fields: done, expected, running, failed; bytes of a copy or transfer, else counts."""
    SET_EXPECTED = 106
    """Fields: kind of activity, how many (bytes) of it."""
    POST_BUILD_LOG_LINE = 107
    FETCH_STATUS = 108


class Level(IntEnum):
    """How important a message is (`Verbosity`)."""

    ERROR = 0
    WARN = 1
    NOTICE = 2
    INFO = 3
    TALKATIVE = 4
    CHATTY = 5
    DEBUG = 6
    VOMIT = 7


class Start(msgspec.Struct, frozen=True, gc=False, tag_field="action", tag="start"):
    """An activity begins. `id` is unique while it runs; its upper half is the pid of the nix that numbered it."""

    id: int
    type: int = 0
    text: str = ""
    level: int = 0
    parent: int = 0
    fields: list[Field] = []

    def word(self, place: int) -> str:
        """One of the fields as text; empty when it is not there."""
        return str(self.fields[place]) if len(self.fields) > place else ""


class Stop(msgspec.Struct, frozen=True, gc=False, tag_field="action", tag="stop"):
    """An activity ended, in whatever way: it has no status."""

    id: int


class Result(msgspec.Struct, frozen=True, gc=False, tag_field="action", tag="result"):
    """Something about an activity."""

    id: int
    type: int = 0
    fields: list[Field] = []


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="action", tag="msg"):
    """Something that Nix says; `raw` is an error's own words, without trace and position, where it gives them."""

    msg: str = ""
    level: int = Level.INFO
    raw: str | None = msgspec.field(default=None, name="raw_msg")
    file: str | None = None
    line: int | None = None
    column: int | None = None


class SetPhase(msgspec.Struct, frozen=True, gc=False, tag_field="action", tag="setPhase"):
    """What a builder tells Nix; Nix makes a `Result` of it, but a builder may print it as well."""

    phase: str = ""


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """An action of a Nix that is newer than this file."""

    action: str
    content: dict[str, Any]


class Text(msgspec.Struct, frozen=True, gc=False):
    """A line that is no event: of ssh, of git, of a Nix that was cut off in the middle."""

    text: str


Known = Start | Stop | Result | Message | SetPhase
Event = Start | Stop | Result | Message | SetPhase | Unknown | Text

_PREFIX: Final = b"@nix "
_GLUED: Final = b"@nix {"
_KNOWN: Final[dict[str, type[Known]]] = {
    "start": Start,
    "stop": Stop,
    "result": Result,
    "msg": Message,
    "setPhase": SetPhase,
}
_decode: Callable[[bytes], Known] = msgspec.json.Decoder(Known, strict=False).decode


def parse(line: bytes) -> Event:
    """The event in one line, without its newline. Never raises."""
    if line.startswith(_PREFIX):
        line = line[5:]
    if len(line) > MAX_LINE_BYTES:
        line = _without_middle(line)
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _leniently(line)


def parse_glued(line: bytes) -> Iterator[Event]:
    """The events of a line in which two processes may have written into each other's lines."""
    event = parse(line)
    at = line.find(_GLUED, 1) if isinstance(event, Text) else -1
    if at < 0:
        yield event
        return
    yield parse(line[:at].rstrip())
    for piece in line[at:].split(_GLUED)[1:]:
        yield parse(b"{" + piece)


class LineCutter:
    """Cuts a stream of bytes into lines; holds one line of bounded length at most."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0

    def feed(self, received: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        head, newline, rest = received.partition(b"\n")
        self._hold(head)
        if not newline:
            return []
        lines = [self._take()]
        if rest:
            more = rest.split(b"\n")
            self._hold(more.pop())
            lines += more
        return lines

    def end(self) -> list[bytes]:
        """No more will come: what has no newline is a line as well."""
        return [self._take()] if self._held else []

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
            if self._held > 2 * MAX_LINE_BYTES:
                self._pieces = [_without_middle(b"".join(self._pieces))]
                self._held = len(self._pieces[0])

    def _take(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return line


_WHOLE = re.compile(rb"(?:[^\\]|\\u[0-9a-fA-F]{4}|\\[^u])*")
_OUTSIDE_ESCAPE = re.compile(rb'[^\\"u0-9a-fA-F]|[^\\"]{6}')
"""What ends no later than an escape sequence that it may be in."""


def _without_middle(line: bytes) -> bytes:
    """Beginning and end of a line, cut where no escape sequence is, so that an event with a long text still is one."""
    head, tail = _WHOLE.match(line, 0, _HEAD_BYTES), line[-_TAIL_BYTES:]
    outside = _OUTSIDE_ESCAPE.search(tail)
    return (head[0] if head else b"") + "…[cut]…".encode() + (tail[outside.end() :] if outside else tail)


def _leniently(line: bytes) -> Event:
    """What is nearly an event: other types, an unknown action, text that is no UTF-8, bare control characters."""
    if line.lstrip()[:1] != b"{":
        return _as_text(line)
    try:
        found = json.loads(line.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return _as_text(line)
    action = found.get("action")
    if not isinstance(action, str):
        return _as_text(line)
    kind = _KNOWN.get(action)
    if kind is None:
        return Unknown(action, found)
    if kind in (Start, Stop, Result) and not isinstance(_fitted(found.get("id"), int), int):
        return _as_text(line)
    return kind(**_arguments(kind, found))


def _arguments(kind: type[Known], found: dict[str, Any]) -> dict[str, Any]:
    """Those values that fit the kind's fields, or can be made to; the others are left to their defaults."""
    arguments = {}
    for field in msgspec.structs.fields(kind):
        value = found.get(field.encode_name)
        if field.name == "fields":
            if isinstance(value, list):
                arguments["fields"] = [each if isinstance(each, int) else _spelled(each) for each in value]
            continue
        wanted: Callable[[Any], Any] = int if field.type in (int, int | None) else str
        if (fitted := _fitted(value, wanted)) is not None:
            arguments[field.name] = fitted
    return arguments


def _fitted(value: Any, wanted: Callable[[Any], Any]) -> Any:
    if value is None or isinstance(value, list | dict):
        return None
    try:
        return _whole(str(value)) if wanted is str else wanted(value)
    except (ValueError, OverflowError):
        return None


def _spelled(value: Any) -> str:
    return "" if value is None else _whole(str(value))


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which no terminal and no file can take."""
    return text.encode(errors="replace").decode()


def _as_text(line: bytes) -> Text:
    return Text(line[: 4 * MAX_TEXT].decode(errors="replace")[:MAX_TEXT])
