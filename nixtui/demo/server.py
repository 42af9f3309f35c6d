"""The SSH server of a demo host: it lets the demo's one key in and runs commands by a shell in the host's directory."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import asyncssh

from nixtui.demo.processes import Child, Processes

LOOPBACK: Final = "127.0.0.1"
_WELCOME: Final = b"This host is a part of nixtui's demo: a directory, and programs that stand in for NixOS's.\r\n"
_TERMINAL: Final = str(Path(__file__).with_name("terminal.py"))


class SshServer:
    """Listens on a loopback port, the same one for as long as it lives; `port` is known once it was `up`."""

    def __init__(self, processes: Processes, host_key: asyncssh.SSHKey, operator_key: asyncssh.SSHKey) -> None:
        self.port = 0
        self._processes = processes
        self._host_key = host_key
        self._operators = asyncssh.import_authorized_keys(operator_key.export_public_key().decode())
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    async def up(self) -> None:
        """Let people in."""
        self._listener = await asyncssh.listen(
            LOOPBACK,
            self.port,
            server_factory=lambda: _Visitor(self._connections, self._processes),
            server_host_keys=[self._host_key],
            authorized_client_keys=self._operators,
            encoding=None,
            agent_forwarding=False,
            compression_algs=None,
            reuse_address=True,
            line_editor=False,
        )
        self.port = self._listener.get_port()

    async def down(self) -> None:
        """Let nobody in, and drop who is there, as a host does that goes down."""
        if self._listener is None:
            return
        self._listener.close()
        await self._listener.wait_closed()
        self._listener = None
        for connection in tuple(self._connections):
            connection.abort()
            await connection.wait_closed()


class _Visitor(asyncssh.SSHServer):
    """Somebody who connected."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection], processes: Processes) -> None:
        self._connections = connections
        self._processes = processes
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """From now on it has to be dropped when the host goes down."""
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's
        """It went by itself."""
        if self._connection is not None:
            self._connections.discard(self._connection)

    def session_requested(self) -> "_Channel":
        """A command is to be run."""
        return _Channel(self._processes)


class _Channel(asyncssh.SSHServerSession[bytes]):
    """One command, as sshd runs it: it is not killed when the link is lost, but finds its pipes closed."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._command: str | None = None
        self._size: tuple[int, int] | None = None
        self._term = "dumb"
        self._child: _Command | None = None
        self._early: list[bytes] = []
        self._no_more_input = False

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """The channel is open."""
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        """What to run."""
        self._command = command
        return True

    def pty_requested(
        self,
        term_type: str,
        term_size: tuple[int, int, int, int],
        term_modes: Mapping[int, int],  # noqa: ARG002 - asyncssh's
    ) -> bool:
        """Somebody came with a terminal."""
        self._size, self._term = term_size[:2], term_type
        return True

    def shell_requested(self) -> bool:
        """Somebody wants to look around."""
        return True

    def session_started(self) -> None:
        """Now it may run."""
        if self._channel is None:
            return
        if self._size is not None and self._command is None:
            self._channel.write(_WELCOME)
        self._processes.tasks.create_task(self._start(self._channel, self._command))

    async def _start(self, channel: asyncssh.SSHServerChannel[bytes], command: str | None) -> None:
        words = ["sh", "-i"] if command is None and self._size else ["sh", "-c", command] if command else ["sh"]
        environ = {}
        if self._size is not None:
            columns, rows = self._size
            words = [sys.executable, _TERMINAL, str(rows), str(columns), *words]
            environ = {"TERM": self._term, "PS1": "[$NIXTUI_HOST] $ ", "ENV": ""}
        child = await self._processes.start(lambda: _Command(channel), *words, environ=environ, pipes=True)
        self._child = child
        child.feed(*self._early)
        if self._channel is None:
            child.hang_up()
        elif self._no_more_input:
            child.close_input()

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002 - there is only one
        """Something for its standard input."""
        if self._child is None:
            self._early.append(data)
        else:
            self._child.feed(data)

    def eof_received(self) -> bool:
        """The end of its standard input, not of the channel."""
        self._no_more_input = True
        if self._child is not None:
            self._child.close_input()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's
        """Nobody listens any more."""
        self._channel = None
        if self._child is not None:
            self._child.hang_up()

    def pause_writing(self) -> None:
        """The other side is slow: let the command wait."""
        if self._child is not None:
            self._child.pause_output()

    def resume_writing(self) -> None:
        """Go on."""
        if self._child is not None:
            self._child.resume_output()


class _Command(Child):
    """The process of a channel. The channel ends when the process has, and all that held its pipes."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        super().__init__()
        self._channel = channel
        self._open = {1, 2}

    def feed(self, *received: bytes) -> None:
        """Something for its standard input; lost when it reads no more."""
        into = cast("asyncio.WriteTransport | None", self.pipe(0))
        if into is not None and not into.is_closing():
            into.writelines(received)

    def close_input(self) -> None:
        """Its standard input ends, after what was fed."""
        into = self.pipe(0)
        if into is not None:
            into.close()

    def pause_output(self) -> None:
        """Take nothing from it for now."""
        for fd in self._open:
            cast("asyncio.ReadTransport", self.pipe(fd)).pause_reading()

    def resume_output(self) -> None:
        """Take its output again."""
        for fd in self._open:
            cast("asyncio.ReadTransport", self.pipe(fd)).resume_reading()

    def hang_up(self) -> None:
        """Close our ends of its pipes.

        Programs that follow something poll their output and end then. Stand-ins do not, so they get a signal, which the
        guard, as it must survive any sshd, ignores.
        """
        for fd in (0, 1, 2):
            end = self.pipe(fd)
            if end is not None:
                end.close()
        if not self.ended.done():
            self.signal(signal.SIGHUP)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """It said something."""
        if not self._channel.is_closing():
            self._channel.write(data, asyncssh.EXTENDED_DATA_STDERR if fd == 2 else None)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """It, and all of its children, closed an output; or we did."""
        self._open.discard(fd)
        self._end_if_over()

    def process_exited(self) -> None:
        """The process ended."""
        super().process_exited()
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._open or not self.ended.done() or self._channel.is_closing():
            return
        status = self.ended.result()
        if status >= 0:
            self._channel.exit(status)
        else:
            self._channel.exit_with_signal(_signal_name(-status))


def _signal_name(number: int) -> str:
    return signal.Signals(number).name.removeprefix("SIG")
