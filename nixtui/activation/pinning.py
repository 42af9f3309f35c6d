"""Pinning systems of hosts, and taking pins away: planned and recorded like anything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join

import msgspec

from nixtui.activation.rollback import Seen
from nixtui.model.host import Host
from nixtui.model.target import NoSuchGeneration, resolve
from nixtui.model.target import Target as Wanted
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.pins import pin, pin_of, unpin
from nixtui.remote.transport import Reach

KIND = "pin"


@dataclass(frozen=True, slots=True)
class Pinning:
    """A plan with what is needed to carry it out; `paths` are by host name."""

    plan: Plan
    hosts: dict[str, Host]
    paths: dict[str, str]
    remove: bool


def plan_pinning(seen: Sequence[Seen], wanted: Wanted, *, remove: bool) -> Pinning:
    """Keep on each host the system that `wanted` means there, or keep it no longer. Asks nobody."""
    rows: list[Target] = []
    paths: dict[str, str] = {}
    for each in seen:
        row, path = _plan_host(each, wanted, remove=remove)
        rows.append(row)
        if path is not None:
            paths[each.host.name] = path
    verb = "Unpin" if remove else "Pin"
    what = f"{rows[0].after or 'a generation'} on {rows[0].name}" if len(rows) == 1 else f"on {len(rows)} hosts"
    command = (
        [join(["rm", "-f", pin_of(path)]) for path in paths.values()]
        if remove
        else [join(["ln", "-sfn", path, pin_of(path)]) for path in paths.values()]
    )
    title = "remove the garbage collector root" if remove else "make a garbage collector root"
    plan = Plan(
        kind=KIND,
        title=f"{verb} {what}",
        targets=tuple(rows),
        steps=(Step(title, tuple(command)),) if paths else (),
        warnings=("what is pinned takes room until it is unpinned",) if paths and not remove else (),
    )
    return Pinning(plan, {each.host.name: each.host for each in seen}, paths, remove)


def pinning_job(pinning: Pinning, reach: Reach) -> Job:
    """The work, host after host."""

    async def job(run: Run) -> Report:
        reports = []
        for row in pinning.plan.targets:
            if row.refused is not None:
                reports.append(left_out(row))
            else:
                reports.append(await _pin(pinning, row, reach, run))
        outcome = overall(report.outcome for report in reports)
        return Report(operation=run.operation, outcome=outcome, targets=tuple(reports))

    return job


def _plan_host(seen: Seen, wanted: Wanted, *, remove: bool) -> tuple[Target, str | None]:
    host, known = seen.host, seen.generations

    def row(after: str | None = None, why: str | None = None, outcome: Outcome = Outcome.REFUSED) -> Target:
        return Target(name=host.name, environment=host.environment, after=after, refused=why, refused_as=outcome)

    if known is None:
        gone = row(why=seen.problem or "not seen yet", outcome=Outcome.UNREACHABLE)
        return msgspec.structs.replace(gone, remedy=seen.remedy), None
    try:
        there = resolve(wanted, known)
    except NoSuchGeneration as error:
        return row(why=str(error)), None
    if (there.path in known.pins) != remove:
        why = "it is not pinned" if remove else "it is pinned already"
        return row(there.label, why, Outcome.UNCHANGED), None
    return row(there.label), there.path


async def _pin(pinning: Pinning, row: Target, reach: Reach, run: Run) -> TargetReport:
    if run.cancelling.is_set():
        return TargetReport(name=row.name, outcome=Outcome.REFUSED, detail="not begun: cancelled by the operator")
    tell, started_at = Narrator(run, row.name), run.clock()
    tell.begin("unpinning" if pinning.remove else "pinning")
    outcome, detail, remedy = Outcome.COMMITTED, "it may be cleared up again" if pinning.remove else "it is kept", None
    try:
        async with reach(pinning.hosts[row.name]) as transport:
            await (unpin if pinning.remove else pin)(transport, pinning.paths[row.name])
    except ElevationFailed as error:
        outcome, detail, remedy = Outcome.FAILED, f"{error.reason}; nothing was done", error.remedy
    except RemoteError as error:
        outcome, detail, remedy = Outcome.FAILED, error.reason, error.remedy
    tell.end(outcome.is_success, detail)
    seconds = round(run.clock() - started_at, 3)
    return TargetReport(name=row.name, outcome=outcome, detail=detail, remedy=remedy, seconds=seconds)
