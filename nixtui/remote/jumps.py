"""Connections to jump hosts, one per jump host for all hosts behind it."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncssh

from nixtui.remote.destination import Destination

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
    """A login under way or done, and how many wait for it or use it. All who wait share its failure."""

    def __init__(self, login: asyncio.Task[asyncssh.SSHClientConnection]) -> None:
        self.login = login
        self.users = 0

    def close(self) -> None:
        if not self.login.done():
            self.login.cancel()
        elif not self.login.cancelled() and self.login.exception() is None:
            self.login.result().close()


class Jumps:
    """The jump hosts in use. The last host that goes closes the door."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._jumps: dict[Destination, _Jump] = {}

    async def lease(self, destination: Destination) -> Lease:
        """The connection to a jump host, made if there is none; raises what logging in raises."""
        jump = self._jumps.get(destination)
        if jump is None:
            jump = self._jumps[destination] = _Jump(asyncio.create_task(self._log_in(destination)))
        jump.users += 1
        try:
            connection = await asyncio.shield(jump.login)
        except BaseException:
            self._release(destination, jump)
            raise
        return Lease(connection, lambda: self._release(destination, jump))

    async def close(self) -> None:
        """Close all; the logins under way end before this returns."""
        jumps = list(self._jumps.values())
        self._jumps.clear()
        for jump in jumps:
            jump.close()
        await asyncio.gather(*(jump.login for jump in jumps), return_exceptions=True)

    async def _log_in(self, destination: Destination) -> asyncssh.SSHClientConnection:
        try:
            return await self._connect(destination, lambda _reason: self._forget(destination))
        except BaseException:
            self._forget(destination)
            raise

    def _forget(self, destination: Destination) -> None:
        self._jumps.pop(destination, None)

    def _release(self, destination: Destination, jump: _Jump) -> None:
        jump.users -= 1
        if jump.users == 0:
            if self._jumps.get(destination) is jump:
                self._forget(destination)
            jump.close()
