"""A cockpit in memory over real values: a synthetic fleet with a clock that stands still unless a test moves it.

`python -m tests.tui.cockpit [HOSTS]` opens the app on it, with hosts that keep changing.
"""

from collections.abc import Collection, Sequence
from random import Random

from nixtui.fleet.state import FleetState
from nixtui.model.environment import Confirmation, Environment
from nixtui.model.host import Host
from nixtui.model.status import ActivationLock, DiskUse, HostFacts, HostState, HostStatus, Memory
from nixtui.operations.policy import Policy

NOW = 1_795_230_761.0
"""2026-11-21 03:12:41 UTC: the hour the app is for."""

GIB = 2**30

ENVIRONMENTS = {
    "prod": Environment(name="prod", match="tag:env=prod", confirm=Confirmation.TYPE, ask_reason=False),
    "staging": Environment(name="staging", match="tag:env=staging", colour="blue"),
    "archive": Environment(name="archive", match="tag:env=archive", read_only=True),
}
_ROLES = ("web", "app", "db", "cache", "queue", "edge")
_REVISIONS = ("98fe21c4d0", "7b1c0dea55", "44d0aa19c3")


def store_path(seed: int, name: str) -> str:
    """A store path that is always the same for a seed."""
    letters = "0123456789abcdfghijklmnpqrsvwxyz"
    random = Random(seed)
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
    random = random or Random(hash_of(name))
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
    import msgspec

    if facts:
        fields["facts"] = msgspec.structs.replace(status.facts, **facts)
    return msgspec.structs.replace(status, **fields)


def synthetic_fleet(count: int = 420, *, now: float = NOW, seed: int = 7) -> FleetState:
    """Hosts of six roles in three environments; a handful in every kind of trouble there is."""
    random = Random(seed)
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
    reason = "nginx.service: [emerg] unknown directive \"htttp\" in /nix/store/…-nginx.conf:42"
    for name in ("web-2", "web-3"):
        alter(name, state=HostState.DEGRADED, since=now - 540, reason=reason, facts={
            **nginx, "load": (3.1, 2.2, 0.8), "generation": 412, "current_system": system(name, 412),
            "profile_system": system(name, 412), "booted_system": system(name, 405)})
    alter("db-2", facts={"reboot_needed": True, "reboot_reason": "kernel 6.12.51 → 6.12.58", "kernel_running": "6.12.51"})
    alter("cache-3", state=HostState.UNREACHABLE, since=now - 240, observed_at=now - 244,
          reason="no route to host 10.0.0.16 port 22")
    alter("app-7", state=HostState.AUTH_FAILED, since=now - 7200, observed_at=None, reason="Permission denied (publickey)")
    fleet.apply("queue-1", HostStatus(state=HostState.CONNECTING, since=now - 3))
    alter("edge-2", state=HostState.HOST_KEY_CHANGED, since=now - 60, observed_at=now - 70,
          reason="the host shows another key than known_hosts has: SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDUpWwXjRF0D1b9R7E")
    alter("app-4", facts={"profile_system": system("app-4", 999)})
    alter("web-5", facts={"lock": ActivationLock("8f2a9c01", "ops-2", now - 42)})
    alter("db-3", observed_at=now - 95)
    alter("cache-5", facts={"disks": (DiskUse("/", 97 * GIB, 3 * GIB), DiskUse("/boot", GIB // 3, GIB // 2))})


class NoOperations:
    """Nothing was ever done."""

    def begun(self):
        return ()

    async def past(self, limit: int):
        return ()

    async def cut_off(self):
        return frozenset()

    async def events(self, operation: str):
        return ()


class MemoryCockpit:
    """The facade over values in memory."""

    def __init__(self, fleet: FleetState | None = None, *, policy: Policy | None = None, now: float = NOW) -> None:
        self.fleet = fleet if fleet is not None else synthetic_fleet()
        self.policy = policy or Policy(environments=ENVIRONMENTS)
        self.fleet_name = "shop"
        self.notes: Sequence[str] = ()
        self.now = now
        self.operations = NoOperations()
        self.focused: list[Collection[str]] = []
        self.asked: list[Collection[str]] = []

    def clock(self) -> float:
        return self.now

    def focus(self, names: Collection[str]) -> None:
        self.focused.append(names)

    def refresh(self, names: Collection[str]) -> None:
        self.asked.append(names)
