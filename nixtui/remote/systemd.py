"""What `systemctl show` prints, read: blocks of properties, points in time, spans of time."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed

_SPAN: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))?(y|month|w|d|h|min|ms|us|s)(?: |\Z)")
_SECONDS: Final = {
    "y": 31_557_600.0, "month": 2_629_800.0, "w": 604_800.0, "d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0,
    "ms": 1e-3, "us": 1e-6,
}  # fmt: skip
"""systemd.time(7): a year is 365.25 days, a month a twelfth of that."""

Properties = Mapping[str, str]


def blocks(lines: Sequence[str]) -> Iterator[Properties]:
    """The properties of each unit; blocks are separated by an empty line, in no certain order of keys."""
    block: dict[str, str] = {}
    for text in lines:
        key, is_property, value = text.partition("=")
        if is_property:
            block[key] = value
        elif not text and block:
            yield block
            block = {}
    if block:
        yield block


def moment(text: str) -> float | None:
    """`Fri 2026-11-27 00:00:00 UTC` in Unix seconds; `None` for nothing, `n/a`, and another zone than UTC."""
    try:
        return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def span(text: str) -> float | None:
    """`1d 2h 3.5s` in seconds; `None` for `infinity` and whatever else is none."""
    found = list(_SPAN.finditer(text))
    if not found or "".join(each[0] for each in found) != text:
        return None
    return sum(float(f"{each[1]}.{each[2] or 0}") * _SECONDS[each[3]] for each in found)


def whole(text: str | None) -> int | None:
    """A number, unless systemd says that there is none (`[not set]`, 2^64-1)."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    return int(text)


class Parts:
    """An answer in parts, each after a line `#nixtui-NAME PART`. Raises `BadAnswer` unless it is there to its end."""

    def __init__(self, host: str, name: str, completed: Completed, what: str) -> None:
        mark = f"#nixtui-{name} "
        self._parts: dict[str, list[str]] = {}
        current: list[str] = []
        for text in completed.stdout.split("\n"):
            if text.startswith(mark):
                current = self._parts.setdefault(text.removeprefix(mark), [])
            else:
                current.append(text)
        if "begin" not in self._parts or "end" not in self._parts:
            said = completed.stderr.strip().splitlines()
            why = f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"
            raise BadAnswer(host, f"could not tell {what}{why}")
        values = dict(text.partition(" ")[::2] for text in self._parts["begin"])
        self.clock = _number(values.get("clock"))
        self.uptime = _number(values.get("uptime"))

    def __getitem__(self, part: str) -> list[str]:
        return self._parts.get(part, [])

    def values(self, part: str = "begin") -> Mapping[str, str]:
        """Lines of `KEY VALUE`."""
        return dict(text.partition(" ")[::2] for text in self[part])

    def since(self, monotonic_us: str | None) -> float | None:
        """A point of the monotonic clock in Unix seconds; 0 is never."""
        count = whole(monotonic_us)
        return None if not count or not self.uptime else self.clock - self.uptime + count / 1e6


def _number(text: str | None) -> float:
    return float(text) if text and re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) else 0.0
