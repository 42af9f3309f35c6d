"""The connections of a whole fleet: one per host, shared by everything that talks to it.

When to try a host again is for those who watch it (`fleet/stream.py`); how many logins run at once is decided in
`SshAccess`, for the pool and jump hosts together.
"""

import resource
from typing import Final

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.errors import Unreachable
from nixtui.remote.shared_call import CallEnded, SharedCall
from nixtui.remote.ssh import SshTransport

_FILES_WANTED: Final = 16_384


def allow_many_connections() -> None:
    """Raise this process's own limit of open files: the usual 1,024 do not hold the connections of 1,000 hosts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class ConnectionPool:
    """Hands out one live transport per host; who gets one does not close it."""

    def __init__(self, access: SshAccess) -> None:
        allow_many_connections()
        self._access = access
        self._transports: dict[str, SshTransport] = {}
        self._logins: dict[_Way, SharedCall[SshTransport]] = {}

    @property
    def access(self) -> SshAccess:
        """How all of them are made."""
        return self._access

    async def connect(self, host: Host) -> SshTransport:
        """The host's connection, made when there is none or it was lost. Raises a `RemoteError`.

        Those who ask at the same time share one login, and its failure.
        """
        transport = self._transports.get(host.name)
        is_same = transport is not None and not host.is_another_machine_than(transport.host)
        if transport is not None and is_same and _way(transport.host) == _way(host):
            return transport
        login = self._logins.get(_way(host))
        if login is None or login.is_abandoned:
            login = self._logins[_way(host)] = SharedCall(self._log_in(host))
        try:
            return await login.result()
        except CallEnded as error:
            raise Unreachable(host.name, "all connections are being closed") from error

    async def close(self) -> None:
        """Close all connections; logins under way end before this returns."""
        for login in list(self._logins.values()):
            await login.cancel()
        for transport in list(self._transports.values()):
            await transport.close()
        await self._access.close()

    async def _log_in(self, host: Host) -> SshTransport:
        login = self._logins.get(_way(host))
        transport = SshTransport(host, self._access)
        try:
            await transport.connect()
        finally:
            if self._logins.get(_way(host)) is login:
                del self._logins[_way(host)]
        before, self._transports[host.name] = self._transports.get(host.name), transport
        transport.closed.add_done_callback(lambda _: self._forget(transport))
        if before is not None:  # the inventory has another address for it now
            await before.close()
        return transport

    def _forget(self, transport: SshTransport) -> None:
        if self._transports.get(transport.host.name) is transport:
            del self._transports[transport.host.name]


_Way = tuple[str, str, int | None, str | None]


def _way(host: Host) -> _Way:
    """What decides whether two entries of the inventory mean the same connection."""
    return host.name, host.address, host.port, host.user
