"""Activating on one host all that a deploy has for it, one after the other; what was active by then goes back with the
one that fails.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from nixtui.activation.guarded import CANCELLED, GuardedHost, HealthCheck
from nixtui.deploys.keys import NodeKeys
from nixtui.deploys.legs import Leg, back
from nixtui.deploys.phase import Phase
from nixtui.model.host import Host
from nixtui.nix.colmena import UploadAt
from nixtui.nix.errors import NixError
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.errors import RemoteError, Unreachable
from nixtui.remote.guard import Finding
from nixtui.remote.transport import Reach

_LEFT_AS_IT_IS = frozenset({Outcome.UNKNOWN, Outcome.UNREACHABLE})
"""Who cannot be talked to cannot be told to take anything back either."""


@dataclass(slots=True)
class Activating:
    """One host's activations. `before` and `after` are what reports call where it was and where it goes.

    `read_keys` reads the keys that are uploaded before and after them, where there are any. `number` is the generation
    that was the system's profile before.
    """

    host: Host
    legs: Sequence[Leg]
    reach: Reach
    health: Sequence[HealthCheck]
    run: Run
    before: str | None
    after: str | None
    number: int | None
    read_keys: Callable[[], Awaitable[NodeKeys]] | None = None
    _arrived: dict[str, Finding] = field(default_factory=dict)

    async def go(self) -> TargetReport:
        """Keys, activations, the other keys. Raises nothing."""
        if self.read_keys is None:
            return await self._activate_all()
        began = self.run.clock()
        try:
            keys = await self.run.unless_cancelled(self.read_keys())
            new = await self.run.unless_cancelled(self._upload(keys, UploadAt.PRE_ACTIVATION))
        except Cancelled:
            return self._without_keys(Outcome.REFUSED, CANCELLED, None, began)
        except Unreachable as error:
            return self._without_keys(Outcome.UNREACHABLE, error.reason, error.remedy, began)
        except (NixError, RemoteError) as error:
            return self._without_keys(Outcome.FAILED, error.reason, error.remedy, began)
        unchanged = TargetReport(name=self.host.name, outcome=Outcome.UNCHANGED, before=self.before, after=self.after)
        report = await self._activate_all() if self.legs else unchanged
        if not report.outcome.is_success:
            return report
        try:
            new += await self._upload(keys, UploadAt.POST_ACTIVATION)
        except (NixError, RemoteError) as error:
            detail = "; ".join(each for each in (report.detail, error.reason) if each)
            failed = msgspec.structs.replace(report, outcome=Outcome.FAILED, remedy=error.remedy)
            return self._whole(failed, detail, began, Phase.KEYS)
        if not self.legs and new:
            report = msgspec.structs.replace(report, outcome=Outcome.COMMITTED)
        detail = "; ".join(each for each in (report.detail, *(new or ["its keys are as they were"])) if each)
        return self._whole(report, detail, began, Phase.ACTIVATION if self.legs else Phase.KEYS)

    async def _upload(self, keys: NodeKeys, when: UploadAt) -> list[str]:
        """What is new on the host, told as well."""
        if not any(each.upload_at is when for each in keys.keys.values()):
            return []
        tell = Narrator(self.run, self.host.name)
        tell.begin("keys")
        try:
            async with self.reach(self.host) as transport:
                new = await keys.upload(transport, when)
        except RemoteError as error:
            tell.end(False, error.reason)
            raise
        tell.end(True, "; ".join(new) or "nothing new")
        return new

    def _without_keys(self, outcome: Outcome, why: str, remedy: str | None, began: float) -> TargetReport:
        report = TargetReport(name=self.host.name, outcome=outcome, before=self.before, after=self.after, remedy=remedy)
        return self._whole(report, f"{why}; nothing was activated", began, Phase.KEYS)

    async def _activate_all(self) -> TargetReport:
        """One after the other, as deploy-rs does: the first that fails takes those before it back with it."""
        began = self.run.clock()
        done: list[tuple[Leg, TargetReport]] = []
        for leg in self.legs:
            report = await self._activate(leg)
            if not report.outcome.is_success:
                return await self._gave_up(leg, report, done, began)
            done.append((leg, report))
        last = done[-1][1]
        detail = last.detail
        if not (len(done) == 1 and done[0][0].is_system):
            detail = "; ".join(f"{leg.profile}: {report.detail}" for leg, report in done)
        return self._whole(last, detail, began, Phase.ACTIVATION)

    async def take_back(self) -> TargetReport:
        """From where all of it led to where it began, the last one first, each under a guard like any other."""
        began = self.run.clock()
        report, problems = await self._take_back(self.legs)
        detail = report.detail if len(self.legs) == 1 else None
        if problems:
            report = msgspec.structs.replace(report, outcome=Outcome.FAILED)
            detail = "; ".join(problems)
        whole = self._whole(report, detail, began, Phase.ACTIVATION)
        return msgspec.structs.replace(whole, before=self.after, after=self.before)

    async def _gave_up(
        self, leg: Leg, report: TargetReport, done: Sequence[tuple[Leg, TargetReport]], began: float
    ) -> TargetReport:
        phase = Phase.ACTIVATION if leg.is_system else Phase.PROFILE
        detail = report.detail if leg.is_system and not done else f"{leg.profile}: {report.detail}"
        if not done:
            return self._whole(report, detail, began, phase)
        if report.outcome in _LEFT_AS_IT_IS:
            kept = ", ".join(each.profile for each, _ in done)
            return self._whole(report, f"{detail}; the new {kept} stays", began, phase)
        _, problems = await self._take_back([each for each, _ in done])
        if problems:
            failed = msgspec.structs.replace(report, outcome=Outcome.FAILED)
            return self._whole(failed, "; ".join([detail or "", *problems]), began, phase)
        whole = msgspec.structs.replace(report, outcome=Outcome.REVERTED)
        taken = ", ".join(each.profile for each, _ in reversed(done))
        return self._whole(whole, f"{detail}; {taken} was taken back with it", began, phase)

    async def _take_back(self, legs: Sequence[Leg]) -> tuple[TargetReport, list[str]]:
        """The last report, and what could not be taken back."""
        problems: list[str] = []
        report = TargetReport(name=self.host.name, outcome=Outcome.UNCHANGED)
        for leg in reversed(legs):
            if leg.order.link is not None and not leg.order.expect_profile:
                problems.append(f"{leg.profile} is new on this host and stays: there is nothing to go back to")
                continue
            order = back(leg.order, self.number, self._arrived.get(leg.profile))
            report = await self._activate(Leg(leg.profile, order))
            if not report.outcome.is_success:
                problems.append(f"{leg.profile} could not be taken back: {report.detail}")
        return report, problems

    async def _activate(self, leg: Leg) -> TargetReport:
        if not leg.is_system:
            Narrator(self.run, self.host.name).note(f"profile {leg.profile} of {leg.order.owner}")
        guarded = GuardedHost(
            self.host, leg.order, self.reach, self.health, self.run, before=self.before, after=self.after
        )
        report = await guarded.activate()
        if guarded.finding is not None:
            self._arrived[leg.profile] = guarded.finding
        return report

    def _whole(self, report: TargetReport, detail: str | None, began: float, phase: Phase) -> TargetReport:
        seconds = round(self.run.clock() - began, 3)
        return msgspec.structs.replace(report, detail=detail, phase=phase.value, seconds=seconds)
