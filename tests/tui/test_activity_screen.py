"""Screen 7: what was done, from the journal as it is on the disk."""

from pathlib import Path

import pytest

from nixtui.operations.events import LogLine, StepFinished, StepStarted
from nixtui.operations.journal import Intent, Journal
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.tui.widgets.pane import Panel
from tests.tui.cockpit import KEY_IS_ENOUGH, NOW, MemoryCockpit
from tests.tui.screen import SIZES, line_with, opened, press, shown, until, until_shown


def journal_in(directory: Path, token: str = "here") -> Journal:
    return Journal(directory, operator="ops-2", origin="laptop", token=token)


def plan_for(name: str) -> Plan:
    known = ("shop-api: 2.38.0 → 2.38.1 \x1b[31m",)
    target = Target(name=name, environment="prod", before="412", after="411", known=known)
    return Plan(
        kind="rollback", title=f"Roll back {name}: 412 → 411", targets=(target,), steps=(Step("test", ("true",)),)
    )


async def record(journal: Journal, identity: str, name: str, outcome: Outcome, at: float) -> None:
    await journal.begin(Intent(identity, plan_for(name), "nginx is down", at))
    journal.append(identity, StepStarted(at=at, target=name, step="testing"))
    journal.append(identity, LogLine(at=at, target=name, text="starting \x1b[31mnginx.service"))
    journal.append(
        identity, StepFinished(at=at, target=name, step="testing", ok=False, seconds=1.0, detail="units failed")
    )
    report = TargetReport(
        name=name, outcome=outcome, before="412", after="411", detail="nginx failed", remedy="look at its journal"
    )
    await journal.finish(Report(operation=identity, outcome=outcome, targets=(report,)), at + 7)


@pytest.mark.parametrize("size", SIZES)
async def test_the_past_is_there_newest_first_with_who_and_why(tmp_path: Path, size: tuple[int, int]) -> None:
    async with journal_in(tmp_path) as journal:
        await record(journal, "aaaa1111", "web-2", Outcome.COMMITTED, NOW - 3600)
        await record(journal, "bbbb2222", "web-3", Outcome.REVERTED, NOW - 60)
        async with opened(MemoryCockpit(journal=journal), size=size) as (app, pilot, _):
            await press(pilot, "7")
            await until_shown(pilot, "Roll back web-3")
            await until_shown(pilot, "↶ reverted")
            lines = shown(app).splitlines()
            rows = [number for number, line in enumerate(lines) if line.startswith("│") and "Roll back web-" in line]
            assert "web-3" in lines[rows[0]]
            assert "web-2" in lines[rows[1]]
            await until_shown(pilot, "nginx is down")
            await until_shown(pilot, "ops-2 on laptop")
            app.screen.query_one("#record", Panel).scroll_rows(9)
            await until_shown(pilot, "→ look at its journal")
            app.screen.query_one("#record", Panel).scroll_rows(9)
            await until_shown(pilot, "shop-api: 2.38.0 → 2.38.1")


async def test_an_operation_of_the_past_is_opened_with_its_events(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        await record(journal, "bbbb2222", "web-3", Outcome.REVERTED, NOW - 60)
        async with opened(MemoryCockpit(journal=journal)) as (_, pilot, _):
            await press(pilot, "7")
            await until_shown(pilot, "Roll back web-3")
            await press(pilot, "enter")
            await until_shown(pilot, "starting nginx.service")
            await until_shown(pilot, "✖ units failed")
            await press(pilot, "X")
            await until_shown(pilot, "the operation has ended")
            await press(pilot, "escape", "escape")
            await until_shown(pilot, "[Operations]")


async def test_an_operation_whose_process_is_gone_is_told_as_cut_off(tmp_path: Path) -> None:
    async with journal_in(tmp_path, "crashed") as crashed:
        await crashed.begin(Intent("cccc3333", plan_for("web-2"), None, NOW - 600))
    async with journal_in(tmp_path) as journal, opened(MemoryCockpit(journal=journal)) as (_, pilot, _):
        await press(pilot, "7")
        await until_shown(pilot, "✂ cut off")
        await until_shown(pilot, "The nixtui that did this is gone")


async def test_what_runs_is_listed_with_its_countdown(tmp_path: Path) -> None:
    async def armed(tell, target):
        tell.begin("armed")
        tell.countdown(tell.run.clock() + 90, "boot")
        await tell.run.cancelling.wait()
        return TargetReport(name=target.name, outcome=Outcome.REVERTED)

    async with journal_in(tmp_path) as journal:
        cockpit = MemoryCockpit(journal=journal, policy=KEY_IS_ENOUGH, script=armed)
        async with opened(cockpit) as (app, pilot, _):
            await press(pilot, "j", "r")
            await until_shown(pilot, "412 → 411")
            await press(pilot, "right", "enter")
            await until_shown(pilot, "armed …")
            await press(pilot, "7")
            await until_shown(pilot, "goes back in 01:30")
            cockpit.now += 5
            await until_shown(pilot, "goes back in 01:25")
            cockpit.operations.begun()[0].cancel()
            await until(pilot, lambda: "↶ reverted" in line_with(app, "│▌"))


async def test_everything_the_app_said_can_be_read_again() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "u", "escape", "7", "m")
        await until_shown(pilot, "u unmark all: no host is marked")


async def test_a_journal_that_cannot_be_read_is_an_error_one_can_read(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal, opened(MemoryCockpit(journal=journal)) as (app, pilot, _):
        await journal._call(lambda: journal._database.execute("DROP TABLE operations"))
        await press(pilot, "7")
        await until_shown(pilot, "✖ Reading the journal: the journal in")
        await press(pilot, "exclamation_mark")
        await until_shown(pilot, "JournalUnavailable")
        await press(pilot, "enter", "1")
        assert app.screen is app.fleet_screen


async def test_a_story_for_the_ticket(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        await record(journal, "bbbb2222", "web-3", Outcome.REVERTED, NOW - 60)
        async with opened(MemoryCockpit(journal=journal)) as (app, pilot, _):
            await press(pilot, "7")
            await until_shown(pilot, "Roll back web-3")
            await press(pilot, "c")
            await until(pilot, lambda: "| web-3 | 412 | 411 | reverted | nginx failed |" in app.clipboard)


async def test_without_a_past_it_says_what_to_do() -> None:
    async with opened() as (_, pilot, _):
        await press(pilot, "7")
        await until_shown(pilot, "Nothing was done yet")
        await until_shown(pilot, "rolls it back")


async def test_that_the_journal_has_more_than_is_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nixtui.tui.screens.activity.MOST", 2)
    async with journal_in(tmp_path) as journal:
        for number in range(3):
            await record(journal, f"{number}aaa1111", f"web-{number}", Outcome.COMMITTED, NOW - 60 + number)
        async with opened(MemoryCockpit(journal=journal)) as (app, pilot, _):
            await press(pilot, "7")
            await until_shown(pilot, "newest 2 of more")
            assert "Roll back web-2" in shown(app) and "Roll back web-0" not in shown(app)
