"""What all connections of one operator share: ssh_config, known hosts, keys, jump hosts, and the right to dial."""

import asyncio
import os
import pwd
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

import asyncssh

from nixtui.model.host import Host
from nixtui.remote import failures
from nixtui.remote.destination import Destination, Hop, Resolver
from nixtui.remote.errors import HostKeyChanged, HostKeyUnknown, RemoteError, Unreachable
from nixtui.remote.host_keys import HostKeyCheck, heard
from nixtui.remote.identities import Identities, Offer
from nixtui.remote.jumps import Jumps, Lease, Lost
from nixtui.remote.known_hosts import KnownHosts
from nixtui.remote.limit import Limit
from nixtui.remote.login import Login, log_in
from nixtui.remote.prompter import Prompter, Questions
from nixtui.remote.settings import SshSettings
from nixtui.remote.ssh_config import SshConfig, SshConfigError, expand_home
from nixtui.remote.sudo_passwords import SudoPasswords
from nixtui.remote.wire import Command, Direct, Through
from nixtui.remote.witness import Witness

CONNECTS_AT_ONCE: Final = 64
"""A handshake costs 2 ms of CPU: more at a time only make each other late, and VPNs and name servers stumble."""


class SshAccess:
    """One operator's way to all hosts. Files are read once, and again when they change; secrets stay in memory.

    `witness` is asked about host keys that known_hosts does not have. `random` makes the nonces of the elevation
    handshake, so it must not be predictable outside of tests.
    """

    def __init__(
        self,
        settings: SshSettings,
        prompter: Prompter,
        *,
        environ: Mapping[str, str] = os.environ,
        random: Random | None = None,
        connects_at_once: int = CONNECTS_AT_ONCE,
        witness: Witness | None = None,
    ) -> None:
        self.settings = settings
        self.random = random or SystemRandom()
        self.questions = Questions(prompter)
        self.identities = Identities(self.questions)
        self.sudo_passwords = SudoPasswords(self.questions)
        self._environ = environ
        self._witness = witness
        self._known_hosts = KnownHosts()
        self._config: SshConfig | None = None
        self._destinations: dict[Hop, Destination] = {}
        self._slots = asyncio.Semaphore(connects_at_once)
        self._jumps = Jumps(self._connect_jump)

    async def destination(self, host: Host) -> Destination:
        """Where a connection to `host` goes. Raises `Unreachable` when the inventory or ssh_config make no sense."""
        resolver = self._resolver(host.name)
        key = Hop(host.address, host.user, host.port)
        known = self._destinations.get(key)
        if known is None or known.name != host.name:
            # in a thread only where it may take long, for the sake of the others: a thread costs 0.1 ms
            known = await asyncio.to_thread(resolver.host, host) if resolver.is_slow else resolver.host(host)
            self._destinations[key] = known
        return known

    async def way(self, host: Host) -> tuple[Destination, list[Destination]]:
        """Where a connection to `host` goes, and the jump hosts before it, the nearest to us first."""
        destination, resolver = await self.destination(host), self._resolver(host.name)
        passed: list[Destination] = []
        for number, hop in enumerate(destination.hops):
            passed.append(resolver.hop(hop, destination.hops[:number]))
        return destination, passed

    async def connect(self, destination: Destination, lost: Lost, *, urgent: bool) -> asyncssh.SSHClientConnection:
        """Log in; `lost` is called once when the connection ends. Raises `RemoteError`.

        An `urgent` connection does not queue behind others: it may decide whether a host is rolled back.
        """
        check = await HostKeyCheck.of(destination, self._known_hosts)
        while True:
            offer = Offer(self.identities, destination)
            login = Login(check, offer, lost)
            try:
                return await self._attempt(destination, login, check, urgent)
            except asyncssh.HostKeyNotVerifiable as error:
                if not check.falls_back():
                    raise check.error(error, self.settings) from error
            except asyncssh.PermissionDenied as error:
                if not await self.identities.unlock(offer.locked):
                    raise failures.of_login(destination, login, offer, error) from error
            except (OSError, ValueError, asyncssh.Error) as error:
                raise failures.of_login(destination, login, offer, error) from error

    async def hear_witness(self, host: Host, error: RemoteError) -> RemoteError:
        """The same error, or where it refuses a host's key, what a witness says about that beside it."""
        if self._witness is None or not isinstance(error, HostKeyUnknown | HostKeyChanged) or error.shown is None:
            return error
        testimony = await self._witness.testify(host, error.shown)
        return error if testimony is None else heard(error, testimony)

    async def close(self) -> None:
        """Let go of jump hosts and agents. Connections to hosts are their transports' own."""
        await self._jumps.close()
        await self.identities.close()

    async def _attempt(
        self, destination: Destination, login: Login, check: HostKeyCheck, urgent: bool
    ) -> asyncssh.SSHClientConnection:
        seconds = self.settings.connect_timeout
        limit = Limit(seconds)
        lease = await self._lease(destination)
        login.when_lost(lease.release if lease else None)
        try:
            async with nullcontext() if urgent else self._slots, limit:
                login.limit = limit
                return await log_in(
                    destination, self._dialler(destination, lease), login, check, self.settings.keepalive_interval
                )
        except BaseException as error:
            _release(lease)
            if isinstance(error, TimeoutError) and limit.is_over:
                raise failures.timed_out(destination, login, seconds) from error
            raise

    def _dialler(self, destination: Destination, lease: Lease | None) -> Direct | Through | Command:
        if lease is not None:
            return Through(lease.connection)
        if destination.proxy_command is not None:
            return Command(destination.proxy_command, self._environ.get("SHELL") or "/bin/sh")
        return Direct(destination)

    async def _lease(self, destination: Destination) -> Lease | None:
        """The connection of the last jump host, if the way goes through any."""
        if not destination.hops:
            return None
        *before, last = destination.hops
        try:
            return await self._jumps.lease(self._resolver(destination.name).hop(last, tuple(before)))
        except RemoteError as error:
            raise type(error)(destination.name, f"jump host {error.host}: {error.reason}", error.remedy) from error

    async def _connect_jump(self, destination: Destination, lost: Lost) -> asyncssh.SSHClientConnection:
        return await self.connect(destination, lost, urgent=True)

    def _resolver(self, name: str) -> Resolver:
        home = _home(self._environ)
        if self._config is None or self._config.is_stale:
            paths = [expand_home(path, home) for path in self.settings.config_files]
            try:
                self._config = SshConfig(paths, home, _local_user(self._environ))
            except SshConfigError as error:
                raise Unreachable(name, f"ssh_config cannot be understood: {error}", "correct that line") from error
            self._destinations.clear()
        return Resolver(self.settings, self._config, self._environ, home)


def _release(lease: Lease | None) -> None:
    if lease is not None:
        lease.release()


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def _local_user(environ: Mapping[str, str]) -> str:
    return environ.get("USER") or environ.get("LOGNAME") or pwd.getpwuid(os.getuid()).pw_name
