"""Putting the parts together: from a configuration to hosts that can be reached and operations that are recorded."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from nixtui.cli.exits import NotReached, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.config import Configuration
from nixtui.config.paths import cache_dir, local_path, state_dir
from nixtui.config.schema import Source
from nixtui.fleet.state import FleetState
from nixtui.model.host import Host, Way
from nixtui.model.selector import BadSelector, Selector, Subject, any_of, parse_selector
from nixtui.model.status import HostState
from nixtui.operations.policy import Policy
from nixtui.remote.errors import AuthenticationFailed, RemoteError, Unreachable

if TYPE_CHECKING:  # imported by whoever needs them first: the first frame and `--help` wait for none of them
    from nixtui.activation.rollback import Action, Rollback, Seen, Settings
    from nixtui.cli.ec2 import Ec2Knowledge
    from nixtui.fleet.inventory import Inventory, Snapshot, SourceProblem
    from nixtui.model.closure import Closure, ClosureDiff
    from nixtui.model.target import Target
    from nixtui.operations.journal import Journal
    from nixtui.operations.operation import Prepared
    from nixtui.remote.closures import ClosureCache
    from nixtui.remote.pool import ConnectionPool
    from nixtui.remote.prompter import Prompter
    from nixtui.remote.settings import SshSettings
    from nixtui.remote.transport import Transport

T = TypeVar("T")

_NAMED = 8

EC2_LIMIT_S = 6.0
"""How long hosts that the file names are held up by asking EC2 which instances they are."""

SETTLE_LIMIT_S = 45.0
"""How long a one-shot look at the fleet waits for its slowest host: connecting, ten seconds, with a jump host twice."""


class Surroundings(msgspec.Struct, frozen=True):
    """What comes from outside the process: passed in, so that tests and the demo can give their own."""

    cwd: Path
    environ: Mapping[str, str]
    prompter: Prompter
    user: str
    clock: Callable[[], float] = time.time


def activation_settings(configuration: Configuration) -> Settings:
    """`[activation]` and `[rollout]` as the values that rollbacks work with."""
    from nixtui.activation.guarded import HealthCheck
    from nixtui.activation.rollback import Settings
    from nixtui.config.schema import OnFailure
    from nixtui.operations.rollout import Rules

    activation, rollout = configuration.activation, configuration.rollout
    batch = rollout.batch.count if rollout.batch.count is not None else (rollout.batch.percent or 0) / 100
    return Settings(
        revert_after=activation.revert_after,
        activation_timeout=activation.activation_timeout,
        health=tuple(HealthCheck(command, limit) for command, limit in activation.health_limits),
        rollout=Rules(
            canary=rollout.canary,
            batch=batch,
            max_failures=rollout.max_failures,
            soak=rollout.soak,
            revert=rollout.on_failure is OnFailure.REVERT,
            max_down=rollout.max_down,
            max_down_per=rollout.max_down_per,
        ),
    )


def ssh_settings(configuration: Configuration, environ: Mapping[str, str]) -> SshSettings:
    """`[ssh]` as the value that connections are made by, with every path absolute."""
    from nixtui.remote.settings import ElevationMode, SshSettings

    def paths(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(str(local_path(text, base=configuration.directory, environ=environ)) for text in texts)

    section = configuration.ssh
    return SshSettings(
        config_files=paths([section.config, "/etc/ssh/ssh_config"]),
        known_hosts=paths(section.known_hosts),
        identity_files=paths(section.identity_files),
        jump=section.jump,
        elevate=ElevationMode(section.elevate.value),
        connect_timeout=section.connect_timeout,
        keepalive_interval=section.keepalive,
    )


class Assembly:
    """One run of nixtui: its configuration, and everything made of it when it is first needed.

    `via` is the way to every host, `None` for each host's own; `by_agent` are those whose SSM agent a person chose.

    Use as an async context manager; leaving it closes connections and journal.
    """

    def __init__(
        self,
        configuration: Configuration,
        surroundings: Surroundings,
        *,
        read_only: bool = False,
        via: Way | None = None,
    ) -> None:
        self.surroundings = surroundings
        self.via = via
        self.by_agent: set[str] = set()
        self.clock = surroundings.clock
        self.adopt(configuration, read_only=read_only)
        self.origin = socket.gethostname()
        self.operator = f"{surroundings.user}@{self.origin}"
        self._stack = AsyncExitStack()
        self._journal: Journal | None = None
        self._told: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def adopt(self, configuration: Configuration, *, read_only: bool = False) -> None:
        """Go by this configuration from now on; connections stay as they are made."""
        self.configuration = configuration
        self.policy = Policy(read_only, {each.name: each for each in configuration.environments})
        self._inventory: Inventory | None = None

    @staticmethod
    def new_identity() -> str:
        """The name of an operation, on hosts and in the journal."""
        return os.urandom(4).hex()

    async def journal(self) -> Journal:
        """The journal, opened once. Raises `JournalUnavailable`."""
        from nixtui.operations.journal import Journal

        if self._journal is None:
            directory = state_dir(self.surroundings.environ)
            token = os.urandom(8).hex()
            journal = Journal(directory, operator=self.surroundings.user, origin=self.origin, token=token)
            self._journal = await self._stack.enter_async_context(journal)
        return self._journal

    @property
    def inventory(self) -> Inventory:
        """Where this configuration's hosts come from."""
        from nixtui.fleet.inventory import inventory_of

        if self._inventory is None:
            self._inventory = inventory_of(self.configuration, self.surroundings.cwd, self.surroundings.environ)
        return self._inventory

    @property
    def activation(self) -> Settings:
        """What rollbacks work with."""
        return activation_settings(self.configuration)

    @cached_property
    def closures(self) -> ClosureCache:
        """What systems need, remembered between runs."""
        from nixtui.remote.closures import ClosureCache

        return ClosureCache(cache_dir(self.surroundings.environ) / "closures")

    @cached_property
    def ec2(self) -> Ec2Knowledge:
        """What EC2 knows of hosts; nothing is asked yet."""
        from nixtui.cli.ec2 import Ec2Knowledge

        ec2 = Ec2Knowledge(self)
        self._stack.push_async_callback(ec2.close)
        return ec2

    @cached_property
    def pool(self) -> ConnectionPool:
        """The connections, one per host."""
        from nixtui.remote.access import SshAccess
        from nixtui.remote.pool import ConnectionPool

        environ = self.surroundings.environ
        settings = ssh_settings(self.configuration, environ)
        access = SshAccess(settings, self.surroundings.prompter, environ=environ, witness=self.ec2.witness)
        pool = ConnectionPool(access)
        self._stack.push_async_callback(pool.close)
        return pool

    def keep_open(self, context: AbstractContextManager[T]) -> T:
        """Enter `context` and leave it when this is closed."""
        return self._stack.enter_context(context)

    @asynccontextmanager
    async def reach(self, host: Host) -> AsyncIterator[Transport]:
        """The shared connection of a host, made when there is none. Raises a `RemoteError`."""
        yield await self.connect(host)

    def way(self, host: Host) -> Way:
        """How scripts get to a host in this run."""
        return Way.SSM if host.name in self.by_agent else self.via or host.transport

    async def connect(self, host: Host) -> Transport:
        """The shared connection of a host, or what brings scripts to it otherwise. Raises a `RemoteError`."""
        if self.way(host) is Way.SSM:
            return await self.ec2.transport(host)
        try:
            return await self.pool.connect(host)
        except (Unreachable, AuthenticationFailed) as error:
            if host.instance is None:
                raise
            raise self.ec2.with_other_ways(host, error) from error

    async def hosts(self) -> tuple[Host, ...]:
        """Every host of the fleet, as soon as all sources have told; what they could not tell is narrated."""
        snapshot = await self.inventory.load()
        self._tell(snapshot.problems)
        return snapshot.hosts

    def _tell(self, problems: Iterable[SourceProblem]) -> None:
        for problem in map(str, problems):
            if problem not in self._told:
                self._told.add(problem)
                narrate(plain(problem))

    async def select(self, texts: Sequence[str]) -> list[Host]:
        """The hosts that any of these selectors means, in the order of the inventory. Raises `UsageError`, and
        `NotReached` where it depends on what hosts say and none says so.

        Where all are plain names that the configuration knows, nothing is evaluated.
        """
        selector = _parse(texts)
        named = await self._named_in_file(texts)
        if named is not None:
            return named
        hosts = await self.hosts()
        if selector.needs_status:
            fleet = await self.look(hosts)
        else:
            fleet = FleetState(hosts)
        if selector.asks_ec2:
            machines, troubles = await self.ec2.machines(hosts)
            fleet.set_machines(machines)
            for trouble in troubles:
                narrate(plain(trouble))
        outlier, machine, now = fleet.peers.is_outlier, fleet.machine, self.clock()
        subjects = (
            Subject(host, fleet.status(host.name), now, outlier(name), machine(name))
            for name, host in fleet.hosts().items()
        )
        found = selector.select(subjects)
        meant = {subject.host.name for subject in found}
        silent = [
            host.name
            for host in hosts
            if selector.needs_status and host.name not in meant and not fleet.status(host.name).state.is_answering
        ]
        if silent and not found:
            raise NotReached(f'whether "{selector.text}" means them is not known: {_names(silent)} did not answer')
        if silent:
            narrate(plain(f'{_names(silent)} did not answer: whether "{selector.text}" means them is not known'))
        if not found:
            raise UsageError(_nothing_found(selector, [host.name for host in hosts]))
        return [subject.host for subject in found]

    async def one(self, name: str) -> Host:
        """The one host of that name or selector. Raises `UsageError`."""
        found = await self.select([name])
        if len(found) > 1:
            raise UsageError(f'"{name}" matches {len(found)} hosts where one is asked for')
        return found[0]

    async def look(self, hosts: Sequence[Host]) -> FleetState:
        """Every host asked once: waits until each has answered or failed."""
        from nixtui.fleet.watch import FleetWatch

        fleet = FleetState(hosts)
        watch = FleetWatch(fleet, self, clock=self.clock)
        watching = asyncio.create_task(watch.run())
        try:
            async with asyncio.timeout(SETTLE_LIMIT_S):
                await _settled(fleet)
        except TimeoutError:
            narrate("some hosts have not answered yet; they are shown as connecting")
        finally:
            watching.cancel()
            await asyncio.wait((watching,))
        return fleet

    def plan_rollback(
        self, seen: Sequence[Seen], target: Target | Mapping[str, Target], action: Action | None = None
    ) -> Rollback:
        """The plan, with an identity of its own and this configuration's settings."""
        from nixtui.activation.rollback import Action, plan_rollback

        return plan_rollback(
            seen,
            target,
            self.activation,
            action=action or Action.SWITCH,
            operation=self.new_identity(),
            operator=self.operator,
        )

    async def prepare_reboot(self, hosts: Sequence[Host]) -> Prepared:
        """Every host asked what a reboot means, and the plan of that."""
        from nixtui.activation.restart import prepare_reboot
        from nixtui.remote.looking import look
        from nixtui.remote.restart import look as look_before_reboot

        looked = await look(hosts, self.reach, look_before_reboot)
        return prepare_reboot(looked, self.activation, self.reach, self.new_identity())

    async def ssh_words(self, host: Host, command: Sequence[str] = ()) -> list[str]:
        """The argument list of `ssh` that goes the way nixtui goes. Raises `Unreachable`."""
        from nixtui.remote.shell import ssh_words

        destination, hops = await self.pool.access.way(host)
        return ssh_words(destination, hops, self.pool.access.settings, command)

    async def ask_generations(self, hosts: Sequence[Host]) -> list[Seen]:
        """Every host asked for its generations at once; those that cannot be asked say why."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._seen(host)) for host in hosts]
        return [task.result() for task in asked]

    async def diff(self, before: tuple[Host, str], after: tuple[Host, str]) -> ClosureDiff:
        """What changes from one system to another, each given as a host that has it and its store path."""
        from nixtui.model.closure import diff

        return diff(*await asyncio.gather(self._closure(*before), self._closure(*after)))

    async def _closure(self, host: Host, path: str) -> Closure:
        async with self.reach(host) as transport:
            return await self.closures.closure(transport, path)

    async def _seen(self, host: Host) -> Seen:
        from nixtui.activation.rollback import Seen
        from nixtui.remote.generations import generations

        try:
            async with self.reach(host) as transport:
                return Seen(host, await generations(transport))
        except RemoteError as error:
            return Seen(host, None, error.reason, error.remedy)

    async def _named_in_file(self, texts: Sequence[str]) -> list[Host] | None:
        """The hosts of that names, when the file alone knows every one of them; otherwise `None`.

        EC2 is waited for a little where it is asked: which instances they are is worth that, and no more.
        """
        from nixtui.fleet.inventory.source import STACKS

        if not set(texts) <= self.configuration.hosts.keys():
            return None
        clouds = {Source.EC2.value} if self.configuration.ec2 is not None else set()
        clouds |= {STACKS} if self.configuration.has_in_stacks(texts) else set()
        waited_for = {Source.FILE.value} | clouds
        enough = asyncio.Event()
        latest: list[Snapshot] = []

        def take(snapshot: Snapshot) -> None:
            latest[:] = [snapshot]
            if waited_for.isdisjoint(snapshot.pending):
                enough.set()

        loading, waiting = asyncio.create_task(self.inventory.load(take)), asyncio.create_task(enough.wait())
        await asyncio.wait((waiting, loading), return_when=asyncio.FIRST_COMPLETED, timeout=EC2_LIMIT_S)
        if not enough.is_set() and not loading.done():
            narrate(f"ec2: it has not said within {EC2_LIMIT_S:g} s which of them are instances")
        for task in (loading, waiting):
            task.cancel()
        await asyncio.wait((loading, waiting))
        if latest:
            self._tell(each for each in latest[0].problems if each.source in clouds and not each.note)
        by_name = {host.name: host for host in latest[0].hosts} if latest else {}
        return [by_name[name] for name in dict.fromkeys(texts)] if set(texts) <= by_name.keys() else None


async def _settled(fleet: FleetState) -> None:
    waiting = set(fleet.names())
    async for changes in fleet.batches(20):
        waiting -= {name for name in changes.names if fleet.status(name).state is not HostState.CONNECTING}
        if not waiting:
            return


def _parse(texts: Sequence[str]) -> Selector:
    """Names may stand beside each other, as on every command line; of anything else nobody could say what is meant."""
    if len(texts) > 1 and any(set(text) & set(" ,:!") for text in texts):
        both, either = " ".join(texts), ",".join(texts)
        raise UsageError(
            f'several selectors have to be joined: "{both}" means hosts that match all of them, "{either}" those that '
            "match any; only names may stand beside each other"
        )
    try:
        return any_of([parse_selector(text) for text in texts])
    except BadSelector as error:
        raise UsageError(str(error)) from error


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _nothing_found(selector: Selector, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    if not names:
        return "the fleet has no hosts; name them in nixtui.toml under [hosts.NAME], or run this where a flake is"
    close = get_close_matches(selector.text, names, 1)
    return f'no host matches "{selector.text}"' + (f', did you mean "{close[0]}"?' if close else "; see: nixtui status")
