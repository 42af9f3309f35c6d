"""One line of the merged journals, and how lines are written where no colours are."""

from datetime import UTC, datetime
from enum import Enum
from operator import attrgetter
from typing import Any, Final

import msgspec

from nixtui.model.naming import one_line


class Kind(Enum):
    """What a line is: an entry of a journal, or something that nixtui has to say about them."""

    ENTRY = "entry"
    NOTE = "note"
    TROUBLE = "trouble"
    MARK = "mark"
    DROPPED = "dropped"


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """`at` is in Unix seconds by the host's clock; `order` sorts lines of all hosts, and no two have the same.

    Without cycles the garbage collector need not know 100,000 of them.
    """

    order: int
    at: float
    host: str
    message: str
    unit: str = ""
    identifier: str = ""
    pid: str = ""
    priority: int | None = None
    cursor: str = ""
    kind: Kind = Kind.ENTRY

    @property
    def source(self) -> str:
        """Who said it: the unit, or what it calls itself where that says more."""
        if self.identifier == "kernel" or not self.unit or self.unit in ("init.scope", "session.slice"):
            return self.identifier or self.unit
        return self.unit


order_of = attrgetter("order")
PRIORITY_WORDS: Final = ("emerg", "alert", "crit", "err", "warn", "note", "info", "debug")
"""Five letters at most."""


def text_line(line: LogLine) -> str:
    """As `nixtui logs` prints it and files have it: one line, nothing in it that steers a terminal."""
    moment = moment_of(line.at)
    if line.kind is not Kind.ENTRY:
        return f"{moment} {line.host or '-'} -- {_plain(line.message)}"
    word = PRIORITY_WORDS[line.priority] if line.priority is not None else "-"
    pid = f"[{line.pid}]" if line.pid else ""
    return f"{moment} {_plain(line.host)} {_plain(line.source) or '-'}{pid} {word}: {_plain(line.message)}"


def as_json(line: LogLine) -> dict[str, Any]:
    """One entry as scripts get it; the keys are a contract."""
    return {
        "at": moment_of(line.at),
        "host": line.host,
        "unit": line.unit or None,
        "identifier": line.identifier or None,
        "pid": int(line.pid) if line.pid.isascii() and line.pid.isdigit() else None,
        "priority": line.priority,
        "message": line.message,
        "cursor": line.cursor or None,
    }


def moment_of(at: float) -> str:
    """RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(text: str) -> str:
    return text if text.isprintable() else one_line(text.replace("\n", " ").replace("\t", " "))
