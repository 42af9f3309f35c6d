"""The ways to a session on one instance, each tried as far as that shows whether it can work."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from nixtui.aws.console import console_keys
from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance
from nixtui.aws.session import Session
from nixtui.aws.session_manager import PLUGIN, NoPlugin, check_plugin
from nixtui.cli.assembly import Assembly
from nixtui.instances.connecting import Passage, by_pushed_key, by_serial, by_session_manager, by_ssh
from nixtui.instances.console_witness import judge
from nixtui.instances.doors import AGENT, BASTION, NOT_ASKED, OPENED, PUSHED_KEY, SERIAL, SSH, Door, Seen, doors, look
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.errors import HostKeyChanged, HostKeyUnknown, RemoteError
from nixtui.remote.knocking import knock
from nixtui.remote.shell import NoShell, find_ssh
from nixtui.remote.witness import HostKey


class Closed(Exception):
    """This way does not lead in; the message is why. `is_here` where something is missing on this machine."""

    def __init__(self, reason: str, *, is_here: bool = False) -> None:
        super().__init__(reason)
        self.is_here = is_here


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom a session is wanted on. `host` is what the instance is in the fleet, `None` where it is no host of it."""

    instance: Instance
    host: Host | None
    user: str | None = None
    reason: str | None = None


class Ways:
    """What is known is asked for once, when the first way needs it."""

    def __init__(self, nixtui: Assembly, session: Session, wish: Wish) -> None:
        self._nixtui = nixtui
        self._session = session
        self._wish = wish
        self._environ = nixtui.surroundings.environ
        self._looking: asyncio.Task[Seen] | None = None

    async def passage(self, word: str) -> Passage:
        """The way of this name (`OPENED`), ready to be gone. Raises `Closed`."""
        instance = self._wish.instance
        if instance.state != "running":
            raise Closed(f"{instance.name} is {instance.state}; start it first: nixtui instance start {instance.name}")
        ways: Mapping[str, Callable[[], Awaitable[Passage]]] = {
            SSH: self._ssh,
            AGENT: self._agent,
            PUSHED_KEY: self._pushed_key,
            BASTION: self._bastion,
            SERIAL: self._serial,
        }
        return await ways[OPENED[word]]()

    async def _ssh(self) -> Passage:
        """As to every host of the fleet, which it has to be."""
        host = self._wish.host
        if host is None:
            raise Closed("it is no host of this fleet: name it in nixtui.toml, or see [ec2]")
        host = msgspec.structs.replace(host, user=self._wish.user or host.user)
        return await self._by_ssh(Door(SSH, f"nixtui ssh {host.name}"), host)

    async def _bastion(self) -> Passage:
        """To its private address, where ssh_config or `[ssh] jump` leads there over other hosts."""
        address = self._wish.instance.private_address
        if address is None:
            raise Closed("it has no private address")
        host = self._at(address)
        _, hops = await self._nixtui.pool.access.way(host)
        if not hops:
            raise Closed(f"no ProxyJump of ssh_config and no [ssh] jump leads to {address}")
        door = Door(BASTION, f"ssh {address}", doubt="by " + ", ".join(each.name for each in hops))
        return await self._by_ssh(door, host)

    async def _by_ssh(self, door: Door, host: Host) -> Passage:
        self._find_ssh()
        try:
            await self._nixtui.pool.connect(host)
        except RemoteError as error:
            raise Closed(error.reason) from error
        return by_ssh(door, await self._nixtui.ssh_words(host), self._environ)

    async def _pushed_key(self) -> Passage:
        """Where it answers and is who it should be; whether it asks for the key is seen only then."""
        self._find_ssh()
        host = self._for_a_key()
        vouched = None
        try:
            await knock(self._nixtui.pool.access, host)
        except (HostKeyUnknown, HostKeyChanged) as error:
            vouched = await self._vouched(error)
        except RemoteError as error:
            raise Closed(error.reason) from error
        way, settings = await self._nixtui.pool.access.way(host), self._nixtui.pool.access.settings
        door = Door(PUSHED_KEY, "", doubt=NOT_ASKED)
        return by_pushed_key(door, self._session, self._wish.instance, way, settings, self._environ, vouched)

    def _for_a_key(self) -> Host:
        """Nixtui's own way to a host of the fleet, else an address that may be reached from here."""
        wish, instance = self._wish, self._wish.instance
        if wish.host is not None:
            return msgspec.structs.replace(wish.host, user=wish.user or wish.host.user)
        address = instance.public_address or instance.private_address
        if address is None:
            raise Closed("it has no address; an Instance Connect endpoint would be needed")
        return self._at(address)

    async def _vouched(self, error: HostKeyUnknown | HostKeyChanged) -> HostKey:
        """The key that it shows, where nothing else is known and its console shows the same. Raises `Closed`."""
        instance = self._wish.instance
        if isinstance(error, HostKeyChanged) or error.shown is None:
            raise Closed(error.reason) from error
        try:
            printed = await console_keys(self._session, instance.region, instance.identity)
        except AwsError as unasked:
            testimony = judge(instance.identity, error.shown, unasked)
        else:
            testimony = judge(instance.identity, error.shown, printed)
        if testimony.agrees is not True:
            raise Closed(f"{error.reason}; {testimony.words}; {error.remedy}") from error
        return error.shown

    async def _agent(self) -> Passage:
        """Its agent has to be there, and AWS's plugin here."""
        try:
            plugin = await check_plugin(self._environ)
        except NoPlugin as error:
            raise Closed(str(error), is_here=True) from error
        door = await self._door(AGENT)
        wish = self._wish
        return by_session_manager(door, self._session, wish.instance, plugin, self._environ, wish.reason)

    async def _serial(self) -> Passage:
        """On Nitro, where the account allows it."""
        self._find_ssh()
        door = await self._door(SERIAL)
        settings = self._nixtui.pool.access.settings
        return by_serial(door, self._session, self._wish.instance, settings, self._environ)

    async def _door(self, name: str) -> Door:
        """What AWS says of it. Raises `Closed`."""
        if self._looking is None:
            here = shutil.which(PLUGIN, path=self._environ.get("PATH")) is not None
            self._looking = asyncio.ensure_future(look(self._session, self._wish.instance, plugin=here))
        seen = await self._looking
        door = next(each for each in doors(self._wish.instance, seen) if each.name == name)
        if door.closed is not None:
            raise Closed(door.closed)
        return door

    def _at(self, address: str) -> Host:
        """Its address as a host; NixOS images for EC2 let root in."""
        wish, instance = self._wish, self._wish.instance
        return Host(
            name=instance.identity,
            address=address,
            user=wish.user or (wish.host.user if wish.host else None) or "root",
            environment=wish.host.environment if wish.host else None,
            instance=InstanceId(instance.identity, instance.region),
        )

    def _find_ssh(self) -> None:
        try:
            find_ssh(self._environ)
        except NoShell as error:
            raise Closed(str(error), is_here=True) from error
