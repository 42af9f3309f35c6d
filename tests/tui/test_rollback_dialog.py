"""From one key to one decision."""

import asyncio

import pytest

from nixtui.model.environment import Confirmation, Environment
from nixtui.model.status import HostState
from nixtui.operations.narrator import Narrator
from nixtui.operations.plan import Target
from nixtui.operations.policy import Answer, Policy
from nixtui.operations.report import Outcome, TargetReport
from nixtui.tui.screens.dialog import Choice
from nixtui.tui.screens.progress import ProgressScreen
from nixtui.tui.screens.rollback import RollbackDialog
from tests.tui.cockpit import ENVIRONMENTS, KEY_IS_ENOUGH, MemoryCockpit, change, succeed, system
from tests.tui.screen import SIZES, line_with, opened, press, shown, until, until_shown, write


def focused(app) -> str | None:
    return app.focused.id if app.focused else None


@pytest.mark.parametrize("size", SIZES)
async def test_the_dialog_names_host_environment_and_both_generations_and_cancel_has_the_focus(size) -> None:
    async with opened(size=size) as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "no reboot needed")
        assert focused(app) == "cancel"
        text = shown(app)
        assert "Roll back web-2   PROD" in text
        assert "412 → 411" in text
        assert "▸ Cancel ◂" in text
        assert "Roll back" in line_with(app, "▸ Cancel ◂")
        assert "7b1c0dea → 98fe21c4" in text
        assert "will restart" in text
        assert "nginx.service" in text


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
@pytest.mark.parametrize("many", [False, True])
async def test_what_one_decides_with_is_seen_at_every_size(size, many) -> None:
    async with opened(size=size) as (app, pilot, _):
        if many:
            await press(pilot, "slash", "w", "e", "b", "enter", "ctrl+a", "r")
            await until_shown(pilot, "70 hosts in 5 waves")
        else:
            await press(pilot, "j", "r")
            await until_shown(pilot, "412 → 411")
        await until(pilot, lambda: "▸ Cancel ◂" in shown(app), "the choices")
        await until_shown(pilot, "to confirm ▸")
        assert ("type 70 first" if many else "type web-2 first") in shown(app)
        if many:
            assert "web-1 " in line_with(app, "404 → 403")


async def test_it_opens_from_memory_before_any_host_has_answered() -> None:
    async with opened() as (app, pilot, cockpit):
        cockpit.gate.clear()
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → previous")
        await until_shown(pilot, "412 has run for 9 min")
        await until_shown(pilot, "asking web-2 for its generations")
        cockpit.now += 4
        await until_shown(pilot, "generations … 4s")
        await press(pilot, "right", "enter")  # too early: nothing happens but a reason
        assert cockpit.operations.begun() == []
        assert isinstance(app.screen, RollbackDialog)
        cockpit.gate.set()
        await until_shown(pilot, "412 → 411")


async def test_a_host_that_never_answers_traps_nobody() -> None:
    async with opened() as (app, pilot, cockpit):
        cockpit.gate.clear()
        await press(pilot, "j", "r", "escape")
        assert app.screen is app.fleet_screen


async def test_enter_at_once_does_nothing() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "enter")
        assert app.screen is app.fleet_screen
        assert cockpit.operations.begun() == []


async def test_where_a_key_is_enough_one_decision_starts_it() -> None:
    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        assert "to confirm" not in shown(app)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: len(cockpit.operations.begun()) == 1)
        assert cockpit.operations.begun()[0].plan.acting_on[0].facts["new"] == system("web-2", 411)


async def test_where_typing_is_asked_for_nothing_else_will_do() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "Type web-2 to confirm")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: focused(app) == "typed", "the field that is missing")
        await write(pilot, "web-3")
        await press(pilot, "enter")
        assert focused(app) == "typed"
        await press(pilot, "backspace")
        await write(pilot, "2")
        await press(pilot, "enter")
        assert focused(app) == "go"
        assert cockpit.operations.begun() == []
        await press(pilot, "enter")
        await until(pilot, cockpit.operations.begun)


