"""The virtual table: cursor by key, wide characters, and no cell sent twice."""

from random import Random

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from nixtui.tui.paint import Line, Span, line
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.painted import changed_cells
from nixtui.tui.widgets.table import Table


class Names(App[None]):
    """A table of words and numbers."""

    def __init__(self, rows: dict[str, int]) -> None:
        super().__init__()
        self.rows = rows
        self.columns = (
            Column[tuple[str, int]]("name", "NAME", 10, lambda row: line(row[0])),
            Column[tuple[str, int]]("number", "NUMBER", 8, lambda row: line(str(row[1])), right=True),
        )
        self.words = Table(self.columns, self.row)
        self.painted: list[Region] = []

    def row(self, key: str) -> tuple[str, int] | None:
        return (key, self.rows[key]) if key in self.rows else None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        from nixtui.tui.theme.house import fitted

        return fitted(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.words

    def on_mount(self) -> None:
        refresh = self.words.refresh

        def recorded(*regions: Region, **options: bool) -> Table[tuple[str, int]]:
            self.painted += regions
            return refresh(*regions, **options)

        self.words.refresh = recorded
        self.words.show(tuple(self.rows))


def rows(count: int) -> dict[str, int]:
    return {f"row-{number}": number for number in range(count)}


async def test_the_cursor_is_a_key_and_keeps_its_line_on_the_screen() -> None:
    app = Names(rows(100))
    async with app.run_test(size=(40, 20)):
        app.words.go_to("row-30")
        line_before = app.words.cursor_row - app.words.top
        app.words.show(tuple(reversed(app.rows)))
        assert app.words.cursor == "row-30"
        assert app.words.cursor_row == 69
        assert app.words.cursor_row - app.words.top == line_before


async def test_when_the_row_under_the_cursor_goes_the_cursor_stays_at_its_place() -> None:
    app = Names(rows(10))
    async with app.run_test(size=(40, 20)):
        app.words.go_to("row-4")
        app.words.show(tuple(key for key in app.rows if key != "row-4"))
        assert app.words.cursor == "row-5"
        app.words.show(())
        assert app.words.cursor is None
        app.words.show(("row-7",))
        assert app.words.cursor == "row-7"


async def test_one_changed_cell_repaints_one_cell() -> None:
    app = Names(rows(100))
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        app.painted.clear()
        app.rows["row-3"] = 9
        app.words.rows_changed({"row-3", "row-99"})
        assert [(region.y, region.width) for region in app.painted] == [(5, 1)]


async def test_rows_that_are_not_seen_cost_nothing_and_are_right_when_they_are() -> None:
    app = Names(rows(100))
    async with app.run_test(size=(40, 20)) as pilot:
        app.words.go_to("row-60")
        await pilot.pause()
        app.words.go_to("row-0")
        await pilot.pause()
        app.painted.clear()
        app.rows["row-60"] = 12345
        app.words.rows_changed({"row-60"})
        assert app.painted == []
        app.words.go_to("row-60")
        await pilot.pause()
        strips = [strip.text for strip in app.screen._compositor.render_strips()]
        assert any("12345" in text for text in strips)


async def test_a_new_order_repaints_only_the_lines_that_show_another_row() -> None:
    app = Names(rows(100))
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        app.painted.clear()
        order = list(app.rows)
        order[10], order[11] = order[11], order[10]
        app.words.show(tuple(order))
        assert sorted(region.y for region in app.painted) == [12, 13]


@pytest.mark.parametrize("name", ["日本語のホスト名です", "ｆｕｌｌｗｉｄｔｈ", "ok", "a日", "👩‍🚀 crew"])
async def test_every_line_is_as_wide_as_the_widget_whatever_is_written(name: str) -> None:
    from nixtui.tui.paint import clean

    app = Names({"x": 1})
    app.words = Table((Column("name", "NAME", 7, lambda row: line(clean(name))),), lambda key: key)
    async with app.run_test(size=(21, 8)) as pilot:
        app.words.show(("x",))
        await pilot.pause()
        assert {app.words.render_line(y).cell_length for y in range(8)} == {21}


async def test_pages_and_ends() -> None:
    app = Names(rows(1000))
    async with app.run_test(size=(40, 20)):
        page = app.words.page
        app.words.move_pages(1)
        assert app.words.cursor_row == page
        app.words.move(10_000)
        assert app.words.cursor == "row-999"
        assert app.words.top == 1000 - page
        app.words.move(-10_000)
        assert (app.words.cursor, app.words.top) == ("row-0", 0)


async def test_fewer_rows_never_leave_the_view_past_the_end() -> None:
    app = Names(rows(1000))
    async with app.run_test(size=(40, 20)):
        app.words.go_to("row-900")
        app.words.show(tuple(list(app.rows)[895:905]))
        assert app.words.top == 0
        assert app.words.cursor == "row-900"


def test_the_cells_that_differ_cover_every_difference() -> None:
    random = Random(5)  # noqa: S311
    letters = "ab日 "

    def some() -> Line:
        return tuple(
            Span("".join(random.choices(letters, k=random.randint(1, 4)))) for _ in range(random.randint(1, 4))
        )

    def spread(spans: Line) -> list[str]:
        return [
            cell for span in spans for letter in span.text for cell in ([letter, ""] if letter == "日" else [letter])
        ]

    for _ in range(3000):
        old, new = some(), some()
        before, after = spread(old), spread(new)
        size = max(len(before), len(after))
        before += [" "] * (size - len(before))
        after += [" "] * (size - len(after))
        changed = changed_cells(old, new)
        first, count = changed or (0, 0)
        outside = [*range(first), *range(first + count, size)]
        assert [before[cell] for cell in outside] == [after[cell] for cell in outside]
