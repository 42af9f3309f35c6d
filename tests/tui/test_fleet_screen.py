"""Screen 1, as a person uses it."""

import asyncio

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Input

from nixtui.fleet.state import FleetState
from nixtui.model.host import Host
from nixtui.model.status import HostState, HostStatus
from nixtui.operations.policy import Policy
from nixtui.tui.notices import Level
from nixtui.tui.screens.fleet import SLOWEST_S, SORTED_S
from tests.tui.cockpit import ENVIRONMENTS, NOW, MemoryCockpit, change, healthy, synthetic_fleet
from tests.tui.screen import SIZES, line_with, opened, press, shown, until, until_shown, write


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_wrong_is_on_the_first_lines_at_every_size(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, _, _):
        lines = shown(app).splitlines()
        assert "shop" in lines[0]
        assert "PROD" in lines[0]
        assert "416/420" in lines[0]
        assert "6 problems" in lines[0]
        assert any(
            each in lines[1]
            for each in (
                "PROD 365/369 answer · 2 failing · 1 unreachable · 2 locked out · 1 to reboot",
                "PROD 365/369 ▲2 ✖1 ?2 ◆1",
            )
        )
        assert "STAGING 42/42" in lines[1]
        assert "HOST" in lines[3]
        assert "edge-2" in lines[4]
        assert "✖ host key changed" in lines[4]
        assert "▲ failed: nginx" in lines[5]
        assert all(len(line) <= size[0] for line in lines)
        assert "r roll back" in lines[-1]
        assert "? help" in lines[-1]


async def test_the_header_counts_the_problems_that_z_shows() -> None:
    async with opened() as (app, pilot, _):
        assert "6 problems" in shown(app).splitlines()[0]
        await press(pilot, "z")
        await until_shown(pilot, "6 of 420")


async def test_the_selected_host_is_at_the_side_where_there_is_room() -> None:
    async with opened(size=(200, 50)) as (app, pilot, _):
        await press(pilot, "j")
        await until_shown(pilot, "failed: nginx, for 9 min")
        await until_shown(pilot, "unknown directive")
    async with opened(size=(120, 40)) as (app, pilot, _):
        await press(pilot, "j")
        assert "unknown directive" not in shown(app)
        await press(pilot, "v")
        await until_shown(pilot, "unknown directive")
        await press(pilot, "v")
        await until(pilot, lambda: "unknown directive" not in shown(app))


async def test_a_terminal_too_small_says_so_and_recovers() -> None:
    async with opened(size=(50, 12)) as (app, pilot, _):
        await until_shown(pilot, "at least 60 × 15")
        await pilot.resize_terminal(120, 40)
        await until_shown(pilot, "edge-2")
        assert "at least 60" not in shown(app)


async def test_a_filter_works_as_one_types_and_says_what_is_wrong_with_it() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "slash")
        await write(pilot, "tag:role=db")
        await until_shown(pilot, "70 of 420")
        assert "web-2 " not in shown(app)
        app.screen.query_one(Input).value = "tag:role=db is:purple"
        await until_shown(pilot, 'a host is never "purple"')
        await until_shown(pilot, "70 of 420")  # what was shown before stays
        await press(pilot, "escape")
        await until(pilot, lambda: "tag:role=db" not in shown(app))
        await until_shown(pilot, "web-2 ")


async def test_a_filter_stays_after_enter_and_esc_takes_it_away() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "slash")
        await write(pilot, "cache-3")
        await press(pilot, "enter")
        await until_shown(pilot, "cache-3 ─ 11 of 420")
        await press(pilot, "escape")
        await until(pilot, lambda: "11 of 420" not in shown(app))


async def test_typing_never_triggers_an_action() -> None:
    async with opened() as (app, pilot, cockpit):
        for opener in ("slash", "colon"):
            await press(pilot, opener)
            await press(pilot, *"rRqS1y7zp", "ctrl+a", "ctrl+r", "space", "ctrl+@")
            assert app.screen is app.fleet_screen
            assert not app.fleet_screen.table.marks.names
            assert not app.fleet_screen.is_paused
            assert cockpit.asked == []
            await press(pilot, "escape")


async def test_the_cursor_keeps_its_host_when_the_order_changes() -> None:
    async with opened() as (app, pilot, cockpit):
        table = app.fleet_screen.table
        await press(pilot, "j", "j")
        assert table.cursor == "web-3"
        line = shown(app).splitlines().index(line_with(app, "web-3"))
        for name in ("app-1", "app-2"):
            cockpit.fleet.apply(name, change(cockpit.fleet.status(name), state=HostState.HOST_KEY_CHANGED))
        cockpit.now += 2
        await until(pilot, lambda: table.order[0] == "app-1", "app-1 first")
        assert table.cursor == "web-3"
        assert table.cursor_row == 4
        assert line_with(app, "web-3").startswith("│▌")
        assert line in range(len(shown(app).splitlines()))


