"""Breaking the lock of an operation that somebody else holds: explicit, planned and recorded like anything else."""

from collections.abc import Sequence

from nixtui.activation.verdict import judge_broken
from nixtui.model.host import Host
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote import guard
from nixtui.remote.errors import BadAnswer, RemoteError
from nixtui.remote.transport import Reach


def plan_break_lock(hosts: Sequence[Host]) -> Plan:
    """End whatever operation holds the lock on these hosts; each goes back to where that operation began."""
    return Plan(
        kind="break-lock",
        title=f"Break the lock of {hosts[0].name if len(hosts) == 1 else f'{len(hosts)} hosts'}",
        targets=tuple(Target(name=host.name, environment=host.environment) for host in hosts),
        steps=(Step("revert the operation that holds the lock, or clear away what is left of it"),),
        warnings=("somebody may be in the middle of it: their operation ends as reverted",),
    )


def break_lock_job(hosts: Sequence[Host], reach: Reach, operator: str) -> Job:
    """The work: one host after the other, because this is never urgent enough to be careless."""

    async def job(run: Run) -> Report:
        reports = tuple([await _break(host, reach, operator, run) for host in hosts])
        return Report(
            operation=run.operation,
            outcome=overall(report.outcome for report in reports),
            targets=reports,
            interrupted=run.cancelling.is_set(),
        )

    return job


async def _break(host: Host, reach: Reach, operator: str, run: Run) -> TargetReport:
    if run.cancelling.is_set():
        return TargetReport(name=host.name, outcome=Outcome.REFUSED, detail="not begun: cancelled by the operator")
    try:
        async with reach(host) as transport:
            verdict = judge_broken(await guard.break_lock(transport, operator))
    except RemoteError as error:
        outcome = Outcome.UNKNOWN if isinstance(error, BadAnswer) else Outcome.UNREACHABLE
        return TargetReport(name=host.name, outcome=outcome, detail=error.reason, remedy=error.remedy)
    return TargetReport(name=host.name, outcome=verdict.outcome, detail=verdict.detail, remedy=verdict.remedy)
