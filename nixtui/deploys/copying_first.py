"""Copying systems to their hosts as an operation of its own, so that the hosts can say what they would change."""

import asyncio
from collections.abc import Sequence

from nixtui.deploys.copying import STEP, Copier
from nixtui.deploys.job import Means
from nixtui.deploys.plan import Deploy
from nixtui.deploys.preflight import megabytes
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Prepared, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote.errors import Unreachable

KIND = "copy"


def prepare_copy(deploy: Deploy, means: Means, identity: str) -> Prepared | None:
    """The copies that a deploy needs, by themselves; `None` where nothing is missing. They change nothing that runs."""
    rows = tuple(
        Target(
            name=row.name,
            environment=row.environment,
            after=row.after,
            facts={"system": row.facts.get("system", "")},
            warnings=(f"{len(sizes)} paths, {megabytes(sum(sizes.values()))}",),
        )
        for row in deploy.plan.acting_on
        if (sizes := deploy.candidates[row.name].sizes)
    )
    if not rows:
        return None
    names = {row.name for row in rows}
    copies = [step for step in deploy.plan.steps if step.title.startswith("copy")]
    commands = tuple(
        command for step in copies for command in step.commands if any(f"ssh://{name} " in command for name in names)
    )
    what = rows[0].name if len(rows) == 1 else f"{len(rows)} hosts"
    plan = Plan(
        kind=KIND,
        title=f"Copy to {what} what is missing there; nothing that runs is changed",
        targets=rows,
        steps=(Step(copies[0].title if copies else STEP, commands),),
    )

    async def job(run: Run) -> Report:
        copier = Copier(means.copying, means.ssh_for, means.reach, means.directory, run)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_copy(row, deploy, copier, run)) for row in rows]
        return _whole(run, [task.result() for task in tasks])

    return Prepared(identity, plan, job)


async def _copy(row: Target, deploy: Deploy, copier: Copier, run: Run) -> TargetReport:
    tell, began = Narrator(run, row.name), run.clock()
    try:
        problem = await copier.copy(deploy.candidates[row.name], tell)
    except Cancelled:
        tell.end(False, "cancelled by the operator")
        report = TargetReport(name=row.name, outcome=Outcome.REFUSED, detail="cancelled; what is there stays")
    else:
        outcome = Outcome.COMMITTED
        if problem is not None:
            outcome = Outcome.UNREACHABLE if isinstance(problem, Unreachable) else Outcome.FAILED
        report = TargetReport(
            name=row.name,
            outcome=outcome,
            after=row.after,
            detail="copied" if problem is None else problem.reason,
            remedy=None if problem is None else problem.remedy,
            log=() if problem is None else tuple(tell.lines),
            seconds=round(run.clock() - began, 3),
        )
    run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
    return report


def _whole(run: Run, reports: Sequence[TargetReport]) -> Report:
    return Report(
        operation=run.operation,
        outcome=overall(each.outcome for each in reports),
        targets=tuple(reports),
        interrupted=run.cancelling.is_set(),
    )
