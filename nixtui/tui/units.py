"""Numbers as people read them: ages, sizes, shares and small drawings of them, in widths that do not jump."""

from collections.abc import Sequence
from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_BARS = "▁▂▃▄▅▆▇█"


def age(seconds: float) -> str:
    """`45s`, `9m`, `31h`, `12d`, `3y`: one unit, at most three characters up to 99 years."""
    seconds = max(0.0, seconds)
    if seconds < 100:
        return f"{int(seconds)}s"
    if seconds < 100 * _MINUTE:
        return f"{int(seconds // _MINUTE)}m"
    if seconds < 48 * _HOUR:
        return f"{int(seconds // _HOUR)}h"
    if seconds < 999 * _DAY:
        return f"{int(seconds // _DAY)}d"
    return f"{int(seconds // (365 * _DAY))}y"


def seen(seconds: float) -> str:
    """How long ago a host was seen, in steps: a figure that changes every second on every row tells nobody anything.

    `now` below ten seconds, steps of ten up to a minute and a half, then as `age`.
    """
    if seconds < 10:
        return "now"
    return f"{int(seconds // 10) * 10}s" if seconds < 100 else age(seconds)


def span(seconds: float) -> str:
    """A duration in words for sentences: `45 s`, `9 min`, `31 h`, `12 days`."""
    text = age(seconds)
    words = {"s": "s", "m": "min", "h": "h", "d": "days", "y": "years"}
    return f"{text[:-1]} {words[text[-1]]}" if text != "1d" else "1 day"


def countdown(seconds: float) -> str:
    """`01:21`, never below zero."""
    left = max(0, int(seconds + 0.999))
    return f"{left // 60:02}:{left % 60:02}"


def took(seconds: float) -> str:
    """How long something took: `0.6 s`, `14 s`, `2m14s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{int(seconds)} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}m{int(seconds % _MINUTE):02}s"
    return f"{int(seconds // _HOUR)}h{int(seconds % _HOUR // _MINUTE):02}m"


def size(count: float) -> str:
    """Bytes in binary units: `512 B`, `4.2 MiB`, `31 GiB`."""
    value = abs(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1000 or unit == "TiB":
            break
        value /= 1024
    digits = 0 if unit == "B" or value >= 100 else 1
    return f"{'−' if count < 0 else ''}{value:.{digits}f} {unit}"


def signed_size(count: float) -> str:
    """A change in bytes: `+4.2 MiB`, `−512 B`, `±0 B`."""
    if count == 0:
        return "±0 B"
    return size(count) if count < 0 else f"+{size(count)}"


def percent(fraction: float) -> str:
    """`41%`."""
    return f"{min(max(fraction, 0.0), 9.99):.0%}"


def bar(fraction: float, cells: int) -> tuple[str, str]:
    """A bar of `cells` as its full part, to half a cell, and the rule that remains."""
    halves = round(min(max(fraction, 0.0), 1.0) * cells * 2)
    full = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return full, "─" * (cells - len(full))


def spark(values: Sequence[float], top: float) -> str:
    """One small column per value, the tallest at `top`."""
    return "".join(_BARS[min(7, max(0, round(value / top * 7)))] if top > 0 else _BARS[0] for value in values)


def moment(at: float) -> str:
    """A point in time in UTC: `2026-11-20 14:03`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def clock(at: float, *, seconds: bool = True) -> str:
    """The time of day in UTC: `03:12:41Z`, or `03:12Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%SZ" if seconds else "%H:%MZ")
