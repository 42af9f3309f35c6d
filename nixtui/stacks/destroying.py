"""Destroying a stack: the instances that the plan names by their ids, each looked at once more right before.

Of a stack is only what has its very tags, in its region, of its account. What is protected, or of a group that would
start another one, is refused; what no configuration here declares only goes where that is asked for.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session, jittered
from nixtui.images.changing import Call
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.stacks.members import Member, Stack, find_member

KIND = "stack-destroy"

PATIENCE_S: Final = 900.0
"""A system gets minutes to shut down before EC2 pulls the plug."""

_STAYS = ("images, snapshots, subnets, security groups, key pairs and roles stay, and so do lines in known_hosts",)


@dataclass(frozen=True, slots=True)
class Doomed:
    """One instance of the stack, with why it is left alone, if it is."""

    member: Member
    refused: str | None = None
    refused_as: Outcome = Outcome.REFUSED
    remedy: str | None = None


async def look_before(
    session: Session, stack: Stack, members: Sequence[Member], declared: Sequence[str], *, undeclared: bool
) -> list[Doomed]:
    """Everything with the stack's name that is not gone. Raises `AwsError`."""
    alive = [each for each in members if each.state != "terminated"]
    alive.sort(key=lambda each: (each.called, each.identity))
    return list(await asyncio.gather(*(_doomed(session, stack, each, declared, undeclared) for each in alive)))


async def _doomed(session: Session, stack: Stack, member: Member, declared: Sequence[str], undeclared: bool) -> Doomed:
    if not stack.has(member):
        return Doomed(member, f"it is not of this stack: {_why_not(stack, member)}", remedy="leave it to whose it is")
    if member.state == "shutting-down":
        return Doomed(member, "it is shutting down already", Outcome.UNCHANGED)
    if member.host not in declared and not undeclared:
        return Doomed(
            member,
            f"its host {member.host} is not declared in [stacks.{stack.name}]: it may be somebody else's",
            remedy=f"nixtui stack destroy {stack.name} --undeclared takes it as well",
        )
    if member.instance.group is not None:
        return Doomed(
            member,
            f"auto scaling group {member.instance.group} would replace it",
            remedy="take it out of the group, or scale that down",
        )
    if await _is_protected(session, member):
        return Doomed(member, "it is protected against termination", remedy=_unprotect(member))
    return Doomed(member)


def _why_not(stack: Stack, member: Member) -> str:
    if not member.host:
        return "it has no tag that says which host it is"
    if member.owner != stack.account:
        return f"account {member.owner or '–'} owns it"
    return f"fleet {member.fleet} made it" if member.fleet else "a fleet without a name made it"


def _unprotect(member: Member) -> str:
    return (
        f"if it may go: aws ec2 modify-instance-attribute --no-disable-api-termination "
        f"--instance-id {member.identity} --region {member.instance.region}"
    )


async def _is_protected(session: Session, member: Member) -> bool:
    region = member.instance.region
    asked = {"InstanceId": member.identity, "Attribute": "disableApiTermination"}
    answer = await session.call("ec2", "DescribeInstanceAttribute", region, **asked)
    return bool(answer.get("DisableApiTermination", {}).get("Value"))


def plan_destruction(stack: Stack, doomed: Sequence[Doomed]) -> Plan:
    """The plan: a row for every instance, with what it leaves behind. The stack's name has to be typed."""
    targets = tuple(_target(each) for each in doomed)
    acting = [each.member for each in doomed if each.refused is None]
    calls = tuple(str(_terminate(each)) for each in acting)
    return Plan(
        kind=KIND,
        title=f"Destroy stack {stack.name} in {stack.region}, account {stack.account}",
        targets=targets,
        steps=(Step("each: look at its tags once more, terminate it, wait until it is gone", calls),) if acting else (),
        warnings=_STAYS if acting else (),
        irreversible=("instances, and the volumes that go with them",) if acting else (),
        typed=stack.name,
    )


def _terminate(member: Member) -> Call:
    return Call("ec2", "TerminateInstances", member.instance.region, {"InstanceIds": [member.identity]})


def _target(doomed: Doomed) -> Target:
    member = doomed.member
    goes = [f"{each.volume} ({each.device})" for each in member.disks if each.goes]
    return Target(
        name=f"{member.called} ({member.identity})",
        before=f"{member.state}, {member.instance.kind}",
        after=" with ".join(["gone", ", ".join(goes)] if goes else ["gone"]),
        warnings=tuple(f"stays: {each}" for each in _left(member)),
        refused=doomed.refused,
        refused_as=doomed.refused_as,
        remedy=doomed.remedy,
        facts={"instance": member.identity, "host": member.host},
    )


