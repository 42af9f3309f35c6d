"""A cockpit in memory over real values: a synthetic fleet with a clock that stands still unless a test moves it.

`python -m tests.tui.cockpit [HOSTS]` opens the app on it, with hosts that keep changing.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Protocol

import msgspec

from nixtui.activation.guarded import HealthCheck
from nixtui.activation.rollback import Action, Seen, Settings, plan_rollback
from nixtui.fleet.state import FleetState
from nixtui.model.closure import Closure, ClosureDiff, diff
from nixtui.model.environment import Confirmation, Environment
from nixtui.model.generation import Generation, Generations
from nixtui.model.host import Host
from nixtui.model.preview import Preview
from nixtui.model.status import ActivationLock, DiskUse, HostFacts, HostState, HostStatus, Memory
from nixtui.model.target import Target as Wanted
from nixtui.model.target import parse_target
from nixtui.operations.events import AnyEvent, TargetFinished
from nixtui.operations.journal import Entry, Journal
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Operation, Run
from nixtui.operations.plan import Plan, Target
from nixtui.operations.policy import Consent, Policy
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.remote.errors import Unreachable
from nixtui.tui.cockpit.first_run import FirstRun
from tests.tui.logs_in_memory import MemoryLogs
from tests.tui.profiles import MemoryProfiles
from tests.tui.secrets_in_memory import MemorySecrets

NOW = 1_795_230_761.0
"""2026-11-21 03:12:41 UTC: the hour the app is for."""

GIB = 2**30

ENVIRONMENTS = {
    "prod": Environment(name="prod", match="tag:env=prod", confirm=Confirmation.TYPE, ask_reason=False),
    "staging": Environment(name="staging", match="tag:env=staging", colour="blue"),
    "archive": Environment(name="archive", match="tag:env=archive", read_only=True),
}
KEY_IS_ENOUGH = Policy(environments={"prod": Environment(name="prod", match="tag:env=prod")})
_ROLES = ("web", "app", "db", "cache", "queue", "edge")
_REVISIONS = ("98fe21c4d0", "7b1c0dea55", "44d0aa19c3")


def store_path(seed: int, name: str) -> str:
    """A store path that is always the same for a seed."""
    letters = "0123456789abcdfghijklmnpqrsvwxyz"
    random = Random(seed)  # noqa: S311
    return f"/nix/store/{''.join(random.choice(letters) for _ in range(32))}-{name}"


def system(host: str, number: int) -> str:
    """The toplevel of a generation."""
    version = f"25.11.202611{10 + number % 15:02}.{_REVISIONS[number % 3][:7]}"
    return store_path(hash_of(host) + number, f"nixos-system-{host}-{version}")


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return sum(ord(letter) * 131**place for place, letter in enumerate(text)) % 2**31


def healthy(name: str, number: int, *, now: float = NOW, random: Random | None = None) -> HostStatus:
    """A host that is up and runs a generation."""
    random = random or Random(hash_of(name))  # noqa: S311
    load = random.uniform(0.05, 2.5)
    total = random.choice((4, 8, 16, 32)) * GIB
    disk = random.choice((40, 80, 160)) * GIB
    used = random.uniform(0.2, 0.75)
    facts = HostFacts(
        current_system=system(name, number),
        booted_system=system(name, number),
        profile_system=system(name, number),
        generation=number,
        generations=12,
        switched_at=now - random.choice((540, 3600 * 5, 86400 * 2, 86400 * 12, 86400 * 31)),
        nixos_version=f"25.11.202611{10 + number % 15:02}",
        configuration_revision=_REVISIONS[number % 3],
        kernel_running="6.12.58",
        kernel_current="6.12.58",
        reboot_needed=False,
        systemd_state="running",
        failed_units=(),
        load=(load, load * 0.9, load * 0.7),
        memory=Memory(total, int(total * random.uniform(0.2, 0.7))),
        disks=(
            DiskUse("/", int(disk * used), int(disk * (1 - used))),
            DiskUse("/boot", int(0.4 * GIB), int(0.6 * GIB)),
        ),
        uptime_s=random.uniform(1, 90) * 86400,
        boot_id="6f1f2f0a-0000-4000-8000-000000000000",
        clock=now,
    )
    return HostStatus(state=HostState.UP, since=now - 86400, observed_at=now - 2, facts=facts)


def change(status: HostStatus, *, facts: dict[str, object] | None = None, **fields: object) -> HostStatus:
    """The same status with other values."""
    if facts:
        fields["facts"] = msgspec.structs.replace(status.facts, **facts)
    return msgspec.structs.replace(status, **fields)


def synthetic_fleet(count: int = 420, *, now: float = NOW, seed: int = 7) -> FleetState:
    """Hosts of six roles in three environments; a handful in every kind of trouble there is."""
    random = Random(seed)  # noqa: S311
    hosts = []
    for number in range(count):
        role = _ROLES[number % len(_ROLES)]
        environment = "staging" if number % 10 == 9 else "archive" if number % 50 == 3 else "prod"
        hosts.append(
            Host(
                name=f"{role}-{number // len(_ROLES) + 1}",
                address=f"10.0.{number // 250}.{number % 250 + 1}",
                user="deploy",
                tags={"env": environment, "role": role},
                environment=environment,
                sources=("file", "flake"),
            )
        )
    fleet = FleetState(hosts)
    for host in hosts:
        fleet.apply(host.name, healthy(host.name, 380 + hash_of(host.name) % 40, now=now, random=random))
    if count >= 60:
        _trouble(fleet, now)
    return fleet


def _trouble(fleet: FleetState, now: float) -> None:
    def alter(name: str, *, facts: dict[str, object] | None = None, **fields: object) -> None:
        fleet.apply(name, change(fleet.status(name), facts=facts, **fields))

    nginx = {"failed_units": ("nginx.service",), "systemd_state": "degraded", "switched_at": now - 560}
    reason = 'nginx.service: [emerg] unknown directive "htttp" in /nix/store/…-nginx.conf:42'
    for name in ("web-2", "web-3"):
        alter(
            name,
            state=HostState.DEGRADED,
            since=now - 540,
            reason=reason,
            facts={
                **nginx,
                "load": (3.1, 2.2, 0.8),
                "generation": 412,
                "current_system": system(name, 412),
                "profile_system": system(name, 412),
                "booted_system": system(name, 409),
            },
        )
    alter(
        "db-2", facts={"reboot_needed": True, "reboot_reason": "kernel 6.12.51 → 6.12.58", "kernel_running": "6.12.51"}
    )
    alter(
        "cache-3",
        state=HostState.UNREACHABLE,
        since=now - 240,
        observed_at=now - 244,
        reason="no route to host 10.0.0.16 port 22",
    )
    alter(
        "app-7", state=HostState.AUTH_FAILED, since=now - 7200, observed_at=None, reason="Permission denied (publickey)"
    )
    fleet.apply("queue-1", HostStatus(state=HostState.CONNECTING, since=now - 3))
    alter(
        "edge-2",
        state=HostState.HOST_KEY_CHANGED,
        since=now - 60,
        observed_at=now - 70,
        reason="the host shows another key than known_hosts has: SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDUpWwXjRF0D1b9R7E",
    )
    alter("app-4", facts={"profile_system": system("app-4", 999)})
    alter("web-5", facts={"lock": ActivationLock("8f2a9c01", "ops-2", now - 42)})
    alter("db-3", observed_at=now - 95)
    alter("cache-5", facts={"disks": (DiskUse("/", 91 * GIB, 9 * GIB), DiskUse("/boot", GIB // 3, GIB // 2))})


KERNELS = ("6.12.51", "6.12.58")


def generations_of(name: str, status: HostStatus, *, count: int = 12) -> Generations:
    """The last generations of a host, the running one newest unless the host drifts."""
    facts = status.facts
    newest = facts.generation or 400
    items = tuple(
        Generation(
            number=number,
            created_at=(facts.switched_at or NOW) - (newest - number) * 86400 * 2.3,
            path=system(name, number),
            path_exists=number != newest - 7,
            nixos_version=f"25.11.202611{10 + number % 15:02}",
            kernel=KERNELS[number > newest - 4],
            configuration_revision=_REVISIONS[number % 3],
            specialisations=("on-call",) if number % 5 == 0 else (),
            running=system(name, number) == facts.current_system,
            booted=system(name, number) == facts.booted_system,
            profile=system(name, number) == facts.profile_system,
            boot_default=system(name, number) == facts.profile_system,
        )
        for number in range(newest, max(0, newest - count), -1)
    )
    return Generations(
        items=items,
        current_system=facts.current_system,
        booted_system=facts.booted_system,
        profile_system=facts.profile_system,
        boot_default=facts.profile_system,
        clock=NOW,
        switched_at=facts.switched_at,
    )


_PACKAGES = (
    "bash-5.3", "curl-8.13.{}", "openssl-3.4.{}", "nginx-1.2{}.0", "systemd-257.{}", "linux-6.12.5{}", "git-2.51.{}",
    "python3-3.13.{}", "postgresql-17.{}", "redis-8.0.{}", "openssh-10.{}p1", "sudo-1.9.17p{}", "glibc-2.40-{}",
    "jq-1.8.{}", "vim-9.1.{}", "zlib-1.3.{}", "sqlite-3.50.{}", "nix-2.2{}.3", "tzdata-2025{}", "ncurses-6.{}",
)  # fmt: skip


def closure_of(path: str) -> Closure:
    """A closure in which a few versions differ from path to path, and some packages are only here or there."""
    random = Random(hash_of(path))  # noqa: S311
    sizes = {path: 60_000}
    for number, name in enumerate(_PACKAGES):
        if random.random() < 0.95:
            version = random.choice((4, 4, 4, 4, 5)) if number % 2 else 4
            sizes[store_path(number * 10 + version, name.format(version))] = 2_000_000 * (number + 1) + version * 40_000
    for number in range(60):
        sizes[store_path(hash_of(path) % 5 + number * 7, f"unit-{number}.service")] = 4_096
    return Closure(path, sizes)


class Script(Protocol):
    """What a simulated host does: tell events through the narrator, and report."""

    async def __call__(self, tell: Narrator, target: Target) -> TargetReport: ...


async def succeed(tell: Narrator, target: Target) -> TargetReport:
    """A rollback that works, as quickly as the loop turns."""
    for step in ("connecting", "locked"):
        tell.begin(step)
        tell.end(True)
    tell.begin("armed")
    tell.countdown(tell.run.clock() + 90, "boot")
    tell.end(True, "goes back by itself after 90 s without us")
    tell.begin("testing")
    tell.output("stopping the following units: nginx.service")
    tell.output("starting the following units: nginx.service")
    tell.end(True, "the new system is active")
    tell.begin("verifying")
    tell.end(True, "a new login, the system, its units and its health are well")
    tell.begin("committing")
    tell.countdown(None, "boot")
    tell.end(True)
    return TargetReport(
        name=target.name,
        outcome=Outcome.COMMITTED,
        before=target.before,
        after=target.after,
        detail=f"generation {target.after} runs, boots and is the profile",
        seconds=4.2,
    )


class MemoryOperations:
    """Operations of this process, and a real journal when one is given."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.journal = journal
        self.operations: list[Operation] = []

    def begun(self) -> Sequence[Operation]:
        return self.operations

    async def past(self, limit: int) -> Sequence[Entry]:
        return await self.journal.entries(limit=limit) if self.journal else ()

    async def cut_off(self) -> Collection[str]:
        return {entry.operation for entry in await self.journal.cut_off()} if self.journal else frozenset()

    async def events(self, operation: str) -> Sequence[AnyEvent]:
        return await self.journal.events(operation) if self.journal else ()


