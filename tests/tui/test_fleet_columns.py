"""What the fleet says of each host: since when, how it differs, what was done last; all columns, and where one is."""

import msgspec
import pytest

from nixtui.fleet.verdict import verdict
from nixtui.model.status import DiskUse
from nixtui.operations.journal import Journal
from nixtui.operations.report import Outcome
from nixtui.tui import hosts
from nixtui.tui.drift import drift_line, drift_weight
from nixtui.tui.groups import head_key
from nixtui.tui.last_actions import LastAction, action_line
from nixtui.tui.paint import plain, width
from nixtui.tui.screens.host_panel import host_panel
from tests.tui.cockpit import KEY_IS_ENOUGH, NOW, MemoryCockpit, change, generations_of, healthy, system
from tests.tui.screen import line_with, opened, press, shown, until, until_shown, write


def row(*, is_outlier: bool = False, last: LastAction | None = None, **facts: object) -> hosts.HostRow:
    fleet = MemoryCockpit().fleet
    status = change(healthy("web-9", 400), facts=facts)
    return hosts.HostRow(fleet.host("web-9"), status, NOW, is_outlier, last=last)


OTHER = system("web-9", 399)


@pytest.mark.parametrize(
    ("facts", "is_outlier", "text"),
    [
        ({}, False, "="),
        ({"current_system": None}, False, "–"),
        ({"booted_system": OTHER}, False, "↻ booted"),
        ({"booted_system": OTHER, "reboot_needed": True}, False, "◆ reboot"),
        ({"profile_system": OTHER}, False, "≠ profile"),
        ({}, True, "⇅ revision"),
        ({"profile_system": OTHER, "reboot_needed": True}, True, "≠⇅◆ profile"),
        ({"booted_system": OTHER}, True, "⇅ revision"),
    ],
)
def test_drift_has_a_glyph_and_a_word(facts: dict[str, object], is_outlier: bool, text: str) -> None:
    assert plain(drift_line(row(is_outlier=is_outlier, **facts))) == text


def test_a_host_that_is_well_is_up_since_it_booted_however_short_one_looks() -> None:
    fleet = MemoryCockpit().fleet
    status = change(healthy("web-9", 400), since=NOW - 5, booted_at=NOW - 8 * 86400)
    assert hosts.since(hosts.HostRow(fleet.host("web-9"), status, NOW, False)) == NOW - 8 * 86400
    failing = change(status, facts={"failed_units": ("nginx.service",)})
    assert hosts.since(hosts.HostRow(fleet.host("web-9"), failing, NOW, False)) == NOW - 5


def test_what_differs_most_is_first() -> None:
    assert drift_weight(row(profile_system=OTHER)) < drift_weight(row(is_outlier=True)) < drift_weight(row())
    assert drift_weight(row(current_system=None)) is None


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (None, "–"),
        (LastAction("rollback", NOW - 600, Outcome.COMMITTED, "ops-2"), "rollback 03:02 ok (ops-2)"),
        (LastAction("deploy", NOW - 12 * 86400, Outcome.FAILED), "deploy 12d failed"),
        (LastAction("reboot", NOW - 5, None, "ops-\x1b[2J2"), "reboot 03:12 … (ops-2)"),
    ],
)
def test_the_last_action_says_when_how_and_by_whom(action: LastAction | None, text: str) -> None:
    assert plain(action_line(action, NOW)) == text


async def test_a_rollback_appears_in_the_row_and_at_the_side_by_itself(tmp_path) -> None:
    async with Journal(tmp_path, operator="ops-2", origin="laptop", token="t") as journal:
        cockpit = MemoryCockpit(policy=KEY_IS_ENOUGH, journal=journal)
        async with opened(cockpit, size=(200, 50)) as (app, pilot, _):
            await press(pilot, "j", "r")
            await until_shown(pilot, "412 → 411")
            await press(pilot, "right", "enter")
            await until_shown(pilot, "✔ committed in")
            await press(pilot, "escape", "escape", "escape")
            await until_shown(pilot, "rollback 03:12 ok (ops-2)")
            await until(pilot, lambda: "by ops-2: rollback" in shown(app), "said at the side")


async def test_the_panel_fits_forty_columns() -> None:
    known = MemoryCockpit().fleet
    status = known.status("web-2")
    last = LastAction("rollback", NOW - 600, Outcome.REVERTED, "ops-2")
    full = hosts.HostRow(known.host("web-2"), status, NOW, True, loads=(None, 1.0, 3.0) * 20, last=last)
    lines = host_panel(full, 38, generations_of("web-2", status), "7b1c0dea55")
    text = [plain(each).rstrip() for each in lines]
    assert max(width(each) for each in lines) <= 38
    assert text[0] == "▲ failed: nginx, for 9 min"
    assert any(each.startswith("before    gen 411") for each in text)
    assert "peers     ⇅ most run rev 7b1c0dea" in text
    assert any(each.startswith("last      rollback 03:02 reverted") for each in text)


async def test_a_panel_can_be_had_at_eighty_columns() -> None:
    async with opened(size=(80, 24)) as (app, pilot, _):
        await press(pilot, "j", "v")
        await until_shown(pilot, "for 9 min")
        assert "web-2" in line_with(app, "▌")


