"""Carrying a deploy out: copy to every host, ask each what would change, then activate wave after wave."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from nixtui.activation.guarded import CANCELLED
from nixtui.deploys.activating import Activating
from nixtui.deploys.choice import Action
from nixtui.deploys.copying import Copier, CopySettings, SshFor
from nixtui.deploys.foresight import told
from nixtui.deploys.gate import Gate, GateRules
from nixtui.deploys.keys import NodeKeys, Values
from nixtui.deploys.legs import Leg
from nixtui.deploys.phase import Phase
from nixtui.deploys.plan import Deploy, keys_of
from nixtui.deploys.proving import proven
from nixtui.deploys.secrets import SecretsCheck
from nixtui.model.host import Host
from nixtui.model.preview import Preview
from nixtui.nix.colmena import HiveKey
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.operations.rollout import Rollout, roll_out, waves
from nixtui.remote.command import TimedOut, run_command
from nixtui.remote.errors import BadAnswer, NoAnswer, RemoteError, Unreachable
from nixtui.remote.holding import hold, let_go
from nixtui.remote.preview import preview
from nixtui.remote.profiles import dry_activate
from nixtui.remote.transport import Reach, Transport

_DRY_LINES = 20


@dataclass(frozen=True, slots=True)
class Means:
    """What a deploy works with beside its plan. `directory` is where nix is run; `values` reads the keys of a hive;
    `secrets` proves what hosts have after it.
    """

    reach: Reach
    ssh_for: SshFor
    copying: CopySettings
    gate: GateRules
    directory: Path
    values: Values
    secrets: SecretsCheck | None = None


def deploy_job(deploy: Deploy, means: Means) -> Job:
    """The work of a deploy."""

    async def job(run: Run) -> Report:
        return await _Deploying(deploy, means, run).carry_out()

    return job


@dataclass(slots=True)
class _Deploying:
    """One deploy under way. `reports` are those of hosts that have ended."""

    deploy: Deploy
    means: Means
    run: Run
    reports: dict[str, TargetReport] = field(default_factory=dict)
    begun: dict[str, Activating] = field(default_factory=dict)

    async def carry_out(self) -> Report:
        plan = self.deploy.plan
        self.reports = {
            row.name: _of(left_out(row), Phase.PREFLIGHT) for row in plan.targets if row.refused is not None
        }
        names = [row.name for row in plan.acting_on]
        await self._prepare(names)
        ready = [name for name in names if name not in self.reports]
        rules = self.deploy.settings.rollout
        more = Rollout(
            tags={name: host.tags for name, host in self.deploy.hosts.items()},
            gate=None if self.means.gate.is_open else Gate(self.means.gate, self._host, self.means.reach),
            take_back=self._take_back,
        )
        for report in await roll_out(waves(ready, rules), rules, self._activate, self.run, more):
            self.reports[report.name] = report
        await self._let_go([name for name in names if _came_to_nothing(self.reports[name])])
        reports = tuple(self.reports[row.name] for row in plan.targets)
        return Report(
            operation=self.run.operation,
            outcome=overall(report.outcome for report in reports),
            targets=reports,
            interrupted=self.run.cancelling.is_set(),
        )

    async def _prepare(self, names: Sequence[str]) -> None:
        """Copy to all hosts and ask each what would change; whoever fails here has ended, the others go on."""
        copier = Copier(self.means.copying, self.means.ssh_for, self.means.reach, self.means.directory, self.run)
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self._prepare_one(name, copier))

    async def _prepare_one(self, name: str, copier: Copier) -> None:
        tell = Narrator(self.run, name)
        began = self.run.clock()
        try:
            problem = await copier.copy(self.deploy.candidates[name], tell)
            if problem is not None:
                outcome = Outcome.UNREACHABLE if isinstance(problem, Unreachable) else Outcome.FAILED
                self._end(
                    name, outcome, f"{problem.reason}; nothing was activated", problem.remedy, Phase.COPY, tell, began
                )
            else:
                await self._foresee(name, tell, began)
        except Cancelled:
            tell.end(False, CANCELLED)
            self._end(name, Outcome.REFUSED, f"{CANCELLED}; nothing was activated", None, Phase.COPY, tell, began)

    async def _foresee(self, name: str, tell: Narrator, began: float) -> None:
        """NixOS's own dry run, told; what it finds in the way ends this host's part before anybody's begins."""
        action, legs = self.deploy.choice.action, self.deploy.legs[name]
        system = next((leg.order for leg in legs if leg.is_system and leg.order.pull is None), None)
        tell.begin("dry-activate")
        try:
            async with self.means.reach(self._host(name)) as transport:
                found = Preview(path="", exit_code=0)
                if system is not None:
                    found = await self.run.unless_cancelled(preview(transport, system.new))
                for leg in legs:
                    if leg.order.pull is not None:
                        await self._foresee_pull(transport, leg.order.pull, tell)
                    elif action is not Action.DRY_ACTIVATE:
                        await hold(transport, leg.order.operation, leg.order.lasts or leg.order.new)
                    elif not leg.is_system:
                        await self._foresee_profile(transport, leg, tell)
        except RemoteError as error:
            tell.end(False, error.reason)
            outcome = Outcome.UNREACHABLE if isinstance(error, Unreachable) else Outcome.REFUSED
            self._end(
                name, outcome, f"{error.reason}; nothing was activated", error.remedy, Phase.PREFLIGHT, tell, began
            )
            return
        beside = [leg.profile for leg in legs if not leg.is_system]
        lines = list(told(found)) if system is not None else []
        lines += [f"would activate {', '.join(beside)}"] if beside else []
        lines += [f"{len(keys)} keys to upload"] if (keys := self._keys(name)) else []
        tell.end(found.is_complete, "; ".join(lines[:1]))
        for line in lines:
            tell.note(line)
        if action.is_live and found.inhibitors:
            why = f"{'; '.join(found.inhibitors)}; nothing was activated"
            remedy = "deploy with --action boot, then reboot"
            self._end(name, Outcome.REFUSED, why, remedy, Phase.PREFLIGHT, tell, began)
        elif not found.is_complete:
            tell.keep(found.said)
            why = f"dry-activate ended with {found.exit_code}; nothing was activated"
            self._end(name, Outcome.REFUSED, why, "see what it said", Phase.PREFLIGHT, tell, began)
        elif action is Action.DRY_ACTIVATE:
            self._end(name, Outcome.UNCHANGED, "; ".join(lines), None, Phase.PREFLIGHT, tell, began)

    async def _foresee_pull(self, transport: Transport, command: str, tell: Narrator) -> None:
        """Only the host can say, and evaluating takes it long: it is asked when that is all that is wanted."""
        if self.deploy.choice.action is not Action.DRY_ACTIVATE:
            return
        limit = self.deploy.settings.activation_timeout
        asking = run_command(transport, command, tell.output, as_root=True, limit=limit)
        try:
            status = await self.run.unless_cancelled(asking)
        except TimedOut as error:
            raise NoAnswer(transport.host.name, f"`{command}` did not end within {limit:g} s") from error
        if status != 0:
            raise BadAnswer(transport.host.name, f"`{command}` ended with {status}")

    async def _foresee_profile(self, transport: Transport, leg: Leg, tell: Narrator) -> None:
        """What its own program says to DRY_ACTIVATE=1."""
        order = leg.order
        status, lines = await self.run.unless_cancelled(dry_activate(transport, order.owner, order.new))
        for line in lines[:_DRY_LINES]:
            tell.note(f"{leg.profile}: {line}")
        if status != 0:
            raise BadAnswer(transport.host.name, f"the dry run of profile {leg.profile} ended with {status}")

    async def _let_go(self, names: Sequence[str]) -> None:
        """What was held for hosts whose turn never came."""

        async def one(name: str) -> None:
            with suppress(RemoteError):  # the next guard on that host sweeps it away
                async with self.means.reach(self._host(name)) as transport:
                    for leg in self.deploy.legs[name]:
                        await let_go(transport, leg.order.operation)

        if self.deploy.choice.action is not Action.DRY_ACTIVATE:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(one(name))

    def _end(
        self,
        name: str,
        outcome: Outcome,
        detail: str,
        remedy: str | None,
        phase: Phase,
        tell: Narrator,
        began: float,
    ) -> None:
        row = self._row(name)
        report = TargetReport(
            name=name,
            outcome=outcome,
            before=row.before,
            after=row.after,
            detail=detail,
            remedy=remedy,
            seconds=round(self.run.clock() - began, 3),
            log=() if outcome.is_success else tuple(tell.lines),
            phase=phase.value,
        )
        self.reports[name] = report
        self.run.tell(TargetFinished(at=self.run.clock(), target=name, report=report))

    async def _activate(self, name: str) -> TargetReport:
        self.begun[name] = self._activating(name)
        report = await self.begun[name].go()
        if self.means.secrets is None or report.outcome not in (Outcome.COMMITTED, Outcome.TESTED):
            return report
        if not self.deploy.choice.action.is_live:
            return report
        return await proven(self.means.secrets, self._host(name), self.means.reach, self.run, report)

    async def _take_back(self, name: str) -> TargetReport:
        """The way back of a host that had arrived already."""
        return await self.begun[name].take_back()

    def _activating(self, name: str) -> Activating:
        row, seen = self._row(name), self.deploy.candidates[name].seen
        return Activating(
            host=self._host(name),
            legs=self.deploy.legs[name],
            reach=self.means.reach,
            health=self.deploy.settings.health,
            run=self.run,
            before=row.before,
            after=row.after,
            number=seen.profile.number if seen is not None and seen.profile is not None else None,
            read_keys=(lambda: self._read_keys(name)) if self._keys(name) else None,
        )

    def _keys(self, name: str) -> Mapping[str, HiveKey]:
        return keys_of(self.deploy.candidates[name], self.deploy.choice)

    async def _read_keys(self, name: str) -> NodeKeys:
        """Only when it is their turn: no secret waits in memory for a wave."""
        return NodeKeys(self._keys(name), await self.means.values(name))

    def _host(self, name: str) -> Host:
        return self.deploy.candidates[name].host

    def _row(self, name: str) -> Target:
        return next(row for row in self.deploy.plan.targets if row.name == name)


def _came_to_nothing(report: TargetReport) -> bool:
    """Whether it was held for nothing: no guard has begun that would have let it go."""
    return report.outcome is Outcome.REFUSED or (report.phase == Phase.KEYS.value and not report.outcome.is_success)


def _of(report: TargetReport, phase: Phase) -> TargetReport:
    return msgspec.structs.replace(report, phase=phase.value)