async def test_rows_do_not_move_up_into_the_place_of_a_host_that_got_well() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "z", "j")
        table = app.fleet_screen.table
        assert table.cursor == "web-2"
        cockpit.fleet.apply(
            "web-2", change(cockpit.fleet.status("web-2"), state=HostState.UP, facts={"failed_units": ()})
        )
        cockpit.now += 2
        await until(pilot, lambda: "● up" in line_with(app, "web-2"), "web-2 is up and still there")
        assert table.cursor == "web-2"
        await press(pilot, "k")
        cockpit.fleet.apply("web-2", change(cockpit.fleet.status("web-2"), facts={"load": (9.0, 9.0, 9.0)}))
        cockpit.now += 2
        await until(pilot, lambda: "web-2" not in table.order, "it goes when the cursor left")


async def test_marks_hidden_by_a_filter_are_counted_and_stop_an_act() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "space", "space")
        await until_shown(pilot, "2 marked")
        await press(pilot, "slash")
        await write(pilot, "web-3")
        await press(pilot, "enter")
        await until_shown(pilot, "2 marked, 1 hidden")
        await press(pilot, "r")
        await until_shown(pilot, "a marked host is hidden by the filter")
        assert app.screen is app.fleet_screen
        await press(pilot, "u", "r")
        await until_shown(pilot, "Roll back web-3")


async def test_a_range_of_marks() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "space", "j", "j", "ctrl+@")
        assert app.fleet_screen.table.marks.names == {"web-2", "web-3", "cache-3", "db-3"}


async def test_a_disabled_action_says_why_and_it_is_kept_in_the_messages() -> None:
    cockpit = MemoryCockpit(policy=Policy(read_only=True, environments=ENVIRONMENTS))
    async with opened(cockpit) as (app, pilot, _):
        await until_shown(pilot, "READ-ONLY")
        await press(pilot, "j", "r")
        await until_shown(pilot, "r roll back: nixtui runs read-only")
        assert [notice.level for notice in app.session.notices] == [Level.WARNING]


async def test_an_environment_that_is_read_only_is_so_without_the_flag() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "colon")
        await write(pilot, "env archive")
        await press(pilot, "enter")
        await until_shown(pilot, "env:archive")
        assert "ARCHIVE" in shown(app).splitlines()[0]
        await press(pilot, "r")
        await until_shown(pilot, "environment archive is read-only")


async def test_the_display_can_be_held_still() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "p")
        await until_shown(pilot, "PAUSED")
        cockpit.fleet.apply("web-2", change(cockpit.fleet.status("web-2"), facts={"generation": 777}))
        await pilot.pause(0.3)
        assert "777" not in shown(app)
        await press(pilot, "p")
        await until_shown(pilot, "777")
        await until_shown(pilot, "1 hosts changed meanwhile")


async def test_a_host_is_found_by_command_even_when_filtered_out() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "z", "colon")
        await write(pilot, "host app-30")
        await press(pilot, "enter")
        await until(pilot, lambda: app.fleet_screen.table.cursor == "app-30")


async def test_tab_completes_a_command() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "colon")
        await write(pilot, "act")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: app.current_mode == "activity")


async def test_sorting_by_a_column_and_turning_it_round() -> None:
    async with opened() as (app, pilot, _):
        table = app.fleet_screen.table
        for _ in range(2):
            await press(pilot, "S")
            await write(pilot, "load")
            await press(pilot, "enter")
            await until(pilot, lambda: app.screen is app.fleet_screen)
        assert (table.listing.sort_column, table.listing.descending) == ("load", True)
        await until_shown(pilot, "LOAD▴")


async def test_an_empty_fleet_says_what_to_do_next() -> None:
    cockpit = MemoryCockpit(FleetState([]))
    cockpit.notes = ("flake: no such attribute nixosConfigurations",)
    async with opened(cockpit) as (_, pilot, _):
        await until_shown(pilot, "No host is known yet")
        await until_shown(pilot, "nixtui init")
        await until_shown(pilot, "no such attribute")
        cockpit.fleet.set_hosts([Host(name="new-1", address="new-1")])
        await until_shown(pilot, "new-1")


async def test_a_filter_that_matches_nothing_says_how_to_get_back() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "slash")
        await write(pilot, "nothing-like-it")
        await until_shown(pilot, "No host matches nothing-like-it")


