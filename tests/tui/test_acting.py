"""Acting on many, by keys, on the embedded fleet: commands, reboots, requests to armed hosts, locks, leaving."""

import asyncio

from textual.pilot import Pilot

from nixtui.operations.events import Note
from nixtui.operations.operation import Operation
from nixtui.operations.report import Outcome
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.answers import AnswersScreen
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, until, until_shown, write

KEY = {"environments": {"prod": {"confirm": "key"}}}
WAITING = {**KEY, "activation": {"revert_after": "150s", "health_timeout": "100s", "health": ["sleep 80"]}}
"""A health command that takes so long that somebody has time to decide."""


def begun(app: NixtuiApp) -> list[Operation]:
    return list(app.session.cockpit.operations.begun())


async def until_answering(app: NixtuiApp, pilot: Pilot[None], *names: str) -> None:
    fleet = app.session.cockpit.fleet
    await until(pilot, lambda: all(fleet.status(name).facts.current_system for name in names), f"{names} answer")


async def until_ended(app: NixtuiApp, pilot: Pilot[None]) -> None:
    await wait_long(pilot, lambda: begun(app) and begun(app)[-1].report is not None)


async def wait_long(pilot: Pilot[None], condition, seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await pilot.pause(0.05)


async def run_on_all(pilot: Pilot[None], command: str) -> None:
    await press(pilot, "ctrl+a", "x")
    pilot.app.screen._prompt.query_one("Input").value = command
    await press(pilot, "enter")
    await until_shown(pilot, "no secrets in it")
    await press(pilot, "right", "enter")


async def test_a_command_on_marked_hosts_puts_equal_answers_together_the_odd_ones_first() -> None:
    async with embedded("web-1", "web-2", "stage-web-1", overrides=KEY) as (app, pilot, _):
        await until_answering(app, pilot, "web-1", "web-2", "stage-web-1")
        await run_on_all(pilot, "hostname | grep -c stage; hostname | grep -q web-")
        await until_ended(app, pilot)
        assert isinstance(app.screen, AnswersScreen)
        await until_shown(pilot, "web-1 web-2")
        rows = [row for row in shown(app).splitlines() if "✔ done" in row and "web" in row]
        assert ["stage-web-1" in row for row in rows] == [True, False]
        await until_shown(pilot, "1 host, exit 0")
        footer = shown(app).splitlines()[-1]
        assert "h hosts" in footer and "undo" not in footer and "extend" not in footer
        await press(pilot, "h")
        await until_shown(pilot, "done in")
        await press(pilot, "h", "y")
        assert app.clipboard.startswith("nixtui run stage-web-1 web-1 web-2 -- sh -c 'hostname")


async def test_typing_a_command_acts_on_nothing_and_the_dialog_names_hosts_and_command() -> None:
    async with embedded("web-1", "stage-web-1", overrides=KEY) as (app, pilot, _):
        await until_answering(app, pilot, "web-1", "stage-web-1")
        await press(pilot, "ctrl+a", "x")
        await write(pilot, "rbqx")
        assert begun(app) == [] and app.screen is app.fleet_screen
        await press(pilot, "enter")
        await until_shown(pilot, "Run on 2 hosts")
        text = shown(app)
        assert "as the login user, for at most 60 s: rbqx" in text
        assert text.count("Run on 2 hosts") == 2  # what it is, and what the choice is called
        assert "FROM" not in text
        assert "web-1" in text and "stage-web-1" in text
        assert app.focused is not None and app.focused.id == "cancel"
        await press(pilot, "enter")
        assert begun(app) == []
        await press(pilot, "x", "up")
        assert app.screen._prompt.query_one("Input").value == "rbqx"


async def test_stopping_a_command_ends_it_on_the_host() -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await run_on_all(pilot, "echo begun; sleep 3217")
        await until_shown(pilot, "begun")
        await press(pilot, "X")
        await until_shown(pilot, "The command is ended on the hosts")
        await press(pilot, "right", "enter")
        await until_ended(app, pilot)
        assert begun(app)[0].report.targets[0].outcome is Outcome.UNKNOWN
        await wait_long(pilot, lambda: not running("sleep 3217"), 10)


def running(command: str) -> list[str]:
    from pathlib import Path

    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if process.read_bytes().replace(b"\0", b" ").decode().strip() == command:
                found.append(process.parent.name)
        except OSError:
            continue
    return found


async def test_read_only_refuses_commands_and_reboots_and_says_why() -> None:
    async with embedded("stage-web-1", read_only=True) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        for key in ("x", "b", "L"):
            await press(pilot, key)
            await until_shown(pilot, "nixtui runs read-only")
            await press(pilot, "escape")
        assert app.screen is app.fleet_screen


async def test_reboot_comes_back_in_another_boot_and_is_verified() -> None:
    async with embedded("stage-web-1", "stage-db-1") as (app, pilot, _):
        fleet = app.session.cockpit.fleet
        await until_answering(app, pilot, "stage-web-1", "stage-db-1")
        before = fleet.status("stage-web-1").facts.boot_id
        await press(pilot, "ctrl+a", "b")
        await until_shown(pilot, "1. reboot, in 2 waves")
        await press(pilot, "right", "enter")
        await until_ended(app, pilot)
        report = begun(app)[0].report
        assert report.outcome is Outcome.COMMITTED
        await wait_long(pilot, lambda: fleet.status("stage-web-1").facts.boot_id not in (None, before))
        await until_shown(pilot, "✔ done")


async def test_a_locked_host_is_not_rebooted_and_its_lock_can_be_broken() -> None:
    async with embedded("build-1", overrides=KEY) as (app, pilot, _):
        fleet = app.session.cockpit.fleet
        await wait_long(pilot, lambda: fleet.status("build-1").facts.lock is not None)
        await press(pilot, "b")
        await until_shown(pilot, "locked by ops-2@laptop-2")
        await press(pilot, "escape", "v")
        await until_shown(pilot, "L breaks it")
        await press(pilot, "L")
        await until_shown(pilot, "Break the lock of build-1")
        await press(pilot, "right", "enter")
        await until_ended(app, pilot)
        assert begun(app)[0].report.outcome is Outcome.COMMITTED
        await wait_long(pilot, lambda: fleet.status("build-1").facts.lock is None)


async def roll_back(pilot: Pilot[None]) -> None:
    await press(pilot, "r")
    await until_shown(pilot, "Roll back")
    await until(pilot, lambda: pilot.app.screen.decision.why_not() is None, "the plan")
    await press(pilot, "right", "enter")
    await wait_long(pilot, lambda: "health" in shown(pilot.app) or "verifying" in shown(pilot.app))


def notes(app: NixtuiApp) -> list[str]:
    return [each.text for each in begun(app)[0].events if isinstance(each, Note)]


async def test_confirming_by_hand_does_not_wait_for_the_rest() -> None:
    async with embedded("stage-web-1", overrides=WAITING) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await roll_back(pilot)
        await wait_long(pilot, lambda: begun(app)[0].why_not("stage-web-1", "confirm by hand") is None)
        await press(pilot, "Y")
        await until_shown(pilot, "Confirm by hand?")
        assert app.focused is not None and app.focused.id == "no"
        await press(pilot, "right", "enter")
        await until_ended(app, pilot)
        report = begun(app)[0].report.targets[0]
        assert report.outcome is Outcome.COMMITTED
        assert report.seconds is not None and report.seconds < 60
        assert "the operator asks to confirm by hand" in notes(app)


async def test_taking_one_host_back_at_once() -> None:
    async with embedded("stage-web-1", overrides=WAITING) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        before = app.session.cockpit.fleet.status("stage-web-1").facts.current_system
        await roll_back(pilot)
        await wait_long(pilot, lambda: begun(app)[0].why_not("stage-web-1", "go back now") is None)
        await press(pilot, "B")
        await until_shown(pilot, "Take it back now?")
        await press(pilot, "right", "enter")
        await until_ended(app, pilot)
        report = begun(app)[0].report
        assert report.targets[0].outcome is Outcome.REVERTED and not report.interrupted
        assert "taken back by the operator" in (report.targets[0].detail or "")
        await wait_long(pilot, lambda: app.session.cockpit.fleet.status("stage-web-1").facts.current_system == before)


async def test_the_countdown_is_on_every_screen_and_can_be_extended() -> None:
    async with embedded("stage-web-1", overrides=WAITING) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await roll_back(pilot)
        await wait_long(pilot, lambda: begun(app)[0].why_not("stage-web-1", "extend the time") is None)
        (_, first), *_ = app.session.armed.now()
        await until_shown(pilot, "E extend")
        await press(pilot, "E")
        await wait_long(pilot, lambda: "150 s more from now" in notes(app))
        (_, second), *_ = app.session.armed.now()
        assert second > first
        for key in ("1", "2", "7"):
            await press(pilot, key)
            await until_shown(pilot, "stage-web-1 goes back in 02:")
        await press(pilot, "q")
        await until_shown(pilot, "An operation is running")
        text = shown(app)
        assert "Detach  nixtui leaves now" in text and "it is asked to stop" in text
        assert app.focused is not None and app.focused.id == "wait"
        await press(pilot, "enter")
        await until_shown(pilot, "nixtui quits when the operation has ended")
        await press(pilot, "escape")
        assert not app.departure.is_waiting
        await press(pilot, "q", "right", "right", "enter")
        await wait_long(pilot, lambda: not app.is_running or app._exit)
        assert begun(app)[0].report.targets[0].outcome is Outcome.REVERTED


async def test_what_cannot_be_asked_says_why() -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await run_on_all(pilot, "true")
        await until_ended(app, pilot)
        await press(pilot, "h")
        for key in ("Y", "B", "E"):
            await press(pilot, key)
            await until_shown(pilot, "the operation has ended")


async def test_detaching_leaves_the_record_open_for_the_next_start() -> None:
    async with embedded("stage-web-1", overrides=WAITING) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await roll_back(pilot)
        await press(pilot, "q", "right", "enter")
        await wait_long(pilot, lambda: app._exit)
        assert begun(app)[0].report is None
        from nixtui.tui.story import farewell

        assert any("left running" in line for line in farewell(begun(app)))


async def test_no_shell_for_a_host_whose_key_is_not_known() -> None:
    async with embedded("stage-web-2") as (app, pilot, _):
        await wait_long(pilot, lambda: "host key unknown" in shown(app))
        await press(pilot, "s")
        await until_shown(pilot, "is not in")


async def test_without_ssh_the_shell_is_one_sentence() -> None:
    async with embedded("stage-web-1", environ={"PATH": "/nowhere"}) as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await press(pilot, "s")
        await until_shown(pilot, "there is no ssh program")


async def test_typed_commands_do_what_the_keys_do() -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await press(pilot, "colon")
        await write(pilot, "run uptime")
        await press(pilot, "enter")
        await until_shown(pilot, "Run on stage-web-1")
        await press(pilot, "escape", "colon")
        await write(pilot, "reboot")
        await press(pilot, "enter")
        await until_shown(pilot, "Reboot stage-web-1")
        await press(pilot, "escape")


async def test_while_the_line_is_open_keys_are_for_it_wherever_the_keyboard_went() -> None:
    async with embedded("stage-web-1") as (app, pilot, _):
        await until_answering(app, pilot, "stage-web-1")
        await press(pilot, "colon")
        app.screen.set_focus(app.fleet_screen.table)
        await write(pilot, "rbx")
        assert app.screen is app.fleet_screen
        assert app.screen._prompt.query_one("Input").value == "rbx"
