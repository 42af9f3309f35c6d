"""The host page through keys, on the embedded fleet: real scripts, real SSH, the demo's own service manager."""

import asyncio

import pytest
from textual.pilot import Pilot

from nixtui.operations.report import Outcome
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.confirming import PlanDialog
from nixtui.tui.screens.host_page import HostPage
from nixtui.tui.screens.progress import ProgressScreen
from tests.tui.embedded import embedded
from tests.tui.screen import line_with, press, shown, until, until_shown, write

KEY_ONLY = {"environments": {"prod": {"confirm": "key"}}}


async def to_page(app: NixtuiApp, pilot: Pilot[None], name: str) -> HostPage:
    """Open the page of a host, once the host has been seen."""
    fleet = app.session.cockpit.fleet
    await until(pilot, lambda: name in fleet and fleet.status(name).observed_at is not None, f"{name} seen")
    await write(pilot, f":open {name}")
    await press(pilot, "enter")
    await until(pilot, lambda: isinstance(app.screen, HostPage), "the host page")
    page = app.screen
    assert isinstance(page, HostPage)
    return page


async def to_tab(pilot: Pilot[None], page: HostPage, title: str) -> None:
    while page.tab.title != title:
        await press(pilot, "tab")


async def outcome(app: NixtuiApp, pilot: Pilot[None]) -> Outcome:
    """How the last operation ended."""
    operation = app.session.cockpit.operations.begun()[-1]
    for _ in range(400):
        if operation.report is not None:
            return operation.report.outcome
        await pilot.pause()
        await asyncio.sleep(0.05)
    raise AssertionError(f"it never ended\n{shown(app)}")


async def leave(app: NixtuiApp, pilot: Pilot[None]) -> None:
    """Back to the page: the message goes first, then the progress screen."""
    for _ in range(3):
        if isinstance(app.screen, HostPage):
            return
        await press(pilot, "escape")
        await pilot.pause()
    assert isinstance(app.screen, HostPage), shown(app)


async def confirm(app: NixtuiApp, pilot: Pilot[None]) -> None:
    """Say yes to the dialog in front, once it has a plan."""
    dialog = app.screen
    assert isinstance(dialog, PlanDialog)
    await until(pilot, lambda: dialog.decision.why_not() is None, "a plan that may begin")
    await press(pilot, "tab", "enter")
    await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the progress screen")


async def test_i_opens_the_page_and_esc_leaves_it() -> None:
    async with embedded("db-2") as (app, pilot, _):
        fleet = app.session.cockpit.fleet
        await until(pilot, lambda: "db-2" in fleet and fleet.status("db-2").observed_at is not None)
        await press(pilot, "i")
        await until_shown(pilot, "Systems and jobs")
        await until_shown(pilot, "borgbackup-job-shop")
        await until(pilot, lambda: "boots next 388" in shown(app), "the boot default")
        await until_shown(pilot, "▲ failed: borgbackup-job-shop")
        await press(pilot, "escape")
        assert not isinstance(app.screen, HostPage)


async def test_the_host_command_still_moves_the_cursor_and_open_opens_the_page() -> None:
    async with embedded("db-1", "db-2") as (app, pilot, _):
        await to_page(app, pilot, "db-2")
        await press(pilot, "escape")
        await write(pilot, ":host db-1")
        await press(pilot, "enter")
        assert not isinstance(app.screen, HostPage)
        assert app.fleet_screen.table.cursor == "db-1"
        await write(pilot, ":open nobody")
        await press(pilot, "enter")
        await until_shown(pilot, 'there is no host "nobody"')


