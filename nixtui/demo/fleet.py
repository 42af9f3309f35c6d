"""The demo's fleet from beginning to end: its directory, its hosts, and the configuration that leads to them."""

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncssh

from nixtui.aws.session import DEMO, ENDS
from nixtui.config.paths import state_dir
from nixtui.demo import cloud_world
from nixtui.demo.cloud import NONE, demo_cloud
from nixtui.demo.colleague import Colleague
from nixtui.demo.configuration import FLAKE, USER, Listed, write_configuration
from nixtui.demo.directory import demo_directory
from nixtui.demo.history import History
from nixtui.demo.host import DemoHost
from nixtui.demo.installation import Installation, install
from nixtui.demo.past import write_past
from nixtui.demo.root import Root
from nixtui.demo.secrets import write_secrets
from nixtui.demo.server import LOOPBACK
from nixtui.demo.story import CAST, Character, Door
from nixtui.demo.workshop import Workshop
from nixtui.model.host import Host
from nixtui.operations.signals import ended_by_signals
from nixtui.remote.access import SshAccess
from nixtui.remote.prompter import Nobody
from nixtui.remote.settings import SshSettings

_KEY: Final = "ssh-ed25519"
_LOGIN_S: Final = 8 * 3600.0
"""How long the demo's login at its AWS lasts, as a working day's by SSO does."""


@dataclass(frozen=True, slots=True)
class DemoFleet:
    """A fleet that runs. `environ` goes on top of the process's own, so that the user's journal stays untouched.

    `hosts` are those that are switched on, by name.
    """

    directory: Path
    config_path: Path
    environ: Mapping[str, str]
    hosts: Mapping[str, DemoHost]

    @property
    def ssh_settings(self) -> SshSettings:
        """How its hosts are reached, as its configuration says."""
        return SshSettings(
            config_files=(str(self.directory / "ssh_config"),),
            known_hosts=(str(self.directory / "known_hosts"),),
            identity_files=(str(self.directory / "id_ed25519"),),
        )

    def host(self, name: str) -> Host:
        """A host as the inventory knows it."""
        return Host(name=name, address=LOOPBACK, port=self.hosts[name].port, user=USER)


@asynccontextmanager
async def demo_fleet(
    *,
    seed: int = 0,
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.time,
    cast: Sequence[Character] = CAST,
    pace: float = 1.0,
    cloud_after_s: float | None = None,
    follows_ec2: bool = True,
) -> AsyncIterator[DemoFleet]:
    """Start the fleet, and take all of it away afterwards, also when a signal asks the process to end.

    The same seed gives the same fleet, but for keys and ports. Builds and copies take `pace` times as long as they say.
    Its AWS begins when it is asked something, or after so many seconds. With `follows_ec2` it is asked about the hosts.
    Raises `OSError` when there is no room for it.
    """
    with ended_by_signals(), demo_directory(environ) as directory, _closed_port() as closed:
        world = _World(directory, seed, environ, clock)
        hosts: dict[str, DemoHost] = {}

        def cloud() -> Any:
            keys = {name: host.host_key.get_fingerprint() for name, host in hosts.items()}
            return cloud_world.world(cast, world.history, clock(), host_keys=keys, seed=seed, pace=pace)

        async with demo_cloud(cloud, warm_after_s=cloud_after_s) as aws, asyncio.TaskGroup() as tasks:
            hosts.update({who.name: world.host(who, tasks) for who in cast if who.door is not Door.CLOSED})
            background: list[asyncio.Task[None]] = []
            workshop: Workshop | None = None
            failure: Exception | None = None
            try:
                for host in hosts.values():
                    await host.switch_on()
                workshop = world.workshop(cast, hosts, pace)
                workshop.open(tasks)
                fleet = world.fleet(cast, hosts, closed, workshop.environ, aws, follows_ec2=follows_ec2)
                await write_past(state_dir(fleet.environ), world.history, _disks(cast, hosts), world.random)
                background.append(tasks.create_task(_live(list(hosts.values()))))
                for colleague in _colleagues(fleet, world.random):
                    background.append(tasks.create_task(colleague.work()))
                    await colleague.is_at_it.wait()
                yield fleet
            except Exception as error:  # told below: the group would wrap what is the caller's own
                failure = error
            finally:
                for task in background:
                    task.cancel()
                if workshop is not None:
                    workshop.close()
                await asyncio.gather(*(host.switch_off() for host in hosts.values()))
        if failure is not None:
            raise failure


