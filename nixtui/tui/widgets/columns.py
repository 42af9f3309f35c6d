"""Columns of a table as data, and which of them fit a width."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from nixtui.tui.paint import Line, Role, Span, fit

Row = TypeVar("Row")

GAP = 2
"""Blank cells between columns."""


class Column(msgspec.Struct, Generic[Row], frozen=True):
    """One column: how its cell is written and how much room it deserves.

    `width` is the least it needs in cells, `widest` what it takes where there is room. Columns with the highest
    `priority` are left out first; 0 is never left out. `sort` gives what rows are ordered by, if they can be.
    """

    id: str
    title: str
    width: int
    cell: Callable[[Row], Line]
    priority: int = 0
    widest: int = 0
    right: bool = False
    sort: Callable[[Row], Any] | None = None


class Placed(msgspec.Struct, Generic[Row], frozen=True):
    """A column with the width it got."""

    column: Column[Row]
    cells: int


def lay_out(columns: Sequence[Column[Row]], cells: int) -> tuple[Placed[Row], ...]:
    """The columns that fit into so many cells, with their widths, in their given order.

    What is left over goes to the columns that can use it, the most important first.
    """
    by_importance = sorted(range(len(columns)), key=lambda number: (columns[number].priority, number))
    taken: dict[int, int] = {}
    left = cells + GAP
    for number in by_importance:
        need = columns[number].width + GAP
        if columns[number].priority and need > left:
            break
        taken[number] = columns[number].width
        left -= need
    for number in by_importance:
        if number in taken and left > 0:
            more = min(left, max(0, columns[number].widest - columns[number].width))
            taken[number] += more
            left -= more
    return tuple(Placed(columns[number], taken[number]) for number in sorted(taken))


PINNED = 2
"""Columns that stay where they are while the others are moved past: without host and state a row says nothing."""


def lay_out_all(columns: Sequence[Column[Row]], cells: int, skipped: int) -> tuple[tuple[Placed[Row], ...], int]:
    """As many columns as fit in the order they are read, without `skipped` ones behind the pinned; and how many are
    still to come at the right."""
    shown: list[Column[Row]] = []
    left = cells + GAP
    rest = [*columns[:PINNED], *columns[PINNED + skipped :]]
    for column in rest:
        if column.width + GAP > left and len(shown) > PINNED:
            break
        shown.append(column)
        left -= column.width + GAP
    placed = []
    for column in shown:
        more = min(max(left, 0), max(0, column.widest - column.width))
        placed.append(Placed(column, column.width + more))
        left -= more
    return tuple(placed), len(rest) - len(shown)


def head(placed: Sequence[Placed[Row]], sorted_by: tuple[str, bool] | None) -> Line:
    """The line of titles; the column rows are ordered by carries an arrow, up for descending."""
    spans: list[Span] = []
    for each in placed:
        column = each.column
        arrow = ""
        if sorted_by is not None and sorted_by[0] == column.id:
            arrow = "▴" if sorted_by[1] else "▾"
        title = Span(column.title + arrow, Role.ACCENT if arrow else Role.HEAD)
        spans.extend((*fit((title,), each.cells, right=column.right), Span(" " * GAP)))
    return tuple(spans[:-1])


def body(placed: Sequence[Placed[Row]], row: Row, cells: int) -> Line:
    """The line of one row, filled up to `cells`."""
    spans: list[Span] = []
    for each in placed:
        column = each.column
        if spans:
            spans[-1] = Span(spans[-1].text + " " * GAP, spans[-1].role)
        spans += fit(column.cell(row), each.cells, right=column.right)
    return fit(tuple(spans), cells)