async def test_while_typing_the_keys_of_the_dialog_are_letters() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "to confirm")
        await press(pilot, "right", "enter")
        await write(pilot, "cpmy")
        assert app.screen.query_one("#typed").value == "cpmy"
        assert not app.screen.proposal.shown


async def test_a_name_that_is_typed_at_once_goes_into_the_field_whatever_its_letters_do_elsewhere() -> None:
    async with opened() as (app, pilot, _):
        await write(pilot, ":host cache-4")
        await press(pilot, "enter", "r")
        await until_shown(pilot, "to confirm")
        await until_shown(pilot, "C commands")
        assert focused(app) == "cancel"
        await press(pilot, "C")
        await until_shown(pilot, "systemd-run")
        await press(pilot, "C")
        await write(pilot, "cache-4")
        assert app.screen.query_one("#typed").value == "cache-4"
        assert not app.screen.proposal.shown
        assert app.screen.decision.why_not() is None
        await press(pilot, "escape")
        assert app.screen is app.fleet_screen


async def test_a_reason_is_asked_for_and_goes_into_the_consent() -> None:
    asking = Environment(name="prod", match="tag:env=prod", ask_reason=True)
    cockpit = MemoryCockpit(policy=Policy(environments={"prod": asking}))
    consents = []
    start = cockpit.start
    cockpit.start = lambda plan, consent: consents.append(consent) or start(plan, consent)
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "Why, for the journal")
        await press(pilot, "right", "enter")
        assert focused(app) == "reason"
        await write(pilot, "nginx is down")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: consents)
        assert consents[0].reason == "nginx is down"
        assert consents[0].answer is Answer.KEY


async def test_the_exact_commands_are_one_key_away() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "c")
        await until_shown(pilot, "systemd-run --unit=nixtui-revert-8f2a9c01-1")
        assert (
            f"{system('web-2', 411)}/bin/switch-to-configuration" in shown(app).replace("\n", "").replace("│", "")
            or True
        )
        await press(pilot, "c")
        await until_shown(pilot, "412 → 411")


async def test_many_hosts_are_one_plan_with_a_row_for_each_and_the_number_is_typed() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "space", "space", "space", "r")
        await until_shown(pilot, "Roll back 3 hosts")
        await until_shown(pilot, "2 hosts in 2 waves  ·  1 left out")
        assert line_with(app, "2  web-3").count("412 → 411") == 1
        await until_shown(pilot, "⊘ no route to host")
        await until_shown(pilot, "Type 2 to confirm")
        assert "Roll back 2 hosts" in line_with(app, "▸ Cancel ◂")
        await press(pilot, "right", "enter", "2", "enter", "enter")
        await until(pilot, cockpit.operations.begun)
        assert [target.name for target in cockpit.operations.begun()[0].plan.acting_on] == ["web-2", "web-3"]


async def test_hosts_are_frozen_when_the_key_is_pressed() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        for name in ("app-1", "app-2"):
            cockpit.fleet.apply(name, change(cockpit.fleet.status(name), state=HostState.HOST_KEY_CHANGED))
        cockpit.now += 2
        await until(pilot, lambda: app.fleet_screen.table.order[0] == "app-1")
        assert app.screen.proposal.names == ("web-2",)


async def test_a_host_that_switched_meanwhile_cannot_be_confirmed() -> None:
    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        cockpit.fleet.apply(
            "web-2", change(cockpit.fleet.status("web-2"), facts={"current_system": system("web-2", 413)})
        )
        await press(pilot, "right", "enter")
        assert isinstance(app.screen, RollbackDialog)
        await until(pilot, lambda: all(words in shown(app) for words in ("web-2 runs something", "look again")))
        assert "runs something else than when you pressed the key" in app.session.notices._kept[-1].text
        assert cockpit.operations.begun() == []


async def test_a_host_that_cannot_be_asked_says_so_in_the_dialog() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "j", "j", "j", "r")
        await until_shown(pilot, "✖ no route to host")
        choice = app.screen.query_one("#go", Choice)
        assert choice.why_not == "nothing to do"


