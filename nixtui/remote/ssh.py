"""The real transport: one SSH connection per host, any number of channels on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import asyncssh

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.answer import Answer
from nixtui.remote.elevation import Already, Elevation, elevation, new_nonce
from nixtui.remote.errors import BadAnswer, NoAnswer, RemoteError, Unreachable
from nixtui.remote.limit import Limit
from nixtui.remote.output import said
from nixtui.remote.program import mark, marked, program
from nixtui.remote.script_channel import WINDOW_BYTES, ScriptChannel
from nixtui.remote.session import Beginning, Session
from nixtui.remote.transport import DEFAULT_TIMEOUT_S, Completed, Script

_RUN_WINDOW_BYTES: Final = 2 * 2**20
_ROOM_FREED_AFTER_S: Final = (0.02, 0.1, 0.5)
"""sshd counts a channel for a moment after it has closed it."""
_AS_LOGGED_IN: Final = Already()


class SshTransport:
    """`Transport` over asyncssh; call `connect` first. A transport that lost its connection stays lost: make another.

    A script that runs when its channel is closed (a time limit, a cancelled task) is not killed; it finds its
    standard input and output closed.
    """

    def __init__(self, host: Host, access: SshAccess) -> None:
        self._host = host
        self._access = access
        self._connection: asyncssh.SSHClientConnection | None = None
        self._closed: asyncio.Future[RemoteError | None] | None = None
        self._elevation: Elevation = _AS_LOGGED_IN
        self._sessions: set[Session] = set()
        self._crowd = asyncio.Lock()

    @property
    def host(self) -> Host:
        """Who is at the other end."""
        return self._host

    @property
    def closed(self) -> "asyncio.Future[RemoteError | None]":
        """Done when the connection is gone: with the reason, or `None` when `close` was called. Wait with `shield`."""
        if self._closed is None:
            raise Unreachable(self._host.name, "not connected yet")
        return self._closed

    async def connect(self, *, urgent: bool = False) -> None:
        """Log in. Raises a `RemoteError` that says why not. `urgent` does not queue behind other hosts."""
        self._closed = asyncio.get_running_loop().create_future()
        try:
            destination = await self._access.destination(self._host)
            self._connection = await self._access.connect(destination, self._note_lost, urgent=urgent)
        except RemoteError as refused:
            error = await self._access.hear_witness(self._host, refused)
            if not self._closed.done():  # its time may run out just when it is in, and that connection is lost then
                self._closed.set_result(error)
            raise error from refused.__cause__
        self._elevation = elevation(
            self._access.settings.elevate, self._host.name, destination.user, self._access.sudo_passwords
        )

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109 - the limit belongs to the remote side as well
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a script to its end. Raises `Unreachable` when the link is lost while it runs.

        What `on_line` raises hangs up and comes out here. The operator's time to type a password does not count.
        """
        nonce = new_nonce(self._access.random)
        text = marked(program(script, arguments), nonce)
        answer = Answer(on_line)
        try:
            async with Limit(timeout) as limit, self._shell(elevated, nonce, limit, _RUN_WINDOW_BYTES) as session:
                beginning = Beginning(mark(nonce), session, lambda: answer.receive_stdout)
                session.stderr = answer.receive_stderr
                session.write(text)
                session.write_eof()
                lost = await session.ended
        except TimeoutError as error:
            raise self._no_answer(f"{script.name} did not end within {timeout:g} s") from error
        if session.failure is not None:
            raise session.failure
        if lost is not None:
            raise Unreachable(self._host.name, f"the link was lost while {script.name} ran") from lost
        completed = await answer.complete(session.exit_status)
        if not beginning.is_found:
            raise beginning.refusal(self._host.name, completed.stderr)
        return completed

    async def exchange(self, address: str, port: int, request: bytes, limit: int, timeout: float) -> bytes:  # noqa: ASYNC109
        """See `Transport.exchange`; the host's sshd has to allow it (AllowTcpForwarding)."""
        where = f"{address}:{port}"
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await self._connected().open_connection(address, port, encoding=None)
                try:
                    writer.write(request)
                    received = bytearray()
                    while len(received) < limit and (piece := await reader.read(limit - len(received))):
                        received += piece
                    return bytes(received)
                finally:
                    writer.close()
        except TimeoutError as error:
            raise NoAnswer(self._host.name, f"{where} did not answer within {timeout:g} s") from error
        except (asyncssh.ChannelOpenError, OSError) as error:
            raise BadAnswer(self._host.name, f"{where} cannot be asked: {said(str(error))}") from error
        except asyncssh.Error as error:
            raise Unreachable(self._host.name, f"the link was lost: {said(str(error))}") from error

    @asynccontextmanager
    async def open(self, script: Script, *arguments: str, elevated: bool = False) -> AsyncIterator[ScriptChannel]:
        """Start a script that keeps running; leaving the context hangs up."""
        nonce = new_nonce(self._access.random)
        text = marked(program(script, arguments), nonce)
        async with AsyncExitStack() as stack:
            try:
                async with Limit(DEFAULT_TIMEOUT_S) as limit:
                    shell = self._shell(elevated, nonce, limit, WINDOW_BYTES)
                    session = await stack.enter_async_context(shell)
            except TimeoutError as error:
                raise self._no_answer(f"{script.name} did not start within {DEFAULT_TIMEOUT_S:g} s") from error
            channel = ScriptChannel(self._host.name, session, mark(nonce))
            session.write(text)
            try:
                yield channel
            finally:
                await channel.close()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator["SshTransport"]:
        """A second transport over a new TCP connection and login of its own."""
        transport = SshTransport(self._host, self._access)
        await transport.connect(urgent=True)
        try:
            yield transport
        finally:
            await transport.close()

    async def close(self) -> None:
        """Give the connection up."""
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    @asynccontextmanager
    async def _shell(self, elevated: bool, nonce: str, limit: Limit, window: int) -> AsyncIterator[Session]:
        """A channel on which `sh -s` waits for a program, as root when `elevated`; hung up afterwards."""
        way = self._elevation if elevated else _AS_LOGGED_IN
        session = await self._open_session(way.command(nonce), window)
        try:
            await way.handshake(session, nonce, limit)
            yield session
        finally:
            session.hang_up()

    async def _open_session(self, command: str, window: int) -> Session:
        """Open a channel. sshd allows ten at a time (MaxSessions): when it refuses, wait until one of ours ends."""
        session = await self._try_open(command, window)
        if session is not None:
            return session
        async with self._crowd:  # one waits for room, the others for their turn to wait
            refusals = iter(_ROOM_FREED_AFTER_S)
            while session is None:
                if self._sessions:
                    ours = [each.closed for each in self._sessions]
                    await asyncio.wait(ours, return_when=asyncio.FIRST_COMPLETED)
                elif (pause := next(refusals, None)) is not None:
                    await asyncio.sleep(pause)
                else:
                    raise BadAnswer(self._host.name, "it opens no channel", "raise MaxSessions in its sshd_config")
                session = await self._try_open(command, window)
        return session

    async def _try_open(self, command: str, window: int) -> Session | None:
        """A new channel, or `None` when the host wants no more of them.

        asyncssh forgets a channel whose opening is cancelled while the host keeps it: see it through and hang up.
        """
        connection, session = self._connected(), Session()
        opening = asyncio.ensure_future(
            connection.create_session(lambda: session, command, encoding=None, window=window, request_pty=False)
        )
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._remember(session)
            opening.add_done_callback(lambda done: _abandon(done, session))
            raise
        except asyncssh.ChannelOpenError:
            self._connected()
            return None
        except (OSError, asyncssh.Error) as error:
            raise Unreachable(self._host.name, f"the link was lost: {said(str(error))}") from error
        self._remember(session)
        return session

    def _remember(self, session: Session) -> None:
        self._sessions.add(session)
        session.closed.add_done_callback(lambda _: self._sessions.discard(session))

    def _connected(self) -> asyncssh.SSHClientConnection:
        if self._connection is None or self.closed.done():
            reason = self._closed.result() if self._closed is not None and self._closed.done() else None
            raise Unreachable(self._host.name, reason.reason if reason else "not connected")
        return self._connection

    def _no_answer(self, reason: str) -> NoAnswer:
        remedy = "its sshd allows no more channels at once: raise MaxSessions" if self._crowd.locked() else None
        return NoAnswer(self._host.name, reason, remedy)

    def _note_lost(self, cause: Exception | None) -> None:
        if self._closed is None or self._closed.done():
            return
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause or "closed here")
        self._closed.set_result(Unreachable(self._host.name, f"the link was lost ({said(why)})"))


def _abandon(opening: "asyncio.Future[Any]", session: Session) -> None:
    """Nobody wants the channel any more that has just been opened, or not."""
    if opening.cancelled() or opening.exception() is not None:
        session.connection_lost(None)
    else:
        session.hang_up()
