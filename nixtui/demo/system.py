"""A NixOS system of the demo: what it is made of, as a value; `root.py` puts it on a host's disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nixtui.demo.history import Commit, History
from nixtui.demo.store_path import store_path

_UNITS: Final = {
    "all": {
        "sshd.service": ("openssh", "SSH Daemon"),
        "nix-daemon.socket": ("nix", "Nix Daemon Socket"),
        "prometheus-node-exporter.service": ("prometheus-node-exporter", "Prometheus node exporter"),
        "firewall.service": ("iptables", "Firewall"),
        "logrotate.timer": ("logrotate", "Rotate log files"),
        "systemd-timesyncd.service": ("tzdata", "Network Time Synchronization"),
        "multi-user.target": ("multi-user", "Multi-User System"),
    },
    "web": {
        "nginx.service": ("nginx", "Nginx Web Server"),
        "shop-api.service": ("shop-api", "The shop's API"),
        "acme-renew-shop.example.timer": ("lego", "Renew ACME Certificate for shop.example"),
    },
    "db": {
        "postgresql.service": ("postgresql", "PostgreSQL Server"),
        "pgbouncer.service": ("pgbouncer", "PgBouncer - PostgreSQL connection pooler"),
        "pgbackrest.timer": ("pgbackrest", "Back up PostgreSQL"),
        "borgbackup-job-shop.timer": ("openssh", "BorgBackup job shop"),
    },
    "cache": {
        "redis-shop.service": ("redis", "Redis server - redis-shop"),
        "varnish.service": ("varnish", "Varnish"),
    },
    "build": {
        "buildkite-agent.service": ("buildkite-agent", "Buildkite Agent"),
        "harmonia.service": ("harmonia", "Nix binary cache"),
    },
    "app": {
        "shop-api.service": ("shop-api", "The shop's API"),
        "shop-worker.service": ("shop-worker", "Orders, exports and mail"),
        "rabbitmq.service": ("rabbitmq-server", "RabbitMQ Server"),
    },
    "edge": {
        "haproxy.service": ("haproxy", "HAProxy"),
        "varnish.service": ("varnish", "Varnish"),
    },
    "backup": {
        "borgbackup-repo-shop.service": ("borgbackup", "Borg repository of the shop"),
        "borgbackup-check.timer": ("borgbackup", "Check the Borg repository"),
    },
    "log": {
        "loki.service": ("grafana-loki", "Loki Service Daemon"),
        "vector.service": ("vector", "Vector event and log aggregator"),
    },
}
"""The units of each role, with the package whose change restarts them."""

_RESTARTED: Final = frozenset(("sshd.service", "nginx.service", "systemd-timesyncd.service"))
_CONFIGURATION: Final = {"etc": 310, "system-path": 420, "system-units": 90, "boot.json": 4}
"""What differs from host to host besides packages, with sizes in KiB."""
_SPECIALISATIONS: Final = {"db": ("rescue",), "build": ("no-podman",)}


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A unit as a system defines it. With another `fingerprint` a switch restarts it: in one go, or stopped before the
    activation and started after it, as NixOS does unless a unit says `stopIfChanged = false`.

    `fault` is what it does wrong: `fails SECONDS MESSAGE` (so long after its start; 0 is at once) or
    `drains SECONDS`, which it takes to stop.
    """

    name: str
    fingerprint: str
    way: str
    description: str
    fault: str = ""

    def line(self) -> str:
        """How `etc/units` of a system has it."""
        return f"{self.name}|{self.fingerprint}|{self.way}|{self.description}|{self.fault}"

    @property
    def fails(self) -> tuple[float, str]:
        """How many seconds after its start it fails, and with which words; empty words: it does not."""
        word, _, rest = self.fault.partition(" ")
        delay, _, message = rest.partition(" ")
        return (float(delay), message) if word == "fails" else (0.0, "")

    @property
    def drains(self) -> float:
        """How many seconds it takes to stop."""
        word, _, delay = self.fault.partition(" ")
        return float(delay) if word == "drains" else 0.0

    @property
    def path(self) -> str:
        """Where its file is in the store; a real one is in a folder of that name."""
        return store_path(f"unit-{self.name}", self.fingerprint)

    @property
    def text(self) -> str:
        """What is in its file: as much as tells one version of it from another."""
        return f"[Unit]\nDescription={self.description}\nX-Restart-Triggers={self.fingerprint}\n"

    @classmethod
    def parse(cls, line: str) -> "UnitFile":
        """The other way."""
        return cls(*line.split("|", 4))


