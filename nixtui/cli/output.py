"""Printing: data to standard output, narration to standard error, and never a control character from a host."""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from nixtui.model.naming import printable


def print_json(value: Any) -> None:
    """One JSON document; times must be given as RFC 3339 already."""
    import json

    json.dump(value, sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write("\n")
    sys.stdout.flush()


Tell = Callable[[str], None]
"""Hears a line for the person watching."""


def narrate(text: str) -> None:
    """A line for the person watching. That nobody does any more is no reason to stop what is under way."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Left-aligned columns, as wide as their widest cell; text from hosts is made printable."""
    Table(headings).add(rows)


class Table:
    """A table that goes on: its heading once, above the first rows, and columns that only ever become wider.

    `least` are the cells that columns have from the beginning, so that later rows stand below earlier ones.
    """

    def __init__(self, headings: Sequence[str], least: Sequence[int] = ()) -> None:
        self._widths = list(least) or [0] * len(headings)
        self._heading: Sequence[Sequence[str]] = (headings,)

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Print these rows below the others."""
        table = [*self._heading, *([plain(cell) for cell in row] for row in rows)]
        self._heading = ()
        self._widths = [max([width, *map(len, column)]) for width, *column in zip(self._widths, *table, strict=True)]
        for row in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, self._widths, strict=True)).rstrip())
        sys.stdout.flush()  # a pipe would keep what somebody watches


def plain(text: str) -> str:
    """`text` as a terminal may show it."""
    return printable(text) if not text.isprintable() else text


def shown(value: object) -> str:
    """A value in a table; unknown is a dash."""
    return "–" if value is None else str(value)


def rfc3339(moment: float | None) -> str | None:
    """Unix seconds as scripts read them: UTC, to the second."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of_day(moment: float) -> str:
    """Unix seconds as `03:12:41Z`, for what is read while it happens."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%SZ")


def age(seconds: float | None) -> str:
    """`9m`, `3d`: an age in one unit, never negative."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(count: float) -> str:
    """Bytes as people read them: `4.2 MiB`, with a sign when negative."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
