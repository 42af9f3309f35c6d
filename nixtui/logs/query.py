"""Which lines of a journal are wanted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nixtui.logs.line import LogLine
from nixtui.model.target import Ago, AtTime, BadTarget, parse_target
from nixtui.remote.journal import options_for

PRIORITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By number, as syslog(3) has them."""


class BadQuery(ValueError):
    """What was typed is no priority or no moment; the message says what would be."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Nothing given means everything. `priority` is the least urgent that is wanted (0 to 7); times are Unix seconds;
    `grep` is plain text, found in either case when it has no capitals.
    """

    units: tuple[str, ...] = ()
    priority: int | None = None
    since: float | None = None
    until: float | None = None
    grep: str = ""

    def options(self, *, times: bool = True, grep: bool = True) -> tuple[str, ...]:
        """As the options of journalctl; following from a place goes without times."""
        return options_for(
            units=self.units,
            priority=self.priority,
            since=self.since if times else None,
            until=self.until if times else None,
            grep=self.grep if grep else "",
        )

    def words(self) -> list[str]:
        """As the options of `nixtui logs`."""
        words = [word for unit in self.units for word in ("--unit", unit)]
        words += ["--priority", PRIORITIES[self.priority]] if self.priority is not None else []
        words += ["--since", written(self.since)] if self.since is not None else []
        words += ["--until", written(self.until)] if self.until is not None else []
        return words + (["--grep", self.grep] if self.grep else [])

    def found_in(self, message: str) -> bool:
        """Whether the text that is looked for is in a message."""
        if not self.grep:
            return True
        return self.grep in (message.lower() if self.grep == self.grep.lower() else message)

    def takes(self, line: LogLine) -> bool:
        """Whether a line that is known already is one of those wanted."""
        units = [unit if "." in unit else f"{unit}.service" for unit in self.units]
        return (
            (not units or line.unit in units)
            and (self.priority is None or (line.priority is not None and line.priority <= self.priority))
            and (self.since is None or line.at >= self.since)
            and (self.until is None or line.at <= self.until)
            and self.found_in(line.message)
        )

    def narrows(self, other: "LogQuery") -> bool:
        """Whether every line of this one is also one of the other."""
        return (
            (not other.units or (bool(self.units) and set(self.units) <= set(other.units)))
            and (other.priority is None or (self.priority is not None and self.priority <= other.priority))
            and (other.since is None or (self.since is not None and self.since >= other.since))
            and (other.until is None or (self.until is not None and self.until <= other.until))
            and other.grep in ("", self.grep)
        )


def parse_priority(text: str) -> int:
    """`err`, `error`, `3`. Raises `BadQuery`."""
    word = {"error": "err", "warn": "warning", "critical": "crit", "panic": "emerg"}.get(text.lower(), text.lower())
    if word in PRIORITIES:
        return PRIORITIES.index(word)
    if len(word) == 1 and word in "01234567":
        return int(word)
    raise BadQuery(f'"{text}" is no priority; write one of {", ".join(PRIORITIES)}, or 0 to 7')


def parse_moment(text: str, now: datetime) -> float:
    """`10m`, `2h`, `03:00`, `@03:00`, `2026-11-20T14:00` as Unix seconds; the zone is that of `now`.

    Raises `BadQuery`.
    """
    try:
        found = parse_target(f"@{text.strip().removeprefix('@')}", now=now)
    except BadTarget as error:
        raise BadQuery(str(error).replace("; a host can only go back to what it ran", "")) from error
    match found:
        case Ago(seconds):
            return now.timestamp() - seconds
        case AtTime(moment=at):
            return at
    raise AssertionError(found)


def written(moment: float) -> str:
    """A moment as `parse_moment` reads it, in UTC."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