async def test_tabs_are_switched_by_keys_and_mouse_and_ask_only_when_shown() -> None:
    async with embedded("db-2") as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        assert page.units.is_wanted  # nobody asked for units yet
        await press(pilot, "]")
        await until_shown(pilot, "postgresql.service")
        assert not page.units.is_wanted and page.store.is_wanted
        await press(pilot, "[", "shift+tab")
        assert page.tab.title == "Journal"
        await until_shown(pilot, "systemd[1]:")
        bar = line_with(app, "Overview")
        await pilot.click("TabBar", offset=(bar.index("Timers") + 1, 0))
        assert page.tab.title == "Timers"
        await until_shown(pilot, "pgbackrest")


async def test_failed_units_come_first_and_enter_shows_the_last_lines() -> None:
    async with embedded("db-2") as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "borgbackup-job-shop.service")
        assert page.units.rows.cursor == "borgbackup-job-shop.service"
        assert "7" in line_with(app, "▲ failed (exit-code)") or "h" in line_with(app, "▲ failed (exit-code)")
        await press(pilot, "enter")
        await until_shown(pilot, "Failed to create/acquire the lock")
        await press(pilot, "escape")
        await until(pilot, lambda: "Failed to create" not in shown(app), "the list alone")
        assert isinstance(app.screen, HostPage)


async def test_typing_into_the_filter_acts_on_nothing() -> None:
    async with embedded("db-2") as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "postgresql.service")
        await press(pilot, "/")
        await write(pilot, "pgbouncer t")  # t restarts, where nobody types
        assert isinstance(app.screen, HostPage)
        await press(pilot, "backspace", "backspace", "enter")
        await until(pilot, lambda: page.units.rows.order == ["pgbouncer.service"], "one unit")
        await press(pilot, "escape")
        await until(pilot, lambda: len(page.units.rows.order) > 5, "all units")


@pytest.mark.parametrize(("key", "verb", "after"), [("t", "Restart", "active"), ("X", "Stop", "inactive")])
async def test_a_unit_is_changed_through_the_dialog(key: str, verb: str, after: str) -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        page = await to_page(app, pilot, "stage-web-1")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "nginx.service")
        page.units.rows.go_to("nginx.service")
        await press(pilot, key)
        await until_shown(pilot, f"{verb} nginx.service on stage-web-1")
        dialog = app.screen
        assert isinstance(dialog, PlanDialog)
        assert getattr(app.focused, "id", None) == "cancel"
        await until_shown(pilot, "see what became of it")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.COMMITTED
        await leave(app, pilot)
        found = await app.session.cockpit.upkeep.unit("stage-web-1", "nginx.service")
        assert found.unit.active == after


async def test_cancel_is_where_one_is_and_does_nothing() -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        page = await to_page(app, pilot, "stage-web-1")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "nginx.service")
        await press(pilot, "t")
        await until_shown(pilot, "on stage-web-1")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, HostPage), "the page")
        assert list(app.session.cockpit.operations.begun()) == []


async def test_the_failed_backup_is_run_again_from_the_timers() -> None:
    async with embedded("db-2", overrides=KEY_ONLY) as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        await to_tab(pilot, page, "Timers")
        await until_shown(pilot, "✖ exit-code 2")
        assert page.timers.unit == "borgbackup-job-shop.service"
        await press(pilot, "t")
        await until_shown(pilot, "Restart borgbackup-job-shop.service on db-2")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.COMMITTED
        await leave(app, pilot)
        await until(pilot, lambda: not app.session.cockpit.fleet.status("db-2").facts.failed_units, "nothing failed")
        await until(pilot, lambda: "✖" not in line_with(app, "borgbackup-job-shop"), "the timer well again")


async def test_garbage_is_collected_with_a_preview_and_the_way_back_stays() -> None:
    async with embedded("stage-db-1") as (app, pilot, _):
        page = await to_page(app, pilot, "stage-db-1")
        await to_tab(pilot, page, "Store")
        await until_shown(pilot, "never deleted")
        await press(pilot, "m")
        await until_shown(pilot, "about 2.")
        await press(pilot, "D")
        await press(pilot, *["backspace"] * 3)
        await write(pilot, "1h")
        await press(pilot, "enter")
        await until_shown(pilot, "frees about")
        await until_shown(pilot, "generations that go: 146")
        await until_shown(pilot, "148 (the way back)")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.COMMITTED
        known = await app.session.cockpit.generations("stage-db-1")
        assert [each.number for each in known.items][:2] == [149, 148]
        assert 146 not in [each.number for each in known.items]


