"""Who is in the demo's fleet and what is the matter with whom: a night with a bad deploy in it.

Two dozen hosts of a shop: `prod` in three zones and at four edges, `staging`, and an `archive` that is only looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from nixtui.demo.history import DAY_S

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

_B, _C = "eu-central-1b", "eu-central-1c"
_DUBLIN, _LONDON, _VIRGINIA = "eu-west-1a", "eu-west-2a", "us-east-1b"

_HTTP3_CRASH: Final = {
    "nginx.service": "fails 95 [alert] worker process 2211 exited on signal 11 (core dumped) while handling HTTP/3"
}
"""What the last commit does to web servers with real traffic, a minute and a half after they start."""

_NO_CERTIFICATE: Final = {
    "nginx.service": 'fails 0 [emerg] cannot load certificate "/var/lib/acme/shop.example/fullchain.pem": '
    "BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)"
}
_OUT_OF_MEMORY: Final = {
    "shop-worker.service": "fails 40 A process of this unit has been killed by the OOM killer (order-export, 7.9G)"
}
"""What somebody who looks at the fleet for a minute sees happen."""

_RUNNING_JOB: Final = {"buildkite-agent.service": "drains 1500"}


class Door(Enum):
    """What somebody finds who connects."""

    OPEN = auto()
    CLOSED = auto()
    STRANGER = auto()


@dataclass(frozen=True, slots=True)
class Character:
    """One host: `commits` are those it has generations of, the last with `number`; it runs the last one.

    `faults` are those of units, by commit; `goes_wrong` has some of the same form that begin when the demo does: what
    happens while one looks, and is over when the unit is restarted. `booted` is the commit it booted when that is not
    the first with the kernel of its last. `hotfix` is a unit that somebody changed by hand without making it last;
    `under_way` is a commit that a colleague is switching it to. `load` is where its load average wanders about; `disk`
    and `boot` are how full `/` and `/boot` are. `place` is its zone, in a region.
    """

    name: str
    environment: str
    role: str
    number: int
    commits: Sequence[int]
    door: Door = Door.OPEN
    faults: Mapping[int, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    goes_wrong: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    activation_fails: int | None = None
    booted: int | None = None
    hotfix: str | None = None
    under_way: int | None = None
    deployed_earlier_s: float = 0.0
    cores: int = 4
    memory_gib: int = 16
    load: float = 0.6
    disk: float = 0.5
    boot: float = 0.38
    place: str = "eu-central-1a"

    @property
    def tags(self) -> Mapping[str, str]:
        """What the inventory says of it."""
        return {"env": self.environment, "role": self.role, "region": self.place[:-1], "zone": self.place}


CAST: Final[Sequence[Character]] = (
    Character("web-1", "prod", "web", 411, (3, 4, 5, 6, 7, 8), load=1.4, disk=0.61),
    Character("web-2", "prod", "web", 412, (3, 4, 5, 6, 7, 8, 9), faults={9: _HTTP3_CRASH}, load=0.3, disk=0.62),
    Character("web-3", "prod", "web", 410, (4, 5, 6, 7, 8), booted=8, faults={7: _NO_CERTIFICATE}, load=2.1, disk=0.57),
    Character("web-4", "prod", "web", 412, (4, 5, 6, 7, 8, 9), faults={9: _HTTP3_CRASH}, load=0.2, disk=0.60, place=_B),
    Character("web-5", "prod", "web", 411, (2, 3, 4, 6, 7, 8), hotfix="nginx.service", load=1.9, disk=0.66, place=_B),
    Character("web-6", "prod", "web", 413, (3, 4, 6, 7, 8, 9), faults={9: _HTTP3_CRASH}, load=0.2, disk=0.58, place=_C),
    Character("app-1", "prod", "app", 298, (3, 4, 6, 7, 8), cores=8, memory_gib=32, load=2.6, disk=0.48),
    Character(
        "app-2",
        "prod",
        "app",
        297,
        (3, 4, 6, 7, 8),
        goes_wrong=_OUT_OF_MEMORY,
        cores=8,
        memory_gib=32,
        load=5.8,
        disk=0.49,
        place=_B,
    ),
    Character("db-1", "prod", "db", 389, (1, 2, 4, 6, 7, 8), cores=16, memory_gib=128, load=3.4, disk=0.71, boot=0.52),
    Character(
        "db-2", "prod", "db", 388, (2, 4, 6, 7), booted=6, cores=16, memory_gib=128, load=0.9, disk=0.83, place=_B
    ),
    Character("cache-1", "prod", "cache", 207, (1, 3, 5, 7), memory_gib=32, load=0.5, disk=0.24, boot=0.97),
    Character("cache-2", "prod", "cache", 206, (1, 3, 5), door=Door.CLOSED, place=_B),
    Character(
        "build-1",
        "prod",
        "build",
        100,
        (4, 5, 6, 7, 8),
        faults={8: _RUNNING_JOB},
        under_way=9,
        cores=32,
        memory_gib=64,
        load=21.5,
        disk=0.91,
    ),
    Character("edge-fra-1", "prod", "edge", 64, (4, 6, 7, 8), cores=2, memory_gib=4, load=0.4, disk=0.31),
    Character(
        "edge-dub-1", "prod", "edge", 63, (4, 6, 7, 8), cores=2, memory_gib=4, load=0.3, disk=0.33, place=_DUBLIN
    ),
    Character(
        "edge-lon-1", "prod", "edge", 61, (4, 6, 7, 8), cores=2, memory_gib=4, load=0.5, disk=0.35, place=_LONDON
    ),
    Character("edge-iad-1", "prod", "edge", 58, (3, 4, 6), cores=2, memory_gib=4, load=0.2, disk=0.30, place=_VIRGINIA),
    Character(
        "stage-web-1", "staging", "web", 155, (5, 6, 7, 8, 9), deployed_earlier_s=0.9 * DAY_S, load=0.1, disk=0.33
    ),
    Character("stage-web-2", "staging", "web", 1, (9,), door=Door.STRANGER),
    Character("stage-app-1", "staging", "app", 131, (6, 7, 8, 9), deployed_earlier_s=0.9 * DAY_S, load=0.2, disk=0.37),
    Character(
        "stage-db-1",
        "staging",
        "db",
        149,
        (6, 7, 8, 9),
        activation_fails=8,
        deployed_earlier_s=0.9 * DAY_S,
        cores=8,
        memory_gib=32,
        load=0.3,
        disk=0.44,
    ),
    Character("backup-1", "archive", "backup", 88, (1, 3, 4, 6), load=0.7, disk=0.74, boot=0.44, place=_DUBLIN),
    Character("backup-2", "archive", "backup", 85, (1, 3, 4, 6), load=0.6, disk=0.69, boot=0.44, place=_LONDON),
    Character("log-1", "archive", "log", 72, (2, 4, 6, 7), memory_gib=64, load=1.8, disk=0.97, place=_DUBLIN),
)
