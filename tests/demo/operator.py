"""Somebody who works on a demo fleet with what the real nixtui works with: its configuration, SSH, plans, a journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from nixtui.activation.guarded import HealthCheck
from nixtui.activation.rollback import Action, Rollback, Seen, Settings, plan_rollback, rollback_job
from nixtui.cli.assembly import activation_settings, ssh_settings
from nixtui.config import load_configuration
from nixtui.demo import DemoFleet
from nixtui.fleet.inventory import inventory_of
from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.model.target import parse_target
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Report, TargetReport
from nixtui.remote.access import SshAccess
from nixtui.remote.generations import generations
from nixtui.remote.prompter import Nobody
from nixtui.remote.ssh import SshTransport
from nixtui.remote.transport import Completed, Script


@dataclass
class Operator:
    """`name` is who locks hosts; `settings` are those of the fleet's own configuration."""

    fleet: DemoFleet
    hosts: dict[str, Host]
    settings: Settings
    access: SshAccess
    journal: Journal
    policy: Policy
    name: str = "me@here"
    _numbers: count = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[SshTransport]:
        transport = SshTransport(host, self.access)
        await transport.connect()
        try:
            yield transport
        finally:
            await transport.close()

    @asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[SshTransport]:
        async with self.reach(self.hosts[name]) as transport:
            yield transport

    async def run(self, name: str, command: str) -> Completed:
        """What a command on a host prints, and how it ends."""
        async with self.at(name) as transport:
            return await transport.run(Script("command", command))

    async def generations(self, name: str) -> Generations:
        async with self.at(name) as transport:
            return await generations(transport, elevated=True)

    async def plan(self, name: str, to: str, action: Action, settings: Settings) -> Rollback:
        seen = Seen(self.hosts[name], await self.generations(name))
        target = parse_target(to, now=datetime.now().astimezone())
        operation = f"{self.name.partition('@')[0]}{next(self._numbers):06d}"
        return plan_rollback([seen], target, settings, action=action, operation=operation, operator=self.name)

    async def start(
        self, name: str, to: str = "previous", action: Action = Action.SWITCH, settings: Settings | None = None
    ) -> tuple[Operation, asyncio.Task[Report]]:
        rollback = await self.plan(name, to, action, settings or self.settings)
        operation = Operation(rollback.operation, rollback.plan, rollback_job(rollback, self.reach))
        return operation, asyncio.create_task(operation.run(Consent(Answer.YES_FLAG), self.policy, self.journal))

    async def roll_back(self, name: str, to: str = "previous", action: Action = Action.SWITCH) -> TargetReport:
        _, running = await self.start(name, to, action)
        return (await running).targets[0]


@asynccontextmanager
async def operator_of(fleet: DemoFleet, state: Path) -> AsyncIterator[Operator]:
    """An operator with the fleet's configuration and a journal of their own."""
    configuration = load_configuration(fleet.directory, fleet.environ, fleet.config_path)
    access = SshAccess(ssh_settings(configuration, fleet.environ), Nobody(), environ=fleet.environ)
    snapshot = await inventory_of(configuration, fleet.directory, fleet.environ).load()
    async with Journal(state, operator="me", origin="here", token="test") as journal:
        yield Operator(
            fleet,
            {host.name: host for host in snapshot.hosts},
            activation_settings(configuration),
            access,
            journal,
            Policy(environments={each.name: each for each in configuration.environments}),
        )
        await access.close()


QUICK = Settings(
    revert_after=3, activation_timeout=30, health=(HealthCheck("systemctl is-active --quiet sshd.service", 5),)
)
