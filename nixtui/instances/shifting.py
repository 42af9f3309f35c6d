"""Blue-green: traffic moved from one target group to another behind the same listener, in steps, with the way back.

A group that no listener names has no health checks, so the new one is first named with a weight of nothing; what is
moved is moved only while it is healthy and no alarm is on. Whatever goes wrong, the listener gets what it had before.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from nixtui.aws.balancers import Health, Listener, Weights, alarms_on, find_listener, health_of, set_weights
from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

_PATIENCE = 5
"""Looks in a row that may fail before the traffic is taken back."""


@dataclass(frozen=True, slots=True)
class Shift:
    """What is moved where. `stages` are percentages of the traffic, rising; times in seconds."""

    listener: Listener
    group: str
    group_name: str
    names: Mapping[str, str]
    stages: tuple[int, ...] = (100,)
    bake_s: float = 60.0
    patience_s: float = 600.0
    least_healthy: int = 100
    alarms: tuple[str, ...] = ()
    every_s: float = 5.0

    @property
    def old(self) -> Weights:
        """Who else gets traffic now."""
        return {arn: weight for arn, weight in self.listener.weights.items() if arn != self.group and weight > 0}

    def at(self, percent: int) -> Weights:
        """The weights of a stage: the old groups share what is left as they shared all."""
        if percent >= 100 or not self.old:
            return {self.group: 100}
        whole = sum(self.old.values())
        left = {arn: max(1, round((100 - percent) * weight / whole)) for arn, weight in self.old.items()}
        return {**left, self.group: percent}


class _Trouble(Exception):
    """Why it goes back."""


class _Foreign(Exception):
    """Somebody else changed the listener meanwhile."""


def refuse(shift: Shift, health: Health, alarms: list[str]) -> tuple[str, str] | None:
    """Why this is not begun and what to do about it; `None` when it can be."""
    if not health.states:
        return f"target group {shift.group_name} has no targets", "attach its auto scaling group, or register instances"
    if alarms:
        return f"alarm {', '.join(alarms)} is on already", "wait until it is off, or leave it out"
    named = shift.group in shift.listener.weights
    if named and _percent(health) < shift.least_healthy:
        return f"{shift.group_name}: {health}", "wait until they are, or lower --min-healthy"
    return None


def plan_shift(shift: Shift, health: Health, alarms: list[str]) -> Plan:
    """The plan: every stage with the call it makes."""
    done = not shift.old and shift.listener.weights.get(shift.group, 0) > 0
    refused = None if done else refuse(shift, health, alarms)
    target = Target(
        name=shift.listener.name,
        before=_words(shift.listener.weights, shift.names),
        after=shift.group_name,
        warnings=() if shift.alarms else ("without alarms only failing health checks make it go back",),
        refused=f"all of it goes to {shift.group_name} already" if done else refused[0] if refused else None,
        refused_as=Outcome.UNCHANGED if done else Outcome.REFUSED,
        remedy=refused[1] if refused else None,
    )
    action = "elbv2:ModifyRule" if shift.listener.is_rule else "elbv2:ModifyListener"
    steps = [
        Step(
            f"name {shift.group_name} with a weight of nothing, until {shift.least_healthy} % of it are healthy",
            (f"{action} {shift.listener.arn}",),
        )
    ]
    steps += [
        Step(
            f"{percent} % to {shift.group_name}, watched for {shift.bake_s:.0f} s", (f"{action} {shift.listener.arn}",)
        )
        for percent in shift.stages
    ]
    return Plan(
        kind="instance-shift",
        title=f"Move the traffic of {shift.listener.name} to {shift.group_name}",
        targets=(target,),
        steps=() if target.refused else tuple(steps),
    )


def shifting_job(shift: Shift, session: Session) -> Job:
    """The work. Stopping it takes the traffic back."""

    async def job(run: Run) -> Report:
        tell, began = Narrator(run, shift.listener.name), run.clock()
        mover = _Mover(shift, session, run, tell)
        row = await mover.move()
        row = msgspec.structs.replace(row, seconds=run.clock() - began)
        stopped = run.cancelling.is_set() and not row.outcome.is_success
        return Report(operation=run.operation, outcome=row.outcome, targets=(row,), interrupted=stopped)

    return job


class _Mover:
    """One shift under way; `now` is what the listener was last given by us, `None` before the first time."""

    def __init__(self, shift: Shift, session: Session, run: Run, tell: Narrator) -> None:
        self._shift = shift
        self._session = session
        self._run = run
        self._tell = tell
        self._now: Weights | None = None

    async def move(self) -> TargetReport:
        """All stages. Raises nothing foreseen."""
        try:
            await self._stages()
        except Cancelled:
            self._tell.end(False, "stopped")
            return await self._back("stopped")
        except _Trouble as trouble:
            self._tell.end(False, str(trouble))
            return await self._back(str(trouble))
        except _Foreign:
            self._tell.end(False, "somebody else changed it")
            return self._row(
                Outcome.UNKNOWN,
                "somebody else changed the listener meanwhile; it is left as they made it",
                f"aws elbv2 describe-listeners --listener-arns {self._shift.listener.arn}",
            )
        except AwsError as error:
            self._tell.end(False, error.reason)
            row = await self._back(error.reason)
            return msgspec.structs.replace(row, remedy=row.remedy or error.remedy)
        return self._row(Outcome.COMMITTED, f"all of it goes to {self._shift.group_name}", None)

    async def _stages(self) -> None:
        shift = self._shift
        if shift.group not in shift.listener.weights:
            self._tell.begin("naming it without traffic")
            await self._set({**shift.listener.weights, shift.group: 0})
            self._tell.end(True)
        self._tell.begin("waiting until it is healthy")
        await self._run.unless_cancelled(self._until_healthy())
        self._tell.end(True)
        for percent in shift.stages:
            self._tell.begin(f"{percent} %")
            await self._set(shift.at(percent))
            if self._run.cancelling.is_set():
                raise Cancelled
            health = await self._run.unless_cancelled(self._bake())
            self._tell.end(True, str(health))
            self._run.tell(
                Progress(
                    at=self._run.clock(), target=shift.listener.name, step="shift", done=percent, total=100, unit="%"
                )
            )

    async def _until_healthy(self) -> None:
        began, seen = time.monotonic(), ""
        while True:
            health = await self._look()
            if _percent(health) >= self._shift.least_healthy:
                return
            if time.monotonic() - began > self._shift.patience_s:
                raise _Trouble(f"{self._shift.group_name} did not become healthy: {health}")
            if str(health) != seen:
                seen = str(health)
                self._tell.note(seen)
            await asyncio.sleep(self._shift.every_s)

    async def _bake(self) -> Health:
        """Watch; the newest health. Raises `_Trouble`."""
        began = time.monotonic()
        while True:
            health = await self._look()
            if _percent(health) < self._shift.least_healthy:
                raise _Trouble(f"{self._shift.group_name}: {health}")
            if time.monotonic() - began >= self._shift.bake_s:
                return health
            await asyncio.sleep(self._shift.every_s)

    async def _look(self) -> Health:
        """Alarms and health. What AWS does not tell for a while is no reason to go back; not telling at all is."""
        region = self._shift.listener.region
        for left in reversed(range(_PATIENCE)):
            try:
                if on := await alarms_on(self._session, self._shift.alarms, region):
                    raise _Trouble(f"alarm {', '.join(on)} went on")
                return await health_of(self._session, self._shift.group, region)
            except AwsError as error:
                if not (error.may_pass and left):
                    raise
            await asyncio.sleep(self._shift.every_s)
        raise AssertionError("unreachable")

    async def _set(self, weights: Weights) -> None:
        """Never cut in the middle. Raises `_Foreign` where the listener is not as we left it."""
        expected = self._shift.listener.weights if self._now is None else self._now
        there = await find_listener(self._session, self._shift.listener.arn, self._shift.listener.region)
        if dict(there.weights) != dict(expected) and dict(there.weights) != dict(weights):
            raise _Foreign
        self._now = weights
        await set_weights(self._session, self._shift.listener, weights)

    async def _back(self, reason: str) -> TargetReport:
        """The listener as it was. What could not be undone is said with the way to do it by hand."""
        shift = self._shift
        if self._now is None:
            return self._row(Outcome.FAILED, f"{reason}; nothing was changed", None)
        self._tell.begin("going back")
        try:
            await self._set(shift.listener.weights)
        except (AwsError, _Foreign) as error:
            why = error.reason if isinstance(error, AwsError) else "somebody else changed the listener meanwhile"
            self._tell.end(False, why)
            shown = _words(self._now, shift.names)
            by_hand = f"nixtui instance shift {shift.listener.arn} --to {next(iter(shift.old), shift.group)}"
            return self._row(Outcome.UNKNOWN, f"{reason}; going back failed: {why}; it may forward {shown}", by_hand)
        self._tell.end(True)
        shown = _words(shift.listener.weights, shift.names)
        return self._row(Outcome.REVERTED, f"{reason}; {shown} has all of it again", None)

    def _row(self, outcome: Outcome, detail: str, remedy: str | None) -> TargetReport:
        return TargetReport(
            name=self._shift.listener.name,
            outcome=outcome,
            before=_words(self._shift.listener.weights, self._shift.names),
            after=self._shift.group_name,
            detail=detail,
            remedy=remedy,
        )


def _percent(health: Health) -> float:
    return 100 * health.healthy / len(health.states) if health.states else 0.0


def _words(weights: Weights, names: Mapping[str, str]) -> str:
    whole = sum(weights.values()) or 1
    shares = {names.get(arn, arn): 100 * weight / whole for arn, weight in weights.items() if weight}
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()) or "nobody"
