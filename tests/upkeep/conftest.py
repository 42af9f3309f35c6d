"""Upkeep of real hosts, as an operator does it: planned, run to its report, with everything it told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest

from nixtui.model.host import Host
from nixtui.operations.events import LogLine, Note, StepStarted
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation, Prepared
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Report, TargetReport
from nixtui.operations.rollout import Rules
from nixtui.remote.transport import Transport
from nixtui.upkeep.prospect import look_at_garbage, look_at_store, look_at_unit
from nixtui.upkeep.store import StoreWork, prepare_store
from nixtui.upkeep.units import UnitChange, Verb, prepare_units
from tests.lab import host as lab_host
from tests.lab.lab import Lab
from tests.remote.operator import Operator

RULES = Rules(canary=1, batch=0.5)


@dataclass
class Work:
    """Something that is under way."""

    operation: Operation
    task: asyncio.Task[Report]

    async def report(self) -> TargetReport:
        """What became of the one host."""
        (only,) = (await self.task).targets
        return only

    async def until_step(self, step: str) -> None:
        """Until it has begun; fails when the operation ends before."""
        found = asyncio.Event()

        def look(event: object) -> None:
            if isinstance(event, StepStarted) and event.step == step:
                found.set()

        for event in list(self.operation.events):
            look(event)
        self.operation.subscribe(look)
        waiting = asyncio.ensure_future(found.wait())
        await asyncio.wait((waiting, self.task), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert found.is_set(), f"it ended first: {self.task.result()}"

    @property
    def output(self) -> list[str]:
        return [event.text for event in self.operation.events if isinstance(event, LogLine)]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.operation.events if isinstance(event, Note)]


@dataclass
class Keeper:
    """Somebody who looks after hosts of the lab."""

    lab: Lab
    journal: Journal
    name: str = "me@here"

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[Transport]:
        async with Operator(self.lab).reach(host) as transport:
            yield transport

    async def units(
        self, verb: str, unit: str, *hosts: lab_host.Host, cut_access: bool = False, settle: int = 2
    ) -> Prepared:
        change = UnitChange(Verb(verb), unit, cut_access)
        seen = await look_at_unit(_named(hosts), unit, self.reach)
        return prepare_units(
            change, seen, RULES, reach=self.reach, operation=token_hex(4), operator=self.name, settle=settle
        )

    async def store(
        self, kind: str, *hosts: lab_host.Host, older_than: float | None = None, repair: bool = False
    ) -> Prepared:
        named = _named(hosts)
        if kind == "gc":
            seen = await look_at_garbage(named, self.reach, older_than=older_than)
        else:
            seen = await look_at_store(named, self.reach)
        work = StoreWork(kind, repair=repair)
        return prepare_store(work, seen, RULES, reach=self.reach, operation=token_hex(4), operator=self.name)

    def start(self, prepared: Prepared) -> Work:
        operation = Operation(prepared.identity, prepared.plan, prepared.job)
        running = operation.run(Consent(Answer.YES_FLAG), Policy(), self.journal)
        return Work(operation, asyncio.create_task(running))


def _named(hosts: Sequence[lab_host.Host]) -> list[Host]:
    return [Host(name=host.name, address=host.name) for host in hosts]


@pytest.fixture
async def keeper(lab: Lab, tmp_path: Path) -> AsyncIterator[Keeper]:
    async with Journal(tmp_path / "state", operator="me", origin="here", token="test") as journal:
        yield Keeper(lab, journal)
