"""Connections to jump hosts, one per jump host for all hosts behind it."""

from collections.abc import Awaitable, Callable

import asyncssh

from nixtui.remote.destination import Destination
from nixtui.remote.errors import Unreachable
from nixtui.remote.shared_call import CallEnded, SharedCall

Lost = Callable[[Exception | None], None]
Connect = Callable[[Destination, Lost], Awaitable[asyncssh.SSHClientConnection]]


class Lease:
    """One host's use of a jump host; `connection` is shared with the others."""

    def __init__(self, connection: asyncssh.SSHClientConnection, release: Callable[[], None]) -> None:
        self.connection = connection
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """The host does not need it any more; a second call does nothing."""
        release, self._release = self._release, None
        if release is not None:
            release()


class _Jump:
    """A login under way or done, and how many hosts wait for it or hold a lease."""

    def __init__(self, login: SharedCall[asyncssh.SSHClientConnection]) -> None:
        self.login = login
        self.hosts = 0


class Jumps:
    """The jump hosts in use. All who wait for one share its failure; the last host that goes closes the door."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._jumps: dict[Destination, _Jump] = {}

    async def lease(self, destination: Destination) -> Lease:
        """The connection to a jump host, made if there is none; raises what logging in raises."""
        jump = self._jumps.get(destination)
        if jump is None or jump.login.is_abandoned:
            jump = self._jumps[destination] = _Jump(SharedCall(self._log_in(destination)))
        jump.hosts += 1
        try:
            connection = await jump.login.result()
        except CallEnded as error:
            raise Unreachable(destination.name, "all connections are being closed") from error
        except BaseException:
            jump.hosts -= 1
            raise
        return Lease(connection, lambda: self._give_back(destination, jump, connection))

    async def close(self) -> None:
        """Close all; the logins under way end before this returns."""
        jumps = list(self._jumps.values())
        self._jumps.clear()
        for jump in jumps:
            connection = await jump.login.cancel()
            if connection is not None:
                connection.close()

    async def _log_in(self, destination: Destination) -> asyncssh.SSHClientConnection:
        jump = self._jumps.get(destination)
        try:
            return await self._connect(destination, lambda _reason: self._forget(destination, jump))
        except BaseException:
            self._forget(destination, jump)
            raise

    def _forget(self, destination: Destination, jump: _Jump | None) -> None:
        if self._jumps.get(destination) is jump:
            self._jumps.pop(destination, None)

    def _give_back(self, destination: Destination, jump: _Jump, connection: asyncssh.SSHClientConnection) -> None:
        jump.hosts -= 1
        if jump.hosts == 0:
            self._forget(destination, jump)
            connection.close()