async def test_a_broken_path_is_found_and_repaired() -> None:
    async with embedded("cache-1", overrides=KEY_ONLY) as (app, pilot, _):
        await to_page(app, pilot, "cache-1")
        await press(pilot, "V")
        await until_shown(pilot, "Verify the store of cache-1")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.FAILED
        report = app.session.cockpit.operations.begun()[-1].report
        assert report is not None and "1 broken" in (report.targets[0].detail or "")
        await leave(app, pilot)
        await press(pilot, "P")
        await until_shown(pilot, "Repair the store of cache-1")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.COMMITTED


async def test_a_host_that_somebody_is_changing_is_left_alone() -> None:
    async with embedded("build-1", overrides=KEY_ONLY) as (app, pilot, _):
        page = await to_page(app, pilot, "build-1")
        await until_shown(pilot, "ops-2@laptop-2")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "harmonia.service")
        page.units.rows.go_to("harmonia.service")
        await press(pilot, "t")
        await until_shown(pilot, "Restart harmonia.service")
        await confirm(app, pilot)
        assert await outcome(app, pilot) is Outcome.REFUSED
        await until_shown(pilot, "ops-2@laptop-2 is changing this host")


async def test_read_only_says_so_and_opens_nothing() -> None:
    async with embedded("stage-web-1", read_only=True) as (app, pilot, _):
        page = await to_page(app, pilot, "stage-web-1")
        await to_tab(pilot, page, "Units")
        await until_shown(pilot, "nginx.service")
        for key in ("t", "a", "X", "D", "O", "V", "P"):
            await press(pilot, key)
            await until_shown(pilot, "nixtui runs read-only")
            assert isinstance(app.screen, HostPage)


async def test_the_page_of_a_host_that_nobody_reaches_says_so_and_can_be_left() -> None:
    async with embedded("cache-2") as (app, pilot, _):
        fleet = app.session.cockpit.fleet
        await until(pilot, lambda: "cache-2" in fleet and fleet.status("cache-2").reason, "a reason")
        await press(pilot, "i")
        await until_shown(pilot, "unreachable")
        page = app.screen
        assert isinstance(page, HostPage)
        for title in ("Units", "Generations", "Timers", "Store", "Journal"):
            await to_tab(pilot, page, title)
            await until_shown(pilot, "ctrl+r asks again")
        await press(pilot, "escape", "escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, HostPage), "the fleet")


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 50)])
async def test_every_tab_fits(size: tuple[int, int]) -> None:
    async with embedded("db-2", size=size) as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        for title in ("Overview", "Units", "Generations", "Timers", "Store", "Journal"):
            await to_tab(pilot, page, title)
            await pilot.pause()
            assert "db-2" in line_with(app, "Timers")
            assert page.tab.region.height >= 8
            assert all(len(text) <= size[0] for text in shown(app).splitlines())
        await press(pilot, "shift+tab", "shift+tab", "shift+tab", "shift+tab", "enter")
        await until_shown(pilot, "borgbackup-job-shop.service")


async def test_an_idle_tab_paints_nothing() -> None:
    async with embedded("db-2") as (app, pilot, _):
        page = await to_page(app, pilot, "db-2")
        await to_tab(pilot, page, "Timers")
        await until_shown(pilot, "pgbackrest")
        painted: list[object] = []
        table = page.timers.rows
        await pilot.pause()
        table.refresh = lambda *regions, **_: painted.append(regions)  # type: ignore[assignment]
        page.timers.draw(app.session.cockpit.clock())
        page.timers.draw(app.session.cockpit.clock())
        assert painted == []
