"""Screen 2: what a host can go back to, and what would be different."""

import pytest

from nixtui.model.status import HostState
from tests.tui.cockpit import MemoryCockpit, change, synthetic_fleet, system
from tests.tui.screen import SIZES, line_with, opened, press, shown, until, until_shown


@pytest.mark.parametrize("size", SIZES)
async def test_the_running_generation_comes_first_and_the_diff_is_from_it(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        assert "412" in line_with(app, "● running")
        await until_shown(pilot, "This is what runs.")
        await press(pilot, "j")
        await until_shown(pilot, "412 → 411")
        await until_shown(pilot, "closure")
        await until_shown(pilot, "nginx")
        assert "PROD" in shown(app).splitlines()[0]


async def test_any_two_can_be_compared() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        await press(pilot, "j", "j", "space", "j", "j")
        await until_shown(pilot, "410 → 408")
        await press(pilot, "escape")
        await until_shown(pilot, "412 → 408")


async def test_marks_that_differ_are_said_in_words() -> None:
    cockpit = MemoryCockpit()
    cockpit.fleet.apply(
        "web-2",
        change(
            cockpit.fleet.status("web-2"),
            facts={"booted_system": system("web-2", 408), "profile_system": system("web-2", 411)},
        ),
    )
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "running, not the profile")
        assert "○ profile, boots next" in line_with(app, "411")
        assert "◇ booted" in line_with(app, "408")
        assert "gone from the store" in line_with(app, "405")


async def test_a_generation_that_is_gone_is_no_target() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        await press(pilot, "j", "j", "j", "j", "j", "j", "j", "r")
        await until_shown(pilot, "generation 405 is gone from the store")


async def test_rolling_back_from_here_goes_to_the_selected_one() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        await press(pilot, "j", "j", "j", "r")
        await until_shown(pilot, "412 → 409")


async def test_a_host_that_does_not_answer_shows_the_reason_and_the_next_step_and_can_be_left() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "j", "j", "enter")
        await until_shown(pilot, "no route to host")
        await until_shown(pilot, "check the network, then ctrl+r")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)


async def test_waiting_says_for_what_and_for_how_long_and_blocks_nothing() -> None:
    async with opened() as (app, pilot, cockpit):
        cockpit.gate.clear()
        await press(pilot, "j", "enter")
        await until_shown(pilot, "asking for the generations")
        cockpit.now += 3
        await until_shown(pilot, "asking for the generations … 3s")
        await press(pilot, "7")
        await until(pilot, lambda: app.current_mode == "activity")
        await press(pilot, "minus")
        await until(pilot, lambda: app.current_mode == "generations")
        cockpit.gate.set()
        await until_shown(pilot, "● running")


async def test_several_hosts_are_gone_through_one_by_one() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "space", "space", "enter", "m")
        await until_shown(pilot, "web-2  1 of 2")
        await press(pilot, "right_square_bracket")
        await until_shown(pilot, "web-3  2 of 2")
        await press(pilot, "left_square_bracket")
        await until_shown(pilot, "web-2  1 of 2")


async def test_a_host_that_switches_is_asked_again() -> None:
    cockpit = MemoryCockpit(synthetic_fleet(60))
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        status = cockpit.fleet.status("web-2")
        facts = {"current_system": system("web-2", 413), "profile_system": system("web-2", 413), "generation": 413}
        cockpit.fleet.apply("web-2", change(status, facts=facts, state=HostState.UP))
        await until(pilot, lambda: "413" in line_with(app, "● running"))


async def test_without_a_host_it_shows_the_one_under_the_cursor() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "2")
        await until_shown(pilot, "╭─ web-2 ─")


async def test_another_host_begins_at_what_it_runs_and_not_at_the_same_number() -> None:
    cockpit = MemoryCockpit()
    facts = {"current_system": system("web-3", 409), "profile_system": system("web-3", 409)}
    cockpit.fleet.apply("web-3", change(cockpit.fleet.status("web-3"), facts=facts))
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j", "space", "space", "enter", "m")
        await until_shown(pilot, "● running")
        await press(pilot, "j", "right_square_bracket")
        await until(pilot, lambda: "● running" in line_with(app, "│▌"))
        assert "409" in line_with(app, "│▌")


async def test_a_running_system_that_is_no_generation_is_said_and_compared_from() -> None:
    cockpit = MemoryCockpit()
    cockpit.fleet.apply("web-2", change(cockpit.fleet.status("web-2"), facts={"current_system": system("other", 1)}))
    async with opened(cockpit) as (_, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "runs none of them ─ 12")
        await until_shown(pilot, "what runs → 412")