async def test_wide_shows_all_columns_and_moves_to_those_that_do_not_fit() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "w")
        await until_shown(pilot, "columns ─╮")
        seen = {title for title in ("SEEN", "KERNEL", "NIXOS", "LAST ACTION", "UNITS") if title in shown(app)}
        for _ in range(20):
            await press(pilot, "right")
            seen |= {title for title in ("SEEN", "KERNEL", "NIXOS", "LAST ACTION", "UNITS") if title in shown(app)}
            await until_shown(pilot, "HOST")
            await until_shown(pilot, "STATE")
        assert seen == {"SEEN", "KERNEL", "NIXOS", "LAST ACTION", "UNITS"}
        await press(pilot, *["left"] * 20)
        await until_shown(pilot, "SINCE")
        await press(pilot, "w", "right")
        await until(pilot, lambda: "KERNEL" not in shown(app))


@pytest.mark.parametrize("key", ["v", "w"])
async def test_the_room_of_a_panel_that_goes_is_the_table_s_at_once(key: str) -> None:
    async with opened(size=(200, 50)) as (app, pilot, _):
        assert "KERNEL" not in shown(app)
        await press(pilot, key)
        await until_shown(pilot, "KERNEL")
        await press(pilot, key)
        await until(pilot, lambda: "KERNEL" not in shown(app))


async def test_the_line_above_counts_and_a_click_filters() -> None:
    async with opened(size=(160, 40)) as (app, pilot, cockpit):
        assert "STAGING 42/42 answer · 1 drifting" in shown(app).splitlines()[1]
        name = next(name for name, host in cockpit.fleet.hosts().items() if host.environment == "staging")
        cockpit.fleet.apply(name, change(cockpit.fleet.status(name), facts={"failed_units": ("x.service",)}))
        await until(pilot, lambda: "STAGING 42/42 answer · 1 failing" in shown(app))
        at = shown(app).splitlines()[1].index("STAGING")
        await pilot.click("#summary", offset=(at + 2, 0))
        await until(pilot, lambda: app.fleet_screen.environment == "staging")
        await pilot.click("#summary", offset=(at + 4, 0))
        await until(pilot, lambda: app.fleet_screen.environment is None)


async def test_the_header_says_where_one_is_and_esc_goes_back_along_it() -> None:
    async with opened(size=(160, 40)) as (app, pilot, _):
        assert "▸ Generations" not in shown(app).splitlines()[0]
        await press(pilot, "j", "enter")
        await until(pilot, lambda: "Fleet ▸ web-2 ▸ Generations" in shown(app).splitlines()[0])
        await press(pilot, "minus")
        await until(pilot, lambda: app.current_mode == "fleet")
        await press(pilot, "minus")
        await until(pilot, lambda: app.current_mode == "generations")
        await press(pilot, "escape")
        await until(pilot, lambda: app.current_mode == "fleet")
        await press(pilot, "7")
        await until(pilot, lambda: "Fleet ▸ Activity" in shown(app).splitlines()[0])


async def test_a_double_click_opens_and_the_panel_scrolls() -> None:
    async with opened(size=(200, 50)) as (app, pilot, _):
        await pilot.click("#hosts", offset=(6, 4), times=2)
        await until(pilot, lambda: app.current_mode == "generations")
        await pilot.click("Footer", offset=(shown(app).splitlines()[-1].index("7 Activity"), 0))
        await until(pilot, lambda: app.current_mode == "activity")


async def test_a_double_click_on_a_heading_closes_it() -> None:
    async with opened() as (app, pilot, _):
        app.fleet_screen.group_by("tag:role")
        app.fleet_screen.table.go_to(head_key("app"))
        await until_shown(pilot, "▾ app")
        line = next(number for number, each in enumerate(shown(app).splitlines()) if "▾ app" in each)
        await pilot.click(offset=(8, line), times=2)
        await until_shown(pilot, "▸ app")


async def test_the_copied_names_are_those_of_hosts() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "slash")
        await write(pilot, "cache-3")
        await press(pilot, "enter", "ctrl+a", "c")
        await until_shown(pilot, "Copied 11 names")
        assert "\0" not in app.clipboard


FULL_BOOT = (DiskUse("/", 24, 76), DiskUse("/boot", 97, 3))


def test_a_disk_without_room_is_what_is_wrong_with_a_host() -> None:
    full = row(disks=FULL_BOOT)
    state, reason = verdict(full.status.facts)
    full = msgspec.structs.replace(full, status=change(full.status, state=state, reason=reason))
    found = hosts.condition(full)
    assert (found.severity, found.words) == (hosts.Severity.FAILED, "/boot is 97% full")
    panel = "\n".join(map(plain, host_panel(full, 60)))
    assert panel.count("/boot is 97% full") == 1


def test_the_disk_of_a_host_is_its_fullest_and_the_panel_says_which() -> None:
    [column] = [each for each in hosts.columns(["web-9"]) if each.id == "disk"]
    assert plain(column.cell(row(disks=FULL_BOOT))) == "97%"
    assert plain(column.cell(row(disks=(DiskUse("/", 61, 39), DiskUse("/boot", 1, 99))))) == "61%"
    panel = "\n".join(map(plain, host_panel(row(disks=FULL_BOOT), 60)))
    assert "/boot" in panel and "97%" in panel