class _World:
    """What all hosts of one demo have in common."""

    def __init__(self, directory: Path, seed: int, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.history = History(seed, clock())
        self.random = Random(f"{seed}/world")  # noqa: S311 - a demo's numbers protect nothing
        self._directory = directory
        self._seed = seed
        self._clock = clock
        self._programs = _copy_programs(directory)
        self._path = environ.get("PATH", os.defpath)
        self._environ = {"PATH": f"{self._programs}:{self._path}"}
        self._operator_key = asyncssh.generate_private_key(_KEY)
        self._places = Counter[str]()

    def host(self, who: Character, tasks: asyncio.TaskGroup) -> DemoHost:
        """Install a host."""
        root = Root(self._directory / "hosts" / who.name, self._programs)
        installation = install(root, who, self.history, self._places[who.role], self._clock())
        self._places[who.role] += 1
        host_key = asyncssh.generate_private_key(_KEY)
        public = root.at("/etc/ssh/ssh_host_ed25519_key.pub")
        public.parent.mkdir(parents=True, exist_ok=True)
        public.write_bytes(host_key.export_public_key())
        return DemoHost(
            who,
            root,
            installation,
            keys=(host_key, self._operator_key),
            environ=self._environ,
            tasks=tasks,
            random=Random(f"{self._seed}/{who.name}"),  # noqa: S311
            clock=self._clock,
        )

    def workshop(self, cast: Sequence[Character], hosts: Mapping[str, DemoHost], pace: float) -> Workshop:
        """Where their next systems come from."""
        return Workshop(
            self._directory,
            self.history,
            {who.name: hosts.get(who.name) for who in cast},
            {who.name: who.role for who in cast},
            pace,
        )

    def fleet(
        self,
        cast: Sequence[Character],
        hosts: Mapping[str, DemoHost],
        closed_port: int,
        nix: Mapping[str, str],
        aws: str,
        *,
        follows_ec2: bool,
    ) -> DemoFleet:
        """The way to the hosts, now that they listen; `nix` is what makes that the demo's, `aws` where its AWS is."""
        listed = [
            Listed(who, hosts[who.name].port, hosts[who.name].host_key)
            if who.name in hosts
            else Listed(who, closed_port, self._operator_key)
            for who in cast
        ]
        sources = ("file", "ec2") if follows_ec2 and aws != NONE else ("file",)
        self.history.repository.write(self._directory / FLAKE)
        write_secrets(self._directory / FLAKE, self._directory / "config")
        return DemoFleet(
            directory=self._directory,
            config_path=write_configuration(self._directory, self._operator_key, listed, sources),
            environ={
                **{f"XDG_{name}_HOME": str(self._directory / name.lower()) for name in ("CONFIG", "STATE", "CACHE")},
                **nix,
                DEMO: aws,  # the user's own AWS account must not look like a part of it
                "AWS_REGION": cloud_world.REGIONS[0],
                ENDS: datetime.fromtimestamp(self._clock() + _LOGIN_S, UTC).isoformat(timespec="seconds"),
                "PATH": f"{nix['PATH']}:{self._path}",
            },
            hosts=hosts,
        )


def _colleagues(fleet: DemoFleet, random: Random) -> Iterator[Colleague]:
    """Those who are at work on a host while the demo begins."""
    access = SshAccess(fleet.ssh_settings, Nobody(), environ=fleet.environ)
    for name, host in fleet.hosts.items():
        if host.installation.under_way is not None:
            yield Colleague(fleet.host(name), access, host.installation, random)


def _disks(cast: Sequence[Character], hosts: Mapping[str, DemoHost]) -> list[tuple[Character, Installation | None]]:
    return [(who, hosts[who.name].installation if who.name in hosts else None) for who in cast]


async def _live(hosts: Sequence[DemoHost]) -> None:
    while True:
        await asyncio.sleep(1)
        for host in hosts:
            host.tick()


def _copy_programs(directory: Path) -> Path:
    """The stand-ins, as programs: installed packages do not always keep that they are."""
    programs = directory / "sw/bin"
    programs.mkdir(parents=True)
    for program in files(__package__).joinpath("bin").iterdir():
        copy = programs / program.name
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
    return programs


@contextmanager
def _closed_port() -> Iterator[int]:
    """A loopback port that refuses connections and that nobody else can take: bound, and not listened on."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]