def _left(member: Member) -> list[str]:
    """What is there once it is gone, and goes on costing money."""
    return [f"volume {each.volume} ({each.device})" for each in member.disks if not each.goes] + list(member.stays)


@dataclass(frozen=True, slots=True)
class Destroying:
    """How instances are taken away."""

    session: Session
    stack: Stack
    clock: Callable[[], float]
    patience_s: float = PATIENCE_S

    def job(self, doomed: Sequence[Doomed], plan: Plan) -> Job:
        """The work: each by itself, so that one that is refused keeps no other."""

        async def job(run: Run) -> Report:
            pairs = zip(doomed, plan.targets, strict=True)
            rows = await asyncio.gather(*(self._one(run, each.member, row) for each, row in pairs))
            outcome = overall(row.outcome for row in rows)
            stopped = run.cancelling.is_set() and not outcome.is_success
            return Report(operation=run.operation, outcome=outcome, targets=tuple(rows), interrupted=stopped)

        return job

    async def _one(self, run: Run, member: Member, row: Target) -> TargetReport:
        if row.refused is not None:
            return left_out(row)
        tell, began = Narrator(run, row.name), run.clock()
        outcome, detail, remedy = await self._end(run, member, tell)
        left = _left(member)
        if outcome is Outcome.COMMITTED and left:
            detail, remedy = f"left: {', '.join(left)}", _delete(member) or remedy
        report = TargetReport(
            name=row.name,
            outcome=outcome,
            before=row.before,
            after="gone" if outcome is Outcome.COMMITTED else None,
            detail=detail,
            remedy=remedy,
            seconds=run.clock() - began,
        )
        run.tell(TargetFinished(at=run.clock(), target=row.name, report=report))
        return report

    async def _end(self, run: Run, member: Member, tell: Narrator) -> tuple[Outcome, str | None, str | None]:
        sent = False
        again = f"nixtui stack destroy {self.stack.name} looks again"
        try:
            if run.cancelling.is_set():
                return Outcome.REFUSED, "not begun: stopped", None
            tell.begin("terminating")
            now = await find_member(self.session, self.stack.region, member.identity)
            if now is None or now.is_gone:
                tell.end(True, "it is gone already")
            elif not (self.stack.has(now) and now.host == member.host):
                tell.end(False, "left alone")
                return Outcome.REFUSED, "its tags are no longer those of the plan; it was left alone", again
            else:
                call = _terminate(member)
                sent = True  # from here on nobody knows whether it arrived
                await self.session.call(call.service, call.action, call.region, **call.parameters)
                tell.end(True)
            tell.begin("waiting until it is gone")
            gone = await run.unless_cancelled(self._gone(member))
            tell.end(gone)
        except Cancelled:
            tell.end(False, "stopped")
            return Outcome.UNKNOWN, "it is being terminated, and was not seen to be gone", again
        except AwsError as error:
            tell.end(False, error.reason)
            if error.code == "OperationNotPermitted":
                return Outcome.REFUSED, "it has been protected against termination meanwhile", _unprotect(member)
            if sent and error.may_pass:
                return Outcome.UNKNOWN, f"{error.reason}; whether it was terminated is not known", again
            outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
            return outcome, error.reason, error.remedy or again
        if not gone:
            return Outcome.UNKNOWN, f"it is not gone after {self.patience_s:.0f} s", again
        return Outcome.COMMITTED, None, None

    async def _gone(self, member: Member) -> bool:
        began, attempt = self.clock(), 0
        while True:
            attempt += 1
            try:
                now = await find_member(self.session, self.stack.region, member.identity)
            except AwsError as error:
                if not (error.may_pass or error.kind is Kind.NOT_FOUND):
                    raise
            else:
                if now is None or now.state == "terminated":
                    return True
            if self.clock() - began > self.patience_s:
                return False
            await asyncio.sleep(jittered(attempt, base=0.2, longest=10.0))


def _delete(member: Member) -> str | None:
    """How volumes that stayed go, where nobody needs them."""
    volumes = [each.volume for each in member.disks if not each.goes]
    region = member.instance.region
    deleting = (f"aws ec2 delete-volume --volume-id {each} --region {region}" for each in volumes)
    return "if nobody needs them: " + " && ".join(deleting) if volumes else None
