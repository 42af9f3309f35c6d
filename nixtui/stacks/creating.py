"""Making a stack: what is missing of its hosts is launched, what is half made is brought to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.images.changing import Call
from nixtui.instances.launching import parameters
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.stacks.differences import differences
from nixtui.stacks.launching import launch, may_launch
from nixtui.stacks.members import Member, Stack, list_members
from nixtui.stacks.settling import Doubt, Settling
from nixtui.stacks.wanted import Wanted

KIND = "stack-create"

_CONFIRM = "wait until it runs, both status checks passed, and it answers SSH"


@dataclass(frozen=True, slots=True)
class Part:
    """One declared host, and how it is: `member` where there is one, `doubt` what that one lacks.

    `refused` is why nothing can be done about it, `gone` are the instances that were it before.
    """

    wanted: Wanted
    member: Member | None = None
    doubt: Doubt | None = None
    refused: str | None = None
    remedy: str | None = None
    gone: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Creation:
    """All of a stack as it was found. `undeclared` are of it and of no declared host."""

    stack: Stack
    parts: tuple[Part, ...]
    undeclared: tuple[Member, ...] = ()


async def look_before(
    stack: Stack, wanted: Sequence[Wanted], members: Sequence[Member], settling: Settling
) -> Creation:
    """How every host is; nothing is changed. Raises `AwsError`."""
    ours = [each for each in members if stack.has(each)]
    theirs = [each for each in members if not stack.has(each) and not each.is_gone]
    declared = {each.host for each in wanted}
    parts = await asyncio.gather(
        *(_part(stack, each, [one for one in ours if one.host == each.host], theirs, settling) for each in wanted)
    )
    undeclared = tuple(each for each in ours if each.host not in declared and not each.is_gone)
    return Creation(stack, tuple(parts), undeclared)


async def _part(
    stack: Stack, wanted: Wanted, ours: Sequence[Member], theirs: Sequence[Member], settling: Settling
) -> Part:
    alive = [each for each in ours if not each.is_gone]
    gone = tuple(each for each in ours if each.is_gone)
    show = f"see: nixtui stack show {stack.name}"
    if theirs:
        whose = ", ".join(f"{each.identity} ({_whose(each)})" for each in theirs)
        reason = f"somebody else has a stack {stack.name} in {stack.region}: {whose}"
        return Part(wanted, refused=reason, remedy="choose another name for yours")
    if len(alive) > 1:
        several = ", ".join(each.identity for each in alive)
        return Part(wanted, refused=f"{len(alive)} instances say that they are it: {several}", remedy=show)
    if not alive:
        if wanted.launch is None:
            return Part(wanted, refused=wanted.refused, remedy=wanted.remedy)
        if (denied := await may_launch(settling.session, stack, wanted)) is not None:
            return Part(wanted, refused=denied.reason, remedy=denied.remedy)
        return Part(wanted, gone=gone)
    (member,) = alive
    if member.state not in ("pending", "running"):
        start = f"nixtui instance start {member.identity} --region {stack.region}"
        return Part(wanted, member, refused=f"it is there and {member.state}", remedy=start)
    return Part(wanted, member, doubt=await settling.look(member))


def _whose(member: Member) -> str:
    if not member.host:
        return "without the tag of a host"
    return f"of fleet {member.fleet}" if member.fleet else "of a fleet without a name"


def plan_creation(creation: Creation) -> Plan:
    """The plan: a row for every declared host."""
    stack = creation.stack
    targets = tuple(_target(each) for each in creation.parts)
    acting = [part for part, row in zip(creation.parts, targets, strict=True) if row.refused is None]
    steps = [Step(f"launch {each.wanted.called}", (_call(stack, each.wanted),)) for each in acting if not each.member]
    if acting:
        trusted = "put the host key that it shows into known_hosts where its console shows the same"
        steps.append(Step(f"each: {_CONFIRM}; {trusted}"))
    warnings = tuple(
        f"{each.identity} is host {each.host} of this stack, and is not declared here: it is left alone"
        for each in creation.undeclared
    )
    return Plan(
        kind=KIND,
        title=f"Create stack {stack.name} in {stack.region}, account {stack.account}",
        targets=targets,
        steps=tuple(steps),
        warnings=warnings,
    )


def _call(stack: Stack, wanted: Wanted) -> str:
    shown = {key: value for key, value in parameters(wanted.numbered(stack, 0)).items() if key != "UserData"}
    if wanted.section.user_data is not None:
        shown["UserData"] = wanted.section.user_data
    return str(Call("ec2", "RunInstances", stack.region, shown))


def _target(part: Part) -> Target:
    wanted, member = part.wanted, part.member
    after = f"{wanted.section.type} of {wanted.section.image}"
    if member is None:
        warnings = () if part.refused else wanted.warnings
        return Target(name=wanted.called, after=after, warnings=warnings, refused=part.refused, remedy=part.remedy)
    row = Target(
        name=wanted.called,
        before=f"{member.identity}, {member.state}",
        after=member.identity,
        warnings=differences(member, wanted),
        facts={"instance": member.identity},
        refused=part.refused,
        remedy=part.remedy,
    )
    if part.refused is not None:
        return row
    if part.doubt is None:
        return replace(row, refused="it is there", refused_as=Outcome.UNCHANGED)
    if part.doubt.lasting:
        return replace(row, refused=f"it is there, but {part.doubt.reason}", remedy=part.doubt.remedy)
    return replace(row, warnings=(f"half made: {part.doubt.reason}", *row.warnings))


def creating_job(creation: Creation, plan: Plan, settling: Settling) -> Job:
    """The work: all hosts at once; one that cannot be had keeps no other from being made."""

    async def job(run: Run) -> Report:
        rows = await asyncio.gather(
            *(
                _make(run, creation.stack, part, row, settling)
                for part, row in zip(creation.parts, plan.targets, strict=True)
            )
        )
        outcome = overall(row.outcome for row in rows)
        stopped = run.cancelling.is_set() and not outcome.is_success
        return Report(operation=run.operation, outcome=outcome, targets=tuple(rows), interrupted=stopped)

    return job


async def _make(run: Run, stack: Stack, part: Part, row: Target, settling: Settling) -> TargetReport:
    if row.refused is not None:
        return left_out(row)
    began = run.clock()
    report = await _bring_up(run, stack, part, TargetReport(name=row.name, outcome=Outcome.COMMITTED), settling)
    report = replace(report, before=row.before, seconds=run.clock() - began)
    run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
    return report


async def _bring_up(run: Run, stack: Stack, part: Part, row: TargetReport, settling: Settling) -> TargetReport:
    tell, member, again = Narrator(run, row.name), part.member, f"nixtui stack create {stack.name}"
    try:
        if member is None:
            if run.cancelling.is_set():
                return replace(row, outcome=Outcome.REFUSED, detail="not begun: stopped")
            member = await _launch(settling.session, stack, part, tell)
        row = replace(row, after=member.identity)
        tell.begin("waiting until it is up")
        doubt = await run.unless_cancelled(settling.settle(member, tell)) or await _alone(settling.session, stack, part)
    except Cancelled:
        doubt = Doubt("stopped before it was seen to be up", f"{again} goes on from there")
    except AwsError as error:
        tell.end(False, error.reason)
        outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
        left = f"; {row.after} is there" if row.after else ""
        remedy = f"{error.remedy}; then again: {again}" if error.remedy else again
        return replace(row, outcome=outcome, detail=f"{error.reason}{left}", remedy=remedy)
    tell.end(doubt is None, doubt.reason if doubt is not None else None)
    if doubt is None:
        return replace(row, detail="it runs, its checks passed, and it answers SSH with the key that is known of it")
    remedy = doubt.remedy or f"{again} looks again"
    return replace(row, outcome=Outcome.FAILED, detail=f"{doubt.reason}; {row.after} is there", remedy=remedy)


async def _alone(session: Session, stack: Stack, part: Part) -> Doubt | None:
    """Whether there is one only. There can be two where two people with other settings each began in the seconds that
    EC2 takes to show what it made; nobody but a person knows which is to stay.
    """
    members = await list_members(session, stack.region, stack.name)
    ours = [each for each in members if stack.has(each) and each.host == part.wanted.host]
    several = [each.identity for each in ours if not each.is_gone]
    if len(several) < 2:
        return None
    remedy = f"terminate all but one: nixtui instance terminate ID --region {stack.region}"
    return Doubt(f"{len(several)} instances say that they are it: {', '.join(several)}", remedy, lasting=True)


async def _launch(session: Session, stack: Stack, part: Part, tell: Narrator) -> Member:
    """Never cut: what was asked for is made, and has to be told."""
    tell.begin("launching")
    launched = await launch(session, stack, part.wanted, part.gone)
    tell.end(True, launched.member.identity)
    if launched.found:
        tell.note(f"{launched.member.identity} was made by somebody else at the same time, with other settings")
    return launched.member
