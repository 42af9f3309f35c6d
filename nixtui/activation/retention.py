"""Deleting old generations: never one that matters, under the host's lock, with the boot entries following."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import join

import msgspec

from nixtui.activation.rollback import PROFILE, Seen, Settings
from nixtui.activation.verdict import Verdict, explain_refusal, judge_pruned
from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.model.retention import Retention, doomed, numbers_shown, protected
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Clock, Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.operations.rollout import roll_out, waves
from nixtui.remote import guard
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.guard import Finding, GuardOutcome, Pruning, Refusal
from nixtui.remote.reclaim import reclaimable
from nixtui.remote.transport import Reach

KIND = "delete-generations"

REJOIN_EVERY_S = 1.0
REJOIN_FOR_S = 60.0
"""How long a host that was lost in the middle is asked how it ended; it goes on by itself meanwhile."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A plan with what is needed to carry it out; `prunings` are by host name, for the hosts that will be acted on."""

    operation: str
    plan: Plan
    hosts: Mapping[str, Host]
    prunings: Mapping[str, Pruning]
    settings: Settings


async def measure(seen: Sequence[Seen], rule: Retention, reach: Reach) -> dict[str, int]:
    """What a garbage collection could free on each host afterwards, in bytes; a host that does not say is left out."""
    freed: dict[str, int] = {}

    async def ask(each: Seen, known: Generations) -> None:
        gone = {one.path for one in doomed(known, rule)}
        kept = {one.path for one in known.items} - gone
        kept |= {path for path in (known.current_system, known.booted_system, *known.pins) if path}
        try:
            async with reach(each.host) as transport:
                freed[each.host.name] = await reclaimable(transport, sorted(gone - kept), sorted(kept))
        except RemoteError:
            return  # what it frees is worth knowing, and not worth more

    async with asyncio.TaskGroup() as group:
        for each in seen:
            if each.generations is not None and doomed(each.generations, rule):
                group.create_task(ask(each, each.generations))
    return freed


def plan_deletion(
    seen: Sequence[Seen],
    rule: Retention,
    settings: Settings,
    *,
    freed: Mapping[str, int],
    operation: str,
    operator: str,
) -> Deletion:
    """Which generations of which host would go. Changes nothing and asks nobody; `freed` is what `measure` found."""
    targets: list[Target] = []
    prunings: dict[str, Pruning] = {}
    for each in seen:
        row, pruning = _plan_host(each, rule, freed.get(each.host.name), operation=operation, operator=operator)
        targets.append(row)
        if pruning is not None:
            prunings[each.host.name] = pruning
    count = sum(len(each.numbers) for each in prunings.values())
    where = seen[0].host.name if len(seen) == 1 else f"{len(seen)} hosts"
    plan = Plan(
        kind=KIND,
        title=f"Delete {count} old generation{'' if count == 1 else 's'} of {where}",
        targets=tuple(targets),
        steps=_steps(prunings),
        warnings=("the store keeps its size until the next garbage collection",) if prunings else (),
        irreversible=("a host cannot go back to a generation that is deleted",) if prunings else (),
    )
    return Deletion(operation, plan, {each.host.name: each.host for each in seen}, prunings, settings)


def deletion_job(deletion: Deletion, reach: Reach) -> Job:
    """The work: in waves, because boot loaders are written to."""

    async def job(run: Run) -> Report:
        plan, rules = deletion.plan, deletion.settings.rollout
        left_out = [
            TargetReport(name=row.name, outcome=row.refused_as, detail=row.refused, remedy=row.remedy)
            for row in plan.targets
            if row.refused is not None
        ]

        async def act(name: str) -> TargetReport:
            return await _delete(deletion.hosts[name], deletion.prunings[name], reach, run)

        done = await roll_out(waves([row.name for row in plan.acting_on], rules), rules, act, run)
        by_name = {report.name: report for report in left_out + done}
        return Report(
            operation=run.operation,
            outcome=overall(report.outcome for report in by_name.values()),
            targets=tuple(by_name[row.name] for row in plan.targets),
            interrupted=run.cancelling.is_set(),
        )

    return job