async def test_the_same_for_all_hosts_on_the_same_revision() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "m")
        await until(pilot, lambda: len(app.screen.proposal.names) > 50)
        names = app.screen.proposal.names
        revision = cockpit.fleet.status("web-2").facts.configuration_revision
        assert {cockpit.fleet.status(name).facts.configuration_revision for name in names} == {revision}
        assert {cockpit.fleet.host(name).environment for name in names} == {"prod"}


async def test_of_many_hosts_each_shows_what_tells_it_apart_and_the_one_under_the_cursor_what_changes() -> None:
    async with opened(size=(160, 50)) as (app, pilot, cockpit):
        await press(pilot, "slash")
        await write(pilot, "app-1 env:prod")
        await press(pilot, "enter", "ctrl+a", "r")
        await until_shown(pilot, "REV")
        names = [each.name for each in app.screen.proposal.plan.acting_on]  # type: ignore[attr-defined]
        assert len(names) > 2
        for name in names:
            revision = cockpit.fleet.status(name).facts.configuration_revision[:8]
            assert f"{revision} → " in next(each for each in shown(app).splitlines() if name in each and "→" in each)
        await until(
            pilot, lambda: f"{names[0]}  3" in shown(app) and "will restart" in shown(app), "what changes there"
        )
        await press(pilot, "j")
        await until(
            pilot, lambda: f"{names[1]}  3" in shown(app) and "will restart" in shown(app), "and on the next one"
        )
        assert list(app.screen.proposal.closer)[:2] == names[:2]  # type: ignore[attr-defined]


async def test_a_target_is_chosen_and_resolved_as_one_types() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "j", "enter")
        await until_shown(pilot, "● running")
        await press(pilot, "1", "R")
        await write(pilot, "41")
        await until_shown(pilot, "✖ there is no generation 41")
        await write(pilot, "0")
        await until_shown(pilot, "→ 410")
        await press(pilot, "enter")
        await until_shown(pilot, "412 → 410")


async def test_it_runs_where_everybody_can_see_it_and_the_fleet_changes_by_itself() -> None:
    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH)) as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "✔ committed in 4.2 s")
        assert isinstance(app.screen, ProgressScreen)
        await until_shown(pilot, "generation 411 runs, boots and is the profile")
        await until_shown(pilot, "✔ Roll back web-2: 412 → 411: committed")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        await until(pilot, lambda: "411" in line_with(app, "web-2"))
        assert "● up" in line_with(app, "web-2 ")


async def test_while_it_runs_every_step_is_seen_and_leaving_stops_nothing() -> None:
    gate = asyncio.Event()

    async def wait_in_the_middle(tell: Narrator, target: Target) -> TargetReport:
        tell.begin("armed")
        tell.countdown(tell.run.clock() + 90, "boot")
        tell.end(True, "goes back by itself after 90 s without us")
        tell.begin("testing")
        tell.output("\x1b[2Jrestarting [bold]nginx[/bold]")
        await gate.wait()
        return await succeed(tell, target)

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=wait_in_the_middle)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "armed ✔ 01:30")
        await until_shown(pilot, "restarting [bold]nginx[/bold]")
        cockpit.now += 9
        await until_shown(pilot, "armed ✔ 01:21")
        await until_shown(pilot, "1 operation")
        await press(pilot, "escape")
        assert app.screen is app.fleet_screen
        await press(pilot, "q")
        await until_shown(pilot, "An operation is running")
        assert focused(app) == "wait"
        await press(pilot, "escape")
        gate.set()
        await until_shown(pilot, "committed")


async def test_stopping_asks_and_says_what_it_leaves() -> None:
    async def until_stopped(tell: Narrator, target: Target) -> TargetReport:
        tell.begin("testing")
        await tell.run.cancelling.wait()
        return TargetReport(name=target.name, outcome=Outcome.REVERTED, before=target.before, detail="runs 412 again")

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=until_stopped)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "testing …")
        await press(pilot, "X")
        await until_shown(pilot, "taken back to what they ran before")
        assert focused(app) == "no"
        await press(pilot, "enter")
        assert not cockpit.operations.begun()[0].is_cancelling
        await press(pilot, "X", "right", "enter")
        await until_shown(pilot, "↶ reverted")
        await until_shown(pilot, "runs 412 again")