class Nowhere:
    """A journal for tests that are not about the journal."""

    async def begin(self, intent: object) -> None:
        pass

    def append(self, operation: str, event: object) -> None:
        pass

    async def finish(self, report: object, at: float) -> None:
        pass


class ScreensInMemory:
    """What the app remembers, kept in memory; `broken` makes it fail as a broken disk does."""

    def __init__(self, record: bytes | None = None) -> None:
        self.record = record
        self.broken: OSError | None = None
        self.kept = 0

    async def recall(self) -> bytes | None:
        if self.broken:
            raise self.broken
        return self.record

    async def keep(self, record: bytes) -> None:
        if self.broken:
            raise self.broken
        self.record, self.kept = record, self.kept + 1


class NothingTyped:
    """There is no AWS in memory."""

    commands: Sequence[str] = ()

    def options(self, _: str) -> Sequence[str]:
        return ()


class MemoryCockpit:
    """The facade over values in memory; plans are made by the real planner, operations run by the real runner.

    `script` is what hosts do when they are acted on; `gate` can hold every answer of a host back.
    """

    def __init__(
        self,
        fleet: FleetState | None = None,
        *,
        policy: Policy | None = None,
        now: float = NOW,
        journal: Journal | None = None,
        script: Script = succeed,
    ) -> None:
        self.fleet = fleet if fleet is not None else synthetic_fleet()
        self.policy = policy or Policy(environments=ENVIRONMENTS)
        self.fleet_name = "shop"
        self.notes: Sequence[str] = ()
        self.first_run: FirstRun | None = None
        self.now = now
        self.operations = MemoryOperations(journal)
        self.memory = ScreensInMemory()
        self.script = script
        self.gate = asyncio.Event()
        self.gate.set()
        self.profiles = MemoryProfiles(self)
        self.focused: list[Collection[str]] = []
        self.asked: list[Collection[str]] = []
        self.tasks: set[asyncio.Task[object]] = set()
        self.logs = MemoryLogs(self.clock)
        self.secrets = MemorySecrets()
        self.typed = NothingTyped()

    def begin(self) -> None:
        """Everything is here already."""

    def clock(self) -> float:
        return self.now

    def focus(self, names: Collection[str]) -> None:
        self.focused.append(names)

    def refresh(self, names: Collection[str]) -> None:
        self.asked.append(names)

    async def generations(self, name: str) -> Generations:
        await self.gate.wait()
        return self.generations_now(name)

    def generations_now(self, name: str) -> Generations:
        status = self.fleet.status(name)
        if not status.state.is_answering:
            raise Unreachable(name, "no route to host 10.0.0.16 port 22", "check the network, then ctrl+r")
        return generations_of(name, status)

    async def diff(self, before: tuple[str, str], after: tuple[str, str]) -> ClosureDiff:
        await self.gate.wait()
        return diff(closure_of(before[1]), closure_of(after[1]))

    async def preview(self, name: str, path: str) -> Preview:
        await self.gate.wait()
        return Preview(path=path, exit_code=0, restarted=("nginx.service",), reboot_needed=False)

    async def plan_rollback(self, names: Sequence[str], target: str) -> Plan:
        wanted = parse_target(target, now=datetime.fromtimestamp(self.now, UTC))
        return await self.plan_each(dict.fromkeys(names, wanted), Action.SWITCH)

    async def plan_each(self, wanted: Mapping[str, Wanted], action: Action) -> Plan:
        await self.gate.wait()
        seen = [self._seen(name) for name in wanted]
        settings = Settings(health=(HealthCheck("systemctl is-active nginx.service", 10.0),))
        return plan_rollback(seen, wanted, settings, action=action, operation="8f2a9c01", operator="ops-2@laptop").plan

    def _seen(self, name: str) -> Seen:
        host = self.fleet.host(name)
        try:
            return Seen(host, self.generations_now(name), machine=self.fleet.machine(name))
        except Unreachable as error:
            return Seen(host, None, error.reason)

    def start(self, plan: Plan, consent: Consent) -> Operation:
        self.policy.authorize(plan, consent)
        operation = Operation(f"op{len(self.operations.operations):06}", plan, self._job, clock=self.clock)
        self.operations.operations.append(operation)
        journal = self.operations.journal or Nowhere()
        task = asyncio.get_running_loop().create_task(operation.run(consent, self.policy, journal))
        self.tasks.add(task)
        return operation

    async def _job(self, run: Run) -> Report:
        reports = []
        for target in run.plan.acting_on:
            report = await self.script(Narrator(run, target.name), target)
            run.tell(TargetFinished(at=self.now, target=target.name, report=report))
            if report.outcome is Outcome.COMMITTED:
                self._switch(target)
            reports.append(report)
        return Report(operation=run.operation, outcome=overall(r.outcome for r in reports), targets=tuple(reports))

    def _switch(self, target: Target) -> None:
        status, path = self.fleet.status(target.name), target.facts["new"]
        there = generations_of(target.name, status).with_number(int(target.after or "0"))
        facts = {
            "current_system": path,
            "profile_system": path,
            "generation": int(target.after or "0"),
            "switched_at": self.now,
            "failed_units": (),
            "configuration_revision": there.configuration_revision if there else None,
        }
        self.fleet.apply(
            target.name,
            change(status, facts=facts, state=HostState.UP, reason=None, since=self.now, observed_at=self.now),
        )