HOSTILE = "web-\x1b[2J\x1b]0;owned\x07[red]日本"


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_hosts_stay_inside_their_cells(size: tuple[int, int]) -> None:
    fleet = FleetState([Host(name=HOSTILE, address="\u202ehost", environment="[/]", tags={"a\n": "\x00b"})])
    status = healthy(HOSTILE, 7)
    fleet.apply(
        HOSTILE,
        change(
            status,
            state=HostState.DEGRADED,
            reason="\x1b[31m\x07" * 50 + "日本語" * 400,
            facts={
                "failed_units": ("\x1b[1m.service",) * 99,
                "nixos_version": "[b]\n" * 60,
                "kernel_running": "\x9b2J",
            },
        ),
    )
    async with opened(MemoryCockpit(fleet), size=size) as (app, pilot, _):
        await until_shown(pilot, "web-[red]日本")
        assert "\x1b" not in shown(app)
        frames = [line for line in shown(app).splitlines() if line.startswith("│")]
        assert len(frames) > 5
        for strip in app.screen._compositor.render_strips():
            assert strip.cell_length == size[0]


async def test_nothing_that_was_not_seen_lately_is_called_well() -> None:
    cockpit = MemoryCockpit(synthetic_fleet(60))
    async with opened(cockpit) as (app, pilot, _):
        cockpit.now = NOW + 120
        await until(pilot, lambda: "● up" not in shown(app), "no host is up any more")
        await until_shown(pilot, "? was up")


async def test_a_user_key_map_moves_a_key_everywhere() -> None:
    async with opened(keymap={"roll_back": "f6"}) as (app, pilot, _):
        await until_shown(pilot, "f6 roll back")
        await press(pilot, "j", "r")
        assert app.screen is app.fleet_screen
        await press(pilot, "f6")
        await until_shown(pilot, "Roll back web-2")


async def test_the_mouse_selects_sorts_and_presses_keys() -> None:
    async with opened() as (app, pilot, _):
        table = app.fleet_screen.table
        await pilot.click(table, offset=(5, 4))
        assert table.cursor == "web-3"
        await pilot.click(table, offset=(5, 1))
        await until(pilot, lambda: table.listing.sort_column == "host")
        await pilot.click("Footer", offset=(2, 0))
        await until_shown(pilot, "Roll back web-3")


async def test_the_wheel_takes_the_cursor_along() -> None:
    async with opened() as (app, pilot, _):
        table = app.fleet_screen.table
        for _ in range(5):
            await pilot._post_mouse_events([MouseScrollDown], table, (5, 5))
        await pilot.pause()
        assert table.top > 0
        assert table.cursor in table.seen


async def test_looking_at_a_host_asks_for_it_more_closely() -> None:
    async with opened() as (_, pilot, cockpit):
        await press(pilot, "j", "j", "j")
        await until(pilot, lambda: cockpit.focused and cockpit.focused[-1] == ("cache-3",))
        assert ("web-2",) not in cockpit.focused  # the cursor only flew past it


async def test_news_from_a_task_that_is_older_than_the_app_is_shown() -> None:
    """Such a task has not the app's context, in which Textual's timers die without a word."""
    cockpit = MemoryCockpit(FleetState([]))
    go = asyncio.Event()

    async def watch() -> None:
        await go.wait()
        cockpit.fleet.set_hosts([Host(name="early-1", address="early-1")])

    watching = asyncio.create_task(watch())
    async with opened(cockpit) as (_, pilot, _):
        go.set()
        await until_shown(pilot, "early-1")
    await watching


async def test_hosts_that_come_while_another_screen_is_in_front_fit_their_column() -> None:
    cockpit = MemoryCockpit(FleetState([]))
    async with opened(cockpit) as (_, pilot, _):
        await press(pilot, "7")
        cockpit.fleet.set_hosts([Host(name="a-host-with-quite-a-name", address="x")])
        await pilot.pause(0.3)
        await press(pilot, "1")
        await until_shown(pilot, "a-host-with-quite-a-name")


async def test_a_typed_rollback_is_stopped_by_what_stops_the_key() -> None:
    cockpit = MemoryCockpit(policy=Policy(read_only=True, environments=ENVIRONMENTS))
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j", "colon")
        await write(pilot, "rollback")
        await press(pilot, "enter")
        await until_shown(pilot, ":rollback: nixtui runs read-only")
        assert app.screen is app.fleet_screen


async def test_what_happened_without_being_asked_for_is_told_and_kept() -> None:
    cockpit = MemoryCockpit()
    cockpit.notes = ("operation 8f2a (Roll back web-1) was cut off: reverted",)
    async with opened(cockpit) as (app, pilot, _):
        await until_shown(pilot, "was cut off: reverted")
        assert [each.text for each in app.session.notices] == list(cockpit.notes)