@dataclass(frozen=True, slots=True)
class Part:
    """A package that is more than a name: it has a file of `size` bytes (sparse, so it takes no room), or a folder."""

    path: str
    inside: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class System:
    """A toplevel. `closure` has every path it needs with its NAR size in KiB, itself included.

    `revision` is `None` for one that was built from a working tree with changes in it.
    """

    path: str
    nixos_version: str
    revision: str | None
    kernel: str
    parts: Sequence[Part]
    links: Mapping[str, str]
    units: Sequence[UnitFile]
    closure: Mapping[str, int]
    specialisations: Sequence[str]
    fails_to_activate: bool


def build_system(
    history: History,
    commit: Commit,
    host: str,
    role: str,
    *,
    faults: Mapping[str, str],
    fails_to_activate: bool = False,
    hotfix: str | None = None,
) -> System:
    """The system of a host at a commit. `faults` are by unit; `hotfix` is one with a change that was never pushed."""
    packages = {package.name: package for package in history.packages(role, commit.number)}
    libc = packages["glibc"].title  # what everything is rebuilt with
    paths = {name: store_path(package.title, libc) for name, package in packages.items()}
    units = [
        UnitFile(
            name=name,
            fingerprint=_fingerprint(name, paths.get(needs, ""), commit, hotfix),
            way="restart" if name in _RESTARTED else "stop",
            description=description,
            fault=faults.get(name, ""),
        )
        for group in ("all", role)
        for name, (needs, description) in _UNITS[group].items()
    ]
    configuration = {
        store_path(name, host, *(unit.line() for unit in units), *paths.values()): kib
        for name, kib in _CONFIGURATION.items()
    }
    configuration |= {unit.path: 2 for unit in units}
    path = store_path(
        f"nixos-system-{host}-{commit.nixos_version}", commit.revision, str(fails_to_activate), *configuration
    )
    return System(
        path=path,
        nixos_version=commit.nixos_version,
        revision=None if hotfix else commit.revision,
        kernel=packages["linux"].version,
        parts=_parts(paths, packages["linux"].version),
        links=_links(paths),
        units=units,
        closure={paths[name]: package.kib for name, package in packages.items()} | configuration | {path: 14},
        specialisations=_SPECIALISATIONS.get(role, ()),
        fails_to_activate=fails_to_activate,
    )


def needs_of(system: System) -> Mapping[str, Sequence[str]]:
    """What the parts of a system are made from, by path: as far as a build of it tells."""
    title = {path: path.partition("-")[2] for path in system.closure}
    by_title = {text: path for path, text in title.items()}
    configuration = {name: by_title[name] for name in _CONFIGURATION}
    packages = [path for path in system.closure if path not in {system.path, *configuration.values()}]
    package_of = {text.rpartition("-")[0]: path for path, text in title.items()}
    made_from = {unit.path: unit.name for unit in system.units}
    wanted = {name: needs for units in _UNITS.values() for name, (needs, _) in units.items()}
    units = {path: [package_of[wanted[name]]] if wanted[name] in package_of else [] for path, name in made_from.items()}
    return {
        **units,
        configuration["system-units"]: list(units),
        configuration["system-path"]: [path for path in packages if path not in units],
        configuration["etc"]: [configuration["system-units"]],
        system.path: list(configuration.values()),
    }


def _fingerprint(unit: str, needs: str, commit: Commit, hotfix: str | None) -> str:
    """The web servers' configuration is worked on all the time; other units change with their packages only."""
    settings = str(commit.number) if unit == "nginx.service" else ""
    return store_path("unit", unit, needs, settings, str(unit == hotfix)).removeprefix("/nix/store/")[:16]


def _parts(paths: Mapping[str, str], kernel: str) -> Sequence[Part]:
    return (
        Part(paths["linux"], "bzImage", 14 * 2**20),
        Part(paths["initrd-linux"], "initrd", 37 * 2**20),
        Part(paths["linux-modules"], f"lib/modules/{kernel}"),
        Part(paths["systemd"], "lib/systemd"),
        Part(paths["dbus"], "etc/systemd/system/dbus.service", 0),
    )


def _links(paths: Mapping[str, str]) -> Mapping[str, str]:
    """Which links a toplevel has, and where they lead in the store."""
    return {
        "kernel": f"{paths['linux']}/bzImage",
        "initrd": f"{paths['initrd-linux']}/initrd",
        "kernel-modules": paths["linux-modules"],
        "systemd": paths["systemd"],
        "etc/systemd/system/dbus.service": f"{paths['dbus']}/etc/systemd/system/dbus.service",
    }
