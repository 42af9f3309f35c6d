"""From selectors to a deploy that can be proposed: built, looked at on its hosts, planned."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from nixtui.activation.guarded import HealthCheck
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.output import narrate, plain
from nixtui.config import Configuration
from nixtui.config.paths import cache_dir, state_dir
from nixtui.deploys.copying import CopySettings
from nixtui.deploys.gate import GateRules, Page
from nixtui.deploys.job import Means
from nixtui.deploys.plan import Choice, Deploy, plan_deploy
from nixtui.deploys.preflight import Candidate, Examiner
from nixtui.model.closure import Closure
from nixtui.model.host import Host
from nixtui.nix.errors import NixError
from nixtui.nix.flake import find_flake, open_flake
from nixtui.nix.local_store import keep, local_closure
from nixtui.nix.toplevels import build_toplevels, toplevel_attribute
from nixtui.operations.journal import Intent
from nixtui.operations.report import Outcome, Report
from nixtui.remote.errors import Unreachable
from nixtui.remote.shell import NoShell
from nixtui.remote.ssh_program import ssh_program
from nixtui.remote.transport import Transport

EXAMINED_AT_ONCE = 32

KEPT_AT_ONCE = 4


def gate_rules(configuration: Configuration) -> GateRules:
    """`[rollout.gate]` as the value that deploys work with."""
    gate = configuration.rollout.gate
    return GateRules(
        units=gate.units,
        commands=tuple(HealthCheck(each.command, each.timeout or gate.timeout) for each in gate.commands),
        pages=tuple(Page(each.url, each.status) for each in gate.http),
        timeout=gate.timeout,
    )


def is_here(path: str) -> bool:
    """Whether the local store has it."""
    return Path(path).exists()


class Deploying:
    """One run's deploys: everything that `nixtui.deploys` wants handed in, made of the assembly."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui
        self._environ = nixtui.surroundings.environ
        self._local: dict[str, Closure] = {}

    async def build(self, hosts: Sequence[Host], given: Mapping[str, str]) -> Mapping[str, str | NixError]:
        """The system of each host: the one that is `given` and still in the local store, else built from the flake.

        Raises `UsageError` without a flake.
        """
        there = {name: path for name, path in given.items() if is_here(path)}
        left = [host for host in hosts if host.name not in there]
        if not left:
            return there
        directory, reference = self._flake()
        narrate(f"building {len(left)} systems …")
        attributes = {host.name: toplevel_attribute(host.flake_attr or host.name) for host in left}
        built = await build_toplevels(
            reference,
            attributes,
            directory=directory,
            environ=self._environ,
            tell=lambda name, line: narrate(plain(f"{name}: | {line}")),
        )
        return {**built, **there}

    async def keep(self, built: Mapping[str, str | NixError]) -> None:
        """Keep each host's system in the local store until its next one: who is away is caught up with that."""
        folder = state_dir(self._environ) / "systems"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        room = asyncio.Semaphore(KEPT_AT_ONCE)

        async def one(name: str, path: str) -> None:
            async with room:
                try:
                    await keep(path, folder / name.replace("/", "_"), environ=self._environ)
                except NixError as error:
                    narrate(f"{name}: its system may be collected here at any time: {error.reason}")

        async with asyncio.TaskGroup() as group:
            for name, path in built.items():
                if isinstance(path, str):
                    group.create_task(one(name, path))

    async def examine(self, hosts: Sequence[Host], built: Mapping[str, str | NixError]) -> list[Candidate]:
        """Every host looked at, some at a time."""
        examiner = Examiner(self._nixtui.reach, self._closure, self._remote_closure)
        room = asyncio.Semaphore(EXAMINED_AT_ONCE)

        async def one(host: Host) -> Candidate:
            async with room:
                return await examiner.examine(host, built[host.name])

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(host)) for host in hosts]
        return [task.result() for task in tasks]

    def plan(self, candidates: Sequence[Candidate], choice: Choice) -> Deploy:
        """The plan, with an identity of its own and this configuration's settings."""
        nixtui = self._nixtui
        return plan_deploy(
            candidates, choice, nixtui.activation, operation=nixtui.new_identity(), operator=nixtui.operator
        )

    async def remember_who_was_away(self, deploy: Deploy, report: Report) -> None:
        """A deploy that began nothing because nobody was there is on record too, so that it can be caught up with."""
        if any(each.outcome is Outcome.UNREACHABLE for each in report.targets):
            journal, now = await self._nixtui.journal(), self._nixtui.clock()
            await journal.begin(Intent(report.operation, deploy.plan, None, now))
            await journal.finish(report, now)

    def means(self, copying: CopySettings) -> Means:
        """What the job works with."""
        configuration = self._nixtui.configuration
        return Means(self._nixtui.reach, self._ssh_for, copying, gate_rules(configuration), configuration.directory)

    def _flake(self) -> tuple[Path, str]:
        configuration = self._nixtui.configuration
        if configuration.fleet.flake is not None:
            flake = open_flake(configuration.fleet.flake, base=configuration.directory, environ=self._environ)
            return flake.directory, flake.reference
        found = find_flake(configuration.directory)
        if found is None:
            raise UsageError('there is no flake.nix here or above; name one: [fleet] flake = "…" in nixtui.toml')
        return found, "."

    async def _closure(self, path: str) -> Closure:
        if path not in self._local:
            self._local[path] = await local_closure(
                path, directory=self._nixtui.configuration.directory, environ=self._environ
            )
        return self._local[path]

    async def _remote_closure(self, transport: Transport, path: str) -> Closure:
        return await self._nixtui.closures.closure(transport, path)

    async def _ssh_for(self, host: Host) -> AbstractContextManager[Mapping[str, str]]:
        access = self._nixtui.pool.access
        destination, hops = await access.way(host)
        try:
            return ssh_program(destination, hops, access.settings, self._environ, cache_dir(self._environ) / "ssh")
        except NoShell as error:
            raise Unreachable(host.name, error.reason, "install OpenSSH: nix copies over it") from error
