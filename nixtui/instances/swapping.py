"""Blue-green by auto scaling groups: one takes the place of another in its target groups, with the way back.

The new group is put beside the old one and grown to its size; once it is healthy in every target group the old one is
taken out, drained, and the new one is watched alone. Whatever goes wrong until then, the old one is put in again and
the new one becomes as it was. Nothing is remembered anywhere: a run that was killed is gone on with by looking.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TypeVar

import msgspec

from nixtui.aws.balancers import alarms_on, states_of
from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.scaling import Attached, Scaled, ScalingCall, attaching, detaching, emptying, resizing, scaled
from nixtui.aws.session import Session
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

T = TypeVar("T")

_PATIENCE = 5
"""Looks in a row, or tries of a call on the way back, that may fail."""


@dataclass(frozen=True, slots=True)
class Swap:
    """`new` instead of `old`, both as they were found. Times in seconds; `names` are those of target groups.

    `drain_s` is how long the old one is waited for to drain; what still does then is told, and never terminated.
    `idle` are target groups that no listener sends anything to: nothing in them ever becomes healthy.
    """

    old: Scaled
    new: Scaled
    names: Mapping[str, str]
    idle: tuple[str, ...] = ()
    bake_s: float = 300.0
    patience_s: float = 900.0
    drain_s: float = 300.0
    least_healthy: int = 100
    alarms: tuple[str, ...] = ()
    every_s: float = 5.0
    scale_down: bool = False

    @property
    def targets(self) -> tuple[Attached, ...]:
        """What it is about: where the old one is, or is just leaving; once it is out of all, where the new one is."""
        return self.old.targets or self.new.attached

    @property
    def missing(self) -> tuple[Attached, ...]:
        """Where the new one still has to be put, in the way the old one is."""
        return tuple(each for each in self.targets if each.arn not in self.new.arns)

    @property
    def wanted(self) -> int:
        """How many instances the new one has to have."""
        return max(self.old.wanted, self.new.wanted)

    @property
    def is_done(self) -> bool:
        """Nothing is left to do."""
        out = not self.old.targets and bool(self.new.attached)
        return out and not (self.scale_down and self.old.wanted)

    def named(self, arns: Sequence[str]) -> str:
        """Target groups by their names."""
        return ", ".join(self.names.get(each, each) for each in arns)


def refuse(swap: Swap, alarms: Sequence[str]) -> tuple[str, str] | None:
    """Why this is not begun and what to do about it; `None` when it can be."""
    old, new = swap.old, swap.new
    if old.name == new.name:
        return "a group cannot take its own place", "name two groups"
    if not swap.targets:
        return f"neither {old.name} nor {new.name} is in a target group", f"attach {old.name} to one"
    if others := (*old.others, *new.others):
        return (
            f"{', '.join(others)} is no target group, and whether instances are healthy there cannot be seen",
            "swap only groups that get their traffic through target groups",
        )
    if swap.idle:
        return f"no listener sends traffic to {swap.named(swap.idle)}", "attach the groups to one that gets traffic"
    if not swap.wanted:
        return f"neither {old.name} nor {new.name} is to have an instance", f"raise the capacity of {new.name} first"
    if swap.wanted > new.most:
        words = f"aws autoscaling update-auto-scaling-group --auto-scaling-group-name {new.name}"
        return (
            f"{new.name} may have {new.most} instances at most, and {old.name} has {old.wanted}",
            f"{words} --max-size {swap.wanted} --region {new.region}",
        )
    for group, process in ((new, "Launch"), (new, "AddToLoadBalancer"), (old, "AddToLoadBalancer")):
        if process in group.suspended:
            words = f"aws autoscaling resume-processes --auto-scaling-group-name {group.name}"
            return f"{process} is suspended in {group.name}", f"{words} --scaling-processes {process}"
    if alarms:
        return f"alarm {', '.join(alarms)} is on already", "wait until it is off, or leave it out"
    return None


def plan_swap(swap: Swap, alarms: Sequence[str]) -> Plan:
    """The plan: every step with the calls that it makes, and whether it can be taken back."""
    old, new = swap.old, swap.new
    refused = None if swap.is_done else refuse(swap, alarms)
    warnings: tuple[str, ...] = ()
    if not swap.alarms:
        warnings += ("without alarms only failing health checks make it go back",)
    if swap.new.attached and not swap.is_done:
        warnings += (f"{new.name} is in {swap.named(sorted(new.arns))} already, and stays there if it goes back",)
    target = Target(
        name=new.name,
        before=old.name,
        after=new.name,
        warnings=warnings,
        refused=f"{new.name} has it all already" if swap.is_done else refused[0] if refused else None,
        refused_as=Outcome.UNCHANGED if swap.is_done else Outcome.REFUSED,
        remedy=refused[1] if refused else None,
    )
    acting = target.refused is None
    lost = f"the {old.wanted} instances of {old.name} are terminated at the end"
    return Plan(
        kind="instance-swap",
        title=f"Put {new.name} in the place of {old.name} ({new.region})",
        targets=(target,),
        steps=_steps(swap) if acting else (),
        irreversible=(lost,) if acting and swap.scale_down and old.wanted else (),
    )


def _steps(swap: Swap) -> tuple[Step, ...]:
    old, new = swap.old, swap.new
    where = swap.named([each.arn for each in swap.targets])
    steps = []
    if swap.missing:
        named = swap.named([each.arn for each in swap.missing])
        steps.append(Step(f"put {new.name} into {named}", _shown(attaching(new, swap.missing))))
    if new.wanted < swap.wanted:
        grown = f"grow {new.name} from {new.wanted} to {swap.wanted} instances"
        steps.append(Step(grown, _shown([resizing(new, swap.wanted)])))
    steps.append(Step(f"wait until {swap.least_healthy} % of {new.name} are healthy in {where}"))
    if old.attached:
        steps.append(Step(f"take {old.name} out of {where}", _shown(detaching(old, old.attached))))
    if old.targets:
        steps.append(Step(f"let {old.name} drain, for {swap.drain_s:.0f} s at most"))
    steps.append(Step(f"watch {new.name} alone for {swap.bake_s:.0f} s"))
    if swap.scale_down and old.wanted:
        steps.append(Step(f"set {old.name} to 0 instances", _shown([emptying(old)])))
    return tuple(steps)


def _shown(calls: Sequence[ScalingCall]) -> tuple[str, ...]:
    return tuple(str(call) for call in calls)


def verdict(swap: Swap) -> str:
    """Whether it can be taken back, and how."""
    again = f"nixtui instance swap {swap.new.name} {swap.old.name}"
    if swap.scale_down and swap.old.wanted:
        after = f"{swap.old.name} has no instances then; {again} goes back once it has some again"
    else:
        after = f"after that by {again}"
    return f"can be taken back: by itself or by Ctrl-C until the end; {after}"


class _Trouble(Exception):
    """Why it goes back."""


def swapping_job(swap: Swap, session: Session) -> Job:
    """The work. Stopping it takes it back."""

    async def job(run: Run) -> Report:
        tell, began = Narrator(run, swap.new.name), run.clock()
        row = await _Swapper(swap, session, run, tell).swap()
        row = msgspec.structs.replace(row, seconds=run.clock() - began)
        stopped = run.cancelling.is_set() and not row.outcome.is_success
        return Report(operation=run.operation, outcome=row.outcome, targets=(row,), interrupted=stopped)

    return job


@dataclass(slots=True)
class _Swapper:
    """One swap under way; `touched` once a call was made that changes something."""

    plan: Swap
    session: Session
    run: Run
    tell: Narrator
    touched: bool = False
    draining: int = 0
    _seen: str = field(default="")

    async def swap(self) -> TargetReport:
        """All of it. Raises nothing foreseen."""
        try:
            await self._take_over()
        except Cancelled:
            self.tell.end(False, "stopped")
            return await self._back("stopped")
        except _Trouble as trouble:
            self.tell.end(False, str(trouble))
            return await self._back(str(trouble))
        except AwsError as error:
            self.tell.end(False, error.reason)
            row = await self._back(error.reason)
            return msgspec.structs.replace(row, remedy=row.remedy or error.remedy)
        return await self._end()

    # There

    async def _take_over(self) -> None:
        plan, new, old = self.plan, self.plan.new, self.plan.old
        if plan.missing:
            await self._change(f"putting it into {self._where(plan.missing)}", attaching(new, plan.missing))
        if new.wanted < plan.wanted:
            await self._change(f"growing it to {plan.wanted} instances", [resizing(new, plan.wanted)])
        self.tell.begin("waiting until it is healthy")
        await self.run.unless_cancelled(self._until_healthy(new.name, plan.patience_s, watching=True))
        self.tell.end(True)
        if old.attached:
            await self._change(f"taking {old.name} out of {self._where(old.attached)}", detaching(old, old.attached))
        if old.targets:
            self.tell.begin(f"draining {old.name}")
            self.draining = await self.run.unless_cancelled(self._until_drained())
            self.tell.end(not self.draining, f"{self.draining} of its targets still drain" if self.draining else None)
        self.tell.begin(f"watching it alone for {plan.bake_s:.0f} s")
        await self.run.unless_cancelled(self._bake())
        if self.run.cancelling.is_set():
            raise Cancelled
        self.tell.end(True)

    async def _change(self, step: str, calls: Sequence[ScalingCall]) -> None:
        """Never cut in the middle."""
        if self.run.cancelling.is_set():
            raise Cancelled
        self.tell.begin(step)
        for call in calls:
            self.touched = True
            await call.make(self.session)
        self.tell.end(True)

    async def _until_healthy(self, name: str, patience_s: float, *, watching: bool) -> None:
        """Until enough of a group are healthy in every target group. Raises `_Trouble` when that takes too long."""
        began = time.monotonic()
        while True:
            short = await self._look(name, watching=watching)
            if short is None:
                return
            if time.monotonic() - began > patience_s:
                raise _Trouble(f"{name} did not become healthy: {short}")
            self._note(short)
            await asyncio.sleep(self.plan.every_s)

    async def _until_drained(self) -> int:
        """Until nothing of the old group is left in any target group; how many are when it takes too long."""
        began, old = time.monotonic(), self.plan.old
        while True:
            if short := await self._look(self.plan.new.name, watching=True):
                raise _Trouble(f"{self.plan.new.name}: {short}")
            left = await self._patiently(self._left)
            if not left or time.monotonic() - began > self.plan.drain_s:
                return left
            self._note(f"{left} targets of {old.name} drain")
            await asyncio.sleep(self.plan.every_s)

    async def _left(self) -> int:
        old = await scaled(self.session, self.plan.old.region, self.plan.old.name)
        members = {*self.plan.old.members, *old.members}
        states = [await states_of(self.session, each.arn, old.region) for each in self.plan.targets]
        draining = sum(len(members & found.keys()) for found in states)
        return max(draining, len(old.targets))

    async def _bake(self) -> None:
        """Watch it alone. Raises `_Trouble`."""
        began = time.monotonic()
        while True:
            if short := await self._look(self.plan.new.name, watching=True):
                raise _Trouble(f"{self.plan.new.name}: {short}")
            if time.monotonic() - began >= self.plan.bake_s:
                return
            await asyncio.sleep(self.plan.every_s)

    async def _look(self, name: str, *, watching: bool) -> str | None:
        """Where a group is short of healthy instances; `None` where it is not. With `watching` an alarm is trouble."""

        async def look() -> str | None:
            region = self.plan.new.region
            if watching and (on := await alarms_on(self.session, self.plan.alarms, region)):
                raise _Trouble(f"alarm {', '.join(on)} went on")
            group = await scaled(self.session, region, name)
            # Policies may size the new group meanwhile: what it wants itself is enough.
            wanted = min(self.plan.wanted, group.wanted) if name == self.plan.new.name else group.wanted
            enough = max(1, ceil(wanted * self.plan.least_healthy / 100)) if wanted else 0
            for each in self.plan.targets:
                states = await states_of(self.session, each.arn, region)
                own = [states[member] for member in group.members if member in states]
                healthy = sum(state == "healthy" for state, _ in own)
                if healthy < enough:
                    why = "; ".join(dict.fromkeys(words for _, words in own if words))
                    where = self.plan.named([each.arn])
                    return f"{healthy} of {wanted} healthy in {where}" + (f" ({why})" if why else "")
            return None

        return await self._patiently(look)

    async def _patiently(self, look: Callable[[], Awaitable[T]]) -> T:
        """What AWS does not tell for a while is no reason to go back; not telling at all is."""
        for left in reversed(range(_PATIENCE)):
            try:
                return await look()
            except AwsError as error:
                if not (error.may_pass and left):
                    raise
            await asyncio.sleep(self.plan.every_s)
        raise AssertionError("unreachable")

    # At the end

    async def _end(self) -> TargetReport:
        plan, old = self.plan, self.plan.old
        done = f"{plan.new.name} has all of {self._where(plan.targets)}"
        if not (plan.scale_down and old.wanted):
            return self._row(Outcome.COMMITTED, f"{done}; {old.name} keeps its {old.wanted} instances", None)
        by_hand = f"nixtui instance swap {old.name} {plan.new.name} --scale-down --region {old.region}"
        self.tell.begin(f"setting {old.name} to 0 instances")
        try:
            if self.draining:
                raise _Trouble(f"{self.draining} of its targets still drain")
            await emptying(old).make(self.session)
        except (AwsError, _Trouble) as error:
            why = error.reason if isinstance(error, AwsError) else str(error)
            self.tell.end(False, why)
            return self._row(Outcome.FAILED, f"{done}, but {old.name} keeps its instances: {why}", by_hand)
        self.tell.end(True)
        return self._row(Outcome.COMMITTED, f"{done}; {old.name} is set to 0 instances", None)

    # Back

    async def _back(self, reason: str) -> TargetReport:
        """As it was, by looking how it is. What could not be undone is said with the way to do it by hand."""
        plan, old, new = self.plan, self.plan.old, self.plan.new
        if not self.touched and all(each.arn in old.arns for each in plan.targets):
            return self._row(Outcome.FAILED, f"{reason}; nothing was changed", None)
        self.tell.begin("going back")
        try:
            await self._put_back()
        except (AwsError, _Trouble) as error:
            why = error.reason if isinstance(error, AwsError) else str(error)
            self.tell.end(False, why)
            by_hand = f"nixtui instance swap {new.name} {old.name} --region {old.region}"
            return self._row(Outcome.UNKNOWN, f"{reason}; going back failed: {why}", by_hand)
        self.tell.end(True)
        again = f"{old.name} is in {self._where(plan.targets)}, {new.name} is as it was ({new.wanted} instances)"
        return self._row(Outcome.REVERTED, f"{reason}; {again}", None)

    async def _put_back(self) -> None:
        """The old group first, and the new one only out once that is healthy: somebody has the traffic at any time."""
        plan, region = self.plan, self.plan.old.region
        old = await self._patiently(lambda: scaled(self.session, region, plan.old.name))
        out = [each for each in plan.targets if each.arn not in old.arns]
        if out:
            await self._firmly(attaching(old, out))
            await self._until_healthy(old.name, plan.patience_s, watching=False)
        new = await self._patiently(lambda: scaled(self.session, region, plan.new.name))
        await self._firmly(detaching(new, [each for each in new.attached if each.arn not in plan.new.arns]))
        if new.wanted != plan.new.wanted and plan.new.wanted < plan.wanted:
            await self._firmly([resizing(new, plan.new.wanted)])

    async def _firmly(self, calls: Sequence[ScalingCall]) -> None:
        """Each call until AWS takes it; a group that is busy with the call before may refuse for a moment."""
        for call in calls:
            for left in reversed(range(_PATIENCE)):
                try:
                    await call.make(self.session)
                    break
                except AwsError as error:
                    if not left or error.kind in (Kind.DENIED, Kind.EXPIRED, Kind.NOT_FOUND):
                        raise
                await asyncio.sleep(self.plan.every_s)

    # Words

    def _where(self, targets: Sequence[Attached]) -> str:
        return self.plan.named([each.arn for each in targets])

    def _note(self, text: str) -> None:
        if text != self._seen:
            self._seen = text
            self.tell.note(text)

    def _row(self, outcome: Outcome, detail: str, remedy: str | None) -> TargetReport:
        return TargetReport(
            name=self.plan.new.name,
            outcome=outcome,
            before=self.plan.old.name,
            after=self.plan.new.name,
            detail=detail,
            remedy=remedy,
        )
