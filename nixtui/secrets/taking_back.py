"""Taking a saved change back, as an operation like the change itself."""

from collections.abc import Callable

from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Report
from nixtui.secrets.editing import Change, undo
from nixtui.secrets.work import one_file

KIND = "secrets-undo"


def plan_undo(name: str) -> Plan:
    """What taking the last change of a file back does."""
    steps = (Step("Put back the ciphertext that was there before the change, if nobody changed the file since"),)
    return Plan(kind=KIND, title=f"Undo the change of {name}", targets=(Target(name=name),), steps=steps)


def undoing_job(change: Change, undone: Callable[[Change], None]) -> Job:
    """The work of `plan_undo`; `undone` hears of it. Needs no key."""

    async def work(tell: Narrator) -> str:
        tell.begin("undoing")
        undone(await undo(change))
        return "as it was before the change"

    async def carry_out(run: Run) -> Report:
        (row,) = run.plan.targets
        report = await one_file(run, row, work)
        run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,))

    return carry_out