async def test_what_comes_between_the_first_screen_and_listening_is_not_missed(monkeypatch) -> None:
    cockpit = MemoryCockpit(synthetic_fleet(3))
    subscribe = cockpit.fleet.subscribe

    def late(wake):
        cockpit.fleet.apply("web-1", change(cockpit.fleet.status("web-1"), facts={"failed_units": ("late.service",)}))
        return subscribe(wake)

    monkeypatch.setattr(cockpit.fleet, "subscribe", late)
    async with opened(cockpit) as (_, pilot, _):
        await until_shown(pilot, "failed: late")


async def test_until_somebody_does_anything_the_worst_is_on_top_and_in_sight() -> None:
    """Hosts answer one after the other: who is worst is known last."""
    names = [f"app-{number}" for number in range(40)] + ["web-9"]
    fleet = FleetState([Host(name=name, address="10.0.0.1") for name in names])
    async with opened(MemoryCockpit(fleet), (80, 24)) as (app, pilot, cockpit):
        for name in names[:-1]:
            fleet.apply(name, healthy(name, 7))
        await until_shown(pilot, "● up")
        broken = change(healthy("web-9", 7), state=HostState.DEGRADED, facts={"failed_units": ("nginx.service",)})
        fleet.apply("web-9", broken)
        cockpit.now += 5  # a list that is looked at is not sorted anew at every change
        await until(pilot, lambda: "▌ web-9" in shown(app), "the worst, under the cursor")
        await press(pilot, "j")
        held = app.fleet_screen.table.cursor
        fleet.apply("web-9", healthy("web-9", 7))
        cockpit.now += 5
        await until(pilot, lambda: "failed" not in shown(app))
        assert app.fleet_screen.table.cursor == held == "app-0"


async def test_once_all_hosts_have_answered_the_cursor_stays_on_its_host() -> None:
    cockpit = MemoryCockpit()
    fleet = cockpit.fleet
    for name in fleet.names():
        fleet.apply(name, healthy(name, 7))
    async with opened(cockpit) as (app, pilot, _):
        first = app.fleet_screen.table.cursor
        assert first is not None
        app.fleet_screen.tick(NOW)
        app.fleet_screen.tick(NOW + SORTED_S)
        worse = next(name for name in reversed(fleet.names()) if name != first)
        fleet.apply(worse, change(fleet.status(worse), facts={"failed_units": ("nginx.service",)}))
        cockpit.now += 5  # a list that is looked at is not sorted anew at every change
        await until(pilot, lambda: app.fleet_screen.table.order[0] == worse, "the worst first")
        assert app.fleet_screen.table.cursor == first


async def test_what_answers_just_before_the_cursor_is_let_go_does_not_push_it_down() -> None:
    cockpit = MemoryCockpit()
    fleet = cockpit.fleet
    for name in fleet.names():
        fleet.apply(name, healthy(name, 7))
    async with opened(cockpit) as (app, pilot, _):
        app.fleet_screen.tick(NOW)
        fleet.apply("web-9", change(fleet.status("web-9"), facts={"failed_units": ("nginx.service",)}))
        app.fleet_screen.tick(NOW + 1)
        cockpit.now += 5
        await until(pilot, lambda: "▌ web-9" in shown(app), "the worst, under the cursor")


async def test_one_host_that_never_answers_does_not_keep_the_cursor_from_being_let_go() -> None:
    cockpit = MemoryCockpit()
    fleet = cockpit.fleet
    for name in fleet.names():
        fleet.apply(name, healthy(name, 7))
    fleet.apply("queue-1", HostStatus(state=HostState.CONNECTING, since=NOW))
    async with opened(cockpit) as (app, pilot, _):
        first = app.fleet_screen.table.cursor
        app.fleet_screen.tick(NOW)
        app.fleet_screen.tick(NOW + SLOWEST_S)
        fleet.apply("web-9", change(fleet.status("web-9"), facts={"failed_units": ("nginx.service",)}))
        cockpit.now += 5
        await until(pilot, lambda: app.fleet_screen.table.order[0] == "web-9", "the worst first")
        assert app.fleet_screen.table.cursor == first


async def test_generations_of_the_same_hosts_are_as_they_were_left() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "2")
        await until_shown(pilot, "● running")
        await press(pilot, "j", "j")
        left = app.screen.table.cursor  # type: ignore[attr-defined]
        await press(pilot, "1", "2")
        await until_shown(pilot, "web-2 ▸ Generations")
        assert app.screen.table.cursor == left  # type: ignore[attr-defined]


async def test_generations_are_those_of_what_is_selected_now() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "2")
        await until_shown(pilot, "web-2 ▸ Generations")
        await press(pilot, "1", "j", "2")
        await until(pilot, lambda: "web-2 ▸ Generations" not in shown(app), "another host")
        await press(pilot, "1", "space", "j", "space", "2")
        await until_shown(pilot, "1 of 2")
