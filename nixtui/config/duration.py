"""Durations as `nixtui.toml` writes them: `"90s"`, `"10m"`, `"1h30m"`. Inside they are seconds."""

import math
import re
from typing import NewType

from nixtui.config.value import BadValue, describe, is_number
from nixtui.model.naming import printable

Limit = NewType("Limit", float)
"""A time that something may take, in seconds; more than zero."""

Pause = NewType("Pause", float)
"""A time between two things, in seconds; zero for none."""

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,6}}){unit})?" for unit in _UNITS))
_LONGEST_S = 4 * _UNITS["w"]
"""Longer than any wait that somebody wants; a slip such as 90000h would silently mean never."""

_EXAMPLES = 'write for example "90s", "10m" or "1h30m"'


def parse_limit(value: object) -> Limit:
    """The seconds of a TOML value such as `"90s"`. Raises `BadValue`, also for zero."""
    seconds = _seconds(value)
    if seconds == 0:
        raise BadValue("no time at all", 'write at least "1s"')
    return Limit(seconds)


def parse_pause(value: object) -> Pause:
    """As `parse_limit`; `"0s"` is none."""
    return Pause(_seconds(value))


def write_duration(seconds: float) -> str:
    """What `parse_pause` reads back: `90.0` is `"1m30s"`."""
    rest, text = math.ceil(seconds), ""
    for unit in "hms":
        amount, rest = divmod(rest, _UNITS[unit])
        text += f"{amount}{unit}" if amount else ""
    return text or "0s"


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value if 0 < value < _LONGEST_S else 90
        raise BadValue("a duration needs its unit", f'write "{number:.0f}s", "{number:.0f}m" or "{number:.0f}h"')
    if not isinstance(value, str):
        raise BadValue(f"expected a duration, got {describe(value)}", _EXAMPLES)
    match = _DURATION.fullmatch(value)
    if not value or match is None:
        raise BadValue(f"{printable(value)} is no duration", f'write "{value}s"' if is_number(value) else _EXAMPLES)
    seconds = sum(int(amount or 0) * unit for amount, unit in zip(match.groups(), _UNITS.values(), strict=True))
    if seconds > _LONGEST_S:
        raise BadValue(f"{printable(value)} is too long", "write at most four weeks")
    return float(seconds)