def _plan_host(
    seen: Seen, rule: Retention, freed: int | None, *, operation: str, operator: str
) -> tuple[Target, Pruning | None]:
    name, environment, known = seen.host.name, seen.host.environment, seen.generations

    def refused(why: str, outcome: Outcome) -> tuple[Target, None]:
        before = None if known is None else _count(len(known.items))
        row = Target(name=name, environment=environment, before=before, wave=0, refused=why, refused_as=outcome)
        if known is None:
            row = msgspec.structs.replace(row, remedy=seen.remedy)
        return row, None

    if known is None:
        return refused(seen.problem or "not seen yet", Outcome.UNREACHABLE)
    if known.current_system is None or known.profile_system is None:
        return refused("the host has no system profile, or does not say what it runs", Outcome.REFUSED)
    going = doomed(known, rule)
    if not going:
        kept = ", ".join(f"{number} {why}" for number, why in sorted(protected(known).items(), reverse=True))
        return refused(f"no generation is to go; never deleted: {kept or 'none'}", Outcome.UNCHANGED)
    numbers = tuple(sorted(each.number for each in going))
    size = "what that frees is not known" if freed is None else f"frees up to {_size(freed)}"
    pruning = Pruning(
        operation=operation,
        operator=operator,
        numbers=numbers,
        expect_current=known.current_system,
        expect_profile=known.profile_system,
    )
    row = Target(
        name=name,
        environment=environment,
        before=_count(len(known.items)),
        after=_count(len(known.items) - len(going)),
        warnings=(f"deletes {numbers_shown(list(numbers))}; {size}",),
        facts={"numbers": " ".join(map(str, numbers)), "freed": "" if freed is None else str(freed)},
    )
    return row, pruning


def _count(generations: int) -> str:
    return f"{generations} gen"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _steps(prunings: Mapping[str, Pruning]) -> tuple[Step, ...]:
    if not prunings:
        return ()
    prefix = len(prunings) > 1
    lines = [
        (f"{name}: " if prefix else "")
        + join(["nix-env", "--profile", PROFILE, "--delete-generations", *map(str, each.numbers)])
        for name, each in prunings.items()
    ]
    return (
        Step("under the host's lock, delete the generations", tuple(lines)),
        Step(
            "write the boot entries anew; what boots next stays that", (f"{PROFILE}/bin/switch-to-configuration boot",)
        ),
    )


async def _delete(host: Host, pruning: Pruning, reach: Reach, run: Run) -> TargetReport:
    tell, started_at = Narrator(run, host.name), run.clock()
    if run.cancelling.is_set():
        return TargetReport(name=host.name, outcome=Outcome.REFUSED, detail="not begun: cancelled by the operator")
    tell.begin("deleting")
    begun = False
    try:
        async with reach(host) as transport:
            begun = True
            verdict = _judge(await guard.prune(transport, pruning), tell, run.clock())
            if verdict.outcome is not Outcome.REFUSED:
                await guard.release(transport, pruning.operation)
    except ElevationFailed as error:
        verdict = Verdict(Outcome.FAILED, f"{error.reason}; nothing was done", error.remedy)
    except RemoteError as error:
        if begun:
            verdict = await _rejoin(host, pruning, reach, tell, error, run.clock)
        else:
            verdict = Verdict(Outcome.UNREACHABLE, error.reason, error.remedy)
    tell.end(verdict.outcome.is_success, verdict.detail)
    return TargetReport(
        name=host.name,
        outcome=verdict.outcome,
        detail=verdict.detail,
        remedy=verdict.remedy,
        seconds=round(run.clock() - started_at, 3),
        log=() if verdict.outcome.is_success else tuple(tell.lines),
    )


def _judge(answer: Refusal | Finding, tell: Narrator, now: float) -> Verdict:
    if isinstance(answer, Refusal):
        return explain_refusal(answer, now)
    tell.keep(answer.log)
    return judge_pruned(answer)


async def _rejoin(
    host: Host, pruning: Pruning, reach: Reach, tell: Narrator, lost: RemoteError, clock: Clock
) -> Verdict:
    """The link was lost in the middle: the host finishes by itself, and is asked how."""
    tell.note(f"{lost.reason}; the host goes on by itself")
    until = clock() + REJOIN_FOR_S
    while clock() < until:
        try:
            async with reach(host) as shared, shared.fresh() as transport:
                found = await guard.inspect(transport, pruning.operation)
                if found.outcome is not GuardOutcome.OPEN:
                    return _judge(found, tell, clock())
        except RemoteError as error:
            lost = error
        await asyncio.sleep(REJOIN_EVERY_S)
    return Verdict(
        Outcome.UNKNOWN,
        f"the host cannot be reached ({lost.reason}), so whether they are deleted is not known",
        f"when it answers again: nixtui generations {host.name}",
    )
