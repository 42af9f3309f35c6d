"""Which columns fit: what matters on call stays longest."""

import pytest

from nixtui.tui import hosts
from nixtui.tui.paint import plain, width
from nixtui.tui.widgets.columns import GAP, Column, body, head, lay_out
from tests.tui.cockpit import NOW, MemoryCockpit

FLEET = MemoryCockpit().fleet
COLUMNS = hosts.columns(FLEET.names())


def names(cells: int) -> list[str]:
    return [placed.column.id for placed in lay_out(COLUMNS, cells)]


def test_at_eighty_columns_what_is_wrong_since_when_and_with_what_are_there() -> None:
    assert names(75) == ["host", "state", "since", "generation", "age", "drift", "seen"]


def test_columns_come_back_in_order_of_importance() -> None:
    for narrow, wide in zip(range(30, 200, 10), range(40, 210, 10), strict=True):
        assert set(names(narrow)) <= set(names(wide))


@pytest.mark.parametrize("cells", range(45, 220, 5))
def test_no_row_is_wider_than_the_table(cells: int) -> None:
    placed = lay_out(COLUMNS, cells)
    assert sum(each.cells for each in placed) + GAP * (len(placed) - 1) <= cells
    for name in FLEET.names()[:40]:
        row = hosts.HostRow(FLEET.host(name), FLEET.status(name), NOW)
        assert width(body(placed, row, cells)) == cells


def test_what_cannot_be_left_out_is_there_even_when_it_does_not_fit() -> None:
    assert names(10) == ["host", "state"]


def test_the_column_rows_are_ordered_by_is_marked() -> None:
    placed = lay_out(COLUMNS, 120)
    assert "STATE▾" in plain(head(placed, ("state", False)))
    assert "STATE▴" in plain(head(placed, ("state", True)))


def test_titles_stand_over_their_cells() -> None:
    columns = (
        Column[int]("a", "LEFT", 6, lambda row: (hosts.said(str(row)),)),
        Column[int]("b", "RIGHT", 7, lambda row: (hosts.said(str(row)),), right=True),
    )
    placed = lay_out(columns, 30)
    assert plain(head(placed, None)) == "LEFT      RIGHT"
    assert plain(body(placed, 42, 15)) == "42           42"
