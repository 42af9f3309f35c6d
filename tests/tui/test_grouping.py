"""The fleet under headings: who belongs together, and who among them is odd."""

import pytest

from nixtui.tui.fleet_list import FleetList
from nixtui.tui.groups import grouping, groupings, head_key, is_head
from nixtui.tui.hosts import Severity, condition
from nixtui.tui.paint import plain
from nixtui.tui.screens.host_panel import group_panel
from tests.tui.cockpit import NOW, MemoryCockpit, change, synthetic_fleet
from tests.tui.screen import SIZES, line_with, opened, press, shown, until, until_shown, write


def uniform(count: int = 60, *, odd: tuple[str, ...] = ()) -> MemoryCockpit:
    """All run one revision but the odd ones."""
    fleet = synthetic_fleet(count)
    for name in fleet.names():
        facts = {"configuration_revision": "7b1c0dea55" if name in odd else "98fe21c4d0"}
        fleet.apply(name, change(fleet.status(name), facts=facts))
    return MemoryCockpit(fleet)


def test_a_fleet_can_be_grouped_by_the_tags_it_has() -> None:
    found = [each.id for each in groupings(synthetic_fleet(60))]
    assert found == ["environment", "revision", "state", "tag:env", "tag:role"]


@pytest.mark.parametrize("size", SIZES)
async def test_outliers_are_named_in_the_heading_and_groups_in_trouble_come_first(size: tuple[int, int]) -> None:
    async with opened(uniform(odd=("db-4",)), size=size) as (app, pilot, _):
        await press(pilot, "t")
        await write(pilot, "role")
        await press(pilot, "enter")
        await until_shown(pilot, "by tag role")
        app.fleet_screen.table.go_to(head_key("db"))
        await until_shown(pilot, "⇅ 1 on 7b1c0dea: db-4")
        order = [key for key in app.fleet_screen.table.order if is_head(key)]
        assert order == [head_key(each) for each in ("app", "cache", "db", "edge", "web", "queue")]
        assert size[0] < 100 or "9 on 98fe21c4" in line_with(app, "▾ db")
        assert all(len(each) <= size[0] for each in shown(app).splitlines())


async def test_enter_closes_a_group_and_space_marks_all_of_it() -> None:
    async with opened(uniform()) as (app, pilot, _):
        table = app.fleet_screen.table
        app.fleet_screen.group_by("tag:role")
        table.go_to(head_key("web"))
        await press(pilot, "enter")
        await until_shown(pilot, "▸ web")
        assert "web-2" not in table.order
        await press(pilot, "r")
        await until_shown(pilot, "no host is selected")
        await press(pilot, "escape", "space")
        await until(pilot, lambda: "10 marked" in line_with(app, "▸ web"))
        assert len(app.fleet_screen.selection().hosts) == 10
        assert app.fleet_screen.selection().hidden == 0
        table.go_to(head_key("web"))
        await press(pilot, "space")
        assert not table.marks.names
        app.fleet_screen.go_to_host("web-2")
        assert table.cursor == "web-2"


async def test_no_heading_is_ever_taken_for_a_host() -> None:
    async with opened(uniform(), size=(200, 50)) as (app, pilot, cockpit):
        table = app.fleet_screen.table
        app.fleet_screen.group_by("revision")
        await press(pilot, "ctrl+a")
        assert table.marks.names == set(cockpit.fleet.names())
        await press(pilot, "u", "g")
        assert is_head(table.cursor)
        await until_shown(pilot, "60 on 98fe21c4")
        await press(pilot, "c", "y", "ctrl+r", "r", "R", "ctrl+@", "j", "space", "j", "j", "ctrl+@")
        assert len(table.marks.names) == 4
        assert all(name in cockpit.fleet for name in table.marks.names)
        assert cockpit.asked == []


async def test_a_host_that_changes_moves_to_its_group_and_the_heading_counts_it() -> None:
    async with opened(uniform()) as (app, pilot, cockpit):
        app.fleet_screen.group_by("revision")
        await until_shown(pilot, "98fe21c4  60 hosts")
        for name in ("web-7", "web-8"):
            cockpit.fleet.apply(
                name, change(cockpit.fleet.status(name), facts={"configuration_revision": "44d0aa19c3"})
            )
        cockpit.now += 2
        await until_shown(pilot, "98fe21c4  58 hosts")
        await press(pilot, "G")
        await until_shown(pilot, "44d0aa19  2 hosts")
        app.fleet_screen.group_by(None)
        await until(pilot, lambda: not any(map(is_head, app.fleet_screen.table.order)))


async def test_kept_by_difference_is_as_grouped_anew() -> None:
    cockpit = uniform(120)
    async with opened(cockpit) as (app, _, _):
        listing = app.fleet_screen.table.listing
        listing.group_by(grouping("state"))
        listing.rebuild(NOW)
        for number, name in enumerate(cockpit.fleet.names()):
            failed = ("a.service",) if number % 3 == 0 else ()
            cockpit.fleet.apply(name, change(cockpit.fleet.status(name), facts={"failed_units": failed}))
            listing.update({name}, NOW)
        kept = listing.order()
        listing.rebuild(NOW)
        assert kept == listing.order()


def test_a_host_on_another_revision_than_its_peers_says_so() -> None:
    cockpit = uniform(odd=("db-4",))
    row = FleetList(cockpit.fleet, ()).row("db-4", NOW)
    assert row.is_outlier
    assert condition(row).severity is Severity.OUTLIER
    listing = FleetList(cockpit.fleet, ())
    listing.group_by(grouping("tag:role"))
    listing.rebuild(NOW)
    assert listing.groups is not None
    text = [plain(each).rstrip() for each in group_panel(listing.groups.get(head_key("db")), 40)]
    assert "⇅ 1 on 7b1c0dea" in text
    assert max(map(len, text)) <= 40
