"""One rollback on one real host, as an operator would do it, with everything it told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import pytest

from nixtui.activation.rollback import Action, Rollback, Seen, Settings, plan_rollback, rollback_job
from nixtui.model.host import Host
from nixtui.model.target import parse_target
from nixtui.operations.events import AnyEvent, LogLine, Note, StepFinished, StepStarted
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Report, TargetReport
from nixtui.remote.generations import generations
from nixtui.remote.transport import Transport
from tests.lab import host as lab_host
from tests.lab.lab import Lab
from tests.remote.operator import Operator

QUICK = Settings(revert_after=6.0, activation_timeout=60.0)
"""A short window, so that a test of what happens at its end need not wait long for it."""


@dataclass
class Attempt:
    """A rollback that is under way: its operation, and what came of it."""

    operation: Operation
    task: asyncio.Task[Report]

    async def report(self) -> TargetReport:
        """What became of the one host."""
        (only,) = (await self.task).targets
        return only

    async def until(self, happened: Callable[[AnyEvent], bool]) -> AnyEvent:
        """The first event of that kind, told already or still to come; fails when the operation ends without."""
        found: asyncio.Future[AnyEvent] = asyncio.get_running_loop().create_future()

        def look(event: AnyEvent) -> None:
            if happened(event) and not found.done():
                found.set_result(event)

        for event in list(self.operation.events):
            look(event)
        self.operation.subscribe(look)
        await asyncio.wait((found, self.task), return_when=asyncio.FIRST_COMPLETED)
        assert found.done(), f"it ended first: {self.task.result()}"
        return found.result()

    async def until_step(self, name: str) -> AnyEvent:
        """The beginning of a step."""
        return await self.until(lambda event: isinstance(event, StepStarted) and event.step == name)

    @property
    def steps(self) -> list[str]:
        """The steps that ended well, in order."""
        return [event.step for event in self.operation.events if isinstance(event, StepFinished) and event.ok]

    @property
    def output(self) -> list[str]:
        """What the activation printed."""
        return [event.text for event in self.operation.events if isinstance(event, LogLine)]

    @property
    def notes(self) -> list[str]:
        """What was told in words."""
        return [event.text for event in self.operation.events if isinstance(event, Note)]


@dataclass
class Rolling:
    """An operator at work on one host of the lab."""

    lab: Lab
    host: lab_host.Host
    journal: Journal
    user: str = "root"
    name: str = "me@here"
    password: str | None = None
    elevate: str = "none"

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[Transport]:
        """A connection of its own for every use."""
        async with Operator(self.lab, user=self.user, password=self.password, elevate=self.elevate).reach(host) as it:
            yield it

    async def plan(
        self, to: str = "previous", *, action: Action = Action.SWITCH, settings: Settings = QUICK
    ) -> Rollback:
        host = Host(name=self.host.name, address=self.host.name)
        async with self.reach(host) as transport:
            seen = Seen(host, await generations(transport))
        target = parse_target(to, now=datetime.now().astimezone())
        identity = token_hex(4)
        return plan_rollback([seen], target, settings, action=action, operation=identity, operator=self.name)

    def start(self, rollback: Rollback) -> Attempt:
        operation = Operation(rollback.operation, rollback.plan, rollback_job(rollback, self.reach))
        return Attempt(operation, asyncio.create_task(operation.run(Consent(Answer.YES_FLAG), Policy(), self.journal)))

    async def to(self, to: str = "previous", *, action: Action = Action.SWITCH, settings: Settings = QUICK) -> Attempt:
        """Plan and start."""
        return self.start(await self.plan(to, action=action, settings=settings))

    async def to_variant(self, name: str, *, settings: Settings = QUICK, action: Action = Action.SWITCH) -> Attempt:
        """Start towards one of the systems that break on purpose."""
        return await self.to(f"path:{self.host.variants[name]}", settings=settings, action=action)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with Journal(tmp_path / "state", operator="me", origin="here", token="test") as opened:
        yield opened


@pytest.fixture
def rolling(lab: Lab, host: lab_host.Host, journal: Journal) -> Rolling:
    return Rolling(lab, host, journal)


@dataclass(frozen=True)
class Truth:
    """What a host runs, would boot and has as its profile, seen from outside."""

    current: str
    profile: str | None
    number: int | None
    boot_default: str


def truth(host: lab_host.Host) -> Truth:
    profile = host.profile()
    return Truth(host.current_system(), profile.path, profile.number, host.boot_default())


def leftovers(host: lab_host.Host) -> str:
    """Whatever nixtui left on a host: locks, records, roots, units that systemd still has. Nothing is right."""
    return host.sh(
        "ls -d /run/nixtui/lock /run/nixtui/[!e]* /nix/var/nix/gcroots/nixtui-* 2>/dev/null;"
        "systemctl list-units --all --plain --no-legend 'nixtui-*'; true"
    )
