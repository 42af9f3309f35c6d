"""The real transport: one SSH connection per host, any number of channels on it."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from nixtui.model.host import Host
from nixtui.remote.access import SshAccess
from nixtui.remote.errors import NoAnswer, Unreachable
from nixtui.remote.output import LineSplitter, clean
from nixtui.remote.session import Session
from nixtui.remote.transport import DEFAULT_TIMEOUT_S, MAX_ANSWER_BYTES, Channel, Completed, Script

HANG_UP_PATIENCE_S = 2.0
"""How long a channel may take to close before we stop waiting for it."""


def program(script: Script, arguments: tuple[str, ...]) -> str:
    """What `sh -s` reads: the arguments as positional parameters, then the script.

    The braces make the shell read all of it before it starts: a link that breaks half way runs nothing, and a
    command that reads standard input cannot eat the rest of the script.
    """
    parameters = "".join(f" {shlex.quote(argument)}" for argument in arguments)
    return f"set --{parameters}; {{\n{script.text}\nexit\n}}\n"


class _ScriptChannel:
    """A running script: `Channel` over a `Session`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._splitter = LineSplitter(self._lines.put_nowait)
        session.stdout = self._splitter.feed
        session.ended.add_done_callback(self._finish)

    def _finish(self, _ended: Any) -> None:
        self._splitter.end()
        self._lines.put_nowait(None)

    async def lines(self) -> AsyncIterator[str]:
        """Lines of standard output as they come; ends when the script or the link does."""
        while (line := await self._lines.get()) is not None:
            yield line

    def write(self, text: str) -> None:
        """Give the script `text` on its standard input."""
        self._session.write(text)

    async def close(self) -> None:
        """Hang up and wait, briefly, until the channel is gone."""
        self._session.hang_up()
        await asyncio.wait([self._session.ended], timeout=HANG_UP_PATIENCE_S)


class SshTransport:
    """`Transport` over asyncssh; call `connect` first."""

    def __init__(self, host: Host, access: SshAccess) -> None:
        self._host = host
        self._access = access
        self._connection: asyncssh.SSHClientConnection | None = None

    @property
    def host(self) -> Host:
        """Who is at the other end."""
        return self._host

    async def connect(self) -> None:
        """Log in. Raises a `RemoteError` that says why not."""
        settings = self._access.settings
        options: dict[str, Any] = {}
        if settings.known_hosts:
            options["known_hosts"] = [str(Path(path).expanduser()) for path in settings.known_hosts]
        if settings.identity_files:
            options["client_keys"] = [str(Path(path).expanduser()) for path in settings.identity_files]
        if self._host.port is not None:
            options["port"] = self._host.port
        if self._host.user is not None:
            options["username"] = self._host.user
        try:
            self._connection = await asyncssh.connect(
                self._host.address,
                config=[path for path in map(str, map(_expand, settings.config_files)) if Path(path).exists()],
                tunnel=settings.jump or (),
                connect_timeout=settings.connect_timeout,
                keepalive_interval=settings.keepalive_interval,
                **options,
            )
        except (OSError, asyncssh.Error, TimeoutError) as error:
            raise Unreachable(self._host.name, f"cannot connect: {error}") from error

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109 - the limit belongs to the remote side as well
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a script to its end."""
        stdout, stderr = bytearray(), bytearray()
        splitter = LineSplitter(on_line or (lambda _line: None))

        def receive(data: bytes) -> None:
            stdout.extend(data[: MAX_ANSWER_BYTES - len(stdout)])
            splitter.feed(data)

        try:
            async with asyncio.timeout(timeout), self._session() as session:
                session.stdout, session.stderr = receive, stderr.extend
                session.write(program(script, arguments))
                session.write_eof()
                lost = await session.ended
        except TimeoutError as error:
            raise NoAnswer(self._host.name, f"{script.name} did not end within {timeout:g} s") from error
        if lost is not None:
            raise Unreachable(self._host.name, f"the link was lost while {script.name} ran") from lost
        splitter.end()
        return Completed(
            session.exit_status, clean(stdout.decode(errors="replace")), clean(stderr.decode(errors="replace"))
        )

    @asynccontextmanager
    async def open(self, script: Script, *arguments: str, elevated: bool = False) -> AsyncIterator[Channel]:
        """Start a script that keeps running; leaving the context hangs up."""
        async with self._session() as session:
            channel = _ScriptChannel(session)
            session.write(program(script, arguments))
            try:
                yield channel
            finally:
                await channel.close()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator["SshTransport"]:
        """A second transport over a new TCP connection and login of its own."""
        transport = SshTransport(self._host, self._access)
        await transport.connect()
        try:
            yield transport
        finally:
            await transport.close()

    async def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        if self._connection is None:
            raise Unreachable(self._host.name, "not connected")
        try:
            _, session = await self._connection.create_session(Session, "sh -s", encoding=None)
        except (OSError, asyncssh.Error) as error:
            raise Unreachable(self._host.name, f"cannot open a channel: {error}") from error
        try:
            yield session
        finally:
            session.hang_up()


def _expand(path: str) -> Path:
    return Path(path).expanduser()
