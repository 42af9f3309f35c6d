"""Printing: data to standard output, narration to standard error, and never a control character from a host."""

import sys
from collections.abc import Iterable, Sequence
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


def narrate(text: str) -> None:
    """A line for the person watching. That nobody does any more is no reason to stop what is under way."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Left-aligned columns, as wide as their widest cell; text from hosts is made printable."""
    table = [list(headings), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def plain(text: str) -> str:
    """`text` as a terminal may show it."""
    return printable(text) if not text.isprintable() else text


def shown(value: object) -> str:
    """A value in a table; unknown is a dash."""
    return "–" if value is None else str(value)


def rfc3339(moment: float | None) -> str | None:
    """Unix seconds as scripts read them: UTC, to the second."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