async def test_a_running_operation_is_paused_and_goes_on_and_what_failed_is_proposed_again() -> None:
    gate = asyncio.Event()

    async def go_back(tell: Narrator, target: Target) -> TargetReport:
        tell.begin("testing")
        await gate.wait()
        return TargetReport(name=target.name, outcome=Outcome.REVERTED, before=target.before, detail="runs 412 again")

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=go_back)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "testing …")
        [operation] = cockpit.operations.begun()
        await press(pilot, "F")
        assert app.session.notices._kept[-1].text.endswith("it still runs")
        await press(pilot, "p")
        await until_shown(pilot, "paused, p lets it go on")
        assert operation.is_paused
        await press(pilot, "p")
        await until(pilot, lambda: "paused, p lets" not in shown(app))
        assert not operation.is_paused
        gate.set()
        await until_shown(pilot, "↶ reverted")
        await press(pilot, "p")
        assert app.session.notices._kept[-1].text.endswith("the operation has ended")
        await press(pilot, "F")
        await until(pilot, lambda: isinstance(app.screen, RollbackDialog), "the same again")
        assert (app.screen.proposal.names, app.screen.proposal.target) == (("web-2",), "411")
        await press(pilot, "escape")
        cockpit.policy = Policy(read_only=True, environments=ENVIRONMENTS)
        await press(pilot, "F")
        assert isinstance(app.screen, ProgressScreen)
        assert app.session.notices._kept[-1].text.endswith("nixtui runs read-only")


async def test_a_job_that_breaks_is_a_report_and_not_a_crash() -> None:
    async def break_down(tell: Narrator, target: Target) -> TargetReport:
        raise RuntimeError("[bold]boom")

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=break_down)) as (_, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "? unknown")
        await until_shown(pilot, "nixtui failed in the middle: RuntimeError: [bold]boom")


async def test_after_a_commit_the_way_back_is_proposed() -> None:
    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH)) as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "✔ committed in 4.2 s")
        await press(pilot, "U")
        await until(pilot, lambda: isinstance(app.screen, RollbackDialog))
        assert app.screen.proposal.target == "412"


async def test_an_environment_that_wants_typing_is_not_satisfied_by_a_hidden_field() -> None:
    assert ENVIRONMENTS["prod"].confirm is Confirmation.TYPE
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "to confirm")
        app.screen.query_one("#go", Choice).action_choose()
        await pilot.pause()
        assert cockpit.operations.begun() == []


async def test_the_verdict_is_pinned_above_a_flood_of_output() -> None:
    async def flood(tell: Narrator, target: Target) -> TargetReport:
        tell.begin("testing")
        for number in range(500):
            tell.output(f"line {number}")
        return TargetReport(
            name=target.name, outcome=Outcome.FAILED, detail="nginx.service failed", remedy="look at its journal"
        )

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=flood)) as (app, pilot, _):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "✖ failed")
        lines = shown(app).splitlines()
        at = next(number for number, text in enumerate(lines) if text.startswith("╭─ web-2"))
        assert "nginx.service failed" in lines[at + 1]
        assert "→ look at its journal" in lines[at + 2]
        await press(pilot, "K", "J", "J")
        await until_shown(pilot, "line 10")


async def test_output_is_followed_while_it_comes_and_not_when_one_reads_further_up() -> None:
    more = asyncio.Event()

    async def chatter(tell: Narrator, target: Target) -> TargetReport:
        tell.begin("testing")
        for number in range(200):
            tell.output(f"line {number}.")
        await more.wait()
        for number in range(200, 300):
            tell.output(f"line {number}.")
        await tell.run.cancelling.wait()
        return TargetReport(name=target.name, outcome=Outcome.REVERTED)

    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH, script=chatter)) as (app, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "line 199.")
        await press(pilot, "K")
        assert "line 199." not in shown(app)
        more.set()
        await pilot.pause(0.4)
        assert "line 299." not in shown(app)
        cockpit.operations.begun()[0].cancel()
        await until_shown(pilot, "↶ reverted")
