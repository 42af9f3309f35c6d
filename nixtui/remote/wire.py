"""The bytes below SSH: a TCP connection, a channel through a jump host, or the pipes of a ProxyCommand.

asyncssh writes every packet by itself and puts an empty one before it: ten system calls per command. A `Wire` collects
what is written in one turn of the event loop and sends it at once: four, and half the CPU time per command.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any, Protocol

import asyncssh

from nixtui.remote import tcp
from nixtui.remote.destination import Destination

_STDERR_KEPT_BYTES = 2_000
_LAST_WORDS_S = 0.1


class Carrier(Protocol):
    """What a wire writes to: a socket's transport, an SSH channel, the pipe of a process."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def get_extra_info(self, name: str, default: Any = None) -> Any: ...


class Wire(asyncio.Protocol):
    """Stands between a carrier and asyncssh: protocol to the one, transport to the other."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self.connection = connection
        self._carrier: Carrier | None = None
        self._pending: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    # What the carrier calls; SSH channels pass a data type along.

    def connection_made(self, transport: Any) -> None:
        """The carrier is there."""
        self._carrier = transport
        self.connection.connection_made(self)  # type: ignore[arg-type]  # a transport by its methods, not by class

    def data_received(self, data: bytes, _datatype: int | None = None) -> None:
        """Bytes from the host."""
        self.connection.data_received(data)

    def eof_received(self) -> bool | None:
        """The host will send nothing more."""
        self.connection.eof_received()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The carrier is gone."""
        self.connection.connection_lost(exc)

    def session_started(self) -> None:
        """An SSH channel says that it is open; nothing to do."""

    # What asyncssh calls.

    def write(self, data: bytes) -> None:
        """Send soon, together with what else is written now."""
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        if self._carrier is not None:
            with contextlib.suppress(OSError):  # the carrier reports its loss by itself
                self._carrier.write(data)

    def close(self) -> None:
        """Close the carrier after sending the rest."""
        if self._carrier is not None:
            self._carrier.close()

    def abort(self) -> None:
        """Close the carrier at once."""
        if self._carrier is not None:
            self._carrier.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Socket and addresses, as far as the carrier has them."""
        return default if self._carrier is None else self._carrier.get_extra_info(name, default)


class Direct:
    """Dials by TCP. `create_connection` is what asyncssh calls on the `tunnel` it is given."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    async def create_connection(
        self, connection: Callable[[], asyncssh.SSHClientConnection], host: str, port: int
    ) -> tuple[Wire, asyncssh.SSHClientConnection]:
        """Connect to the first address that answers."""
        sock = await tcp.connect(host, port, self._destination.family, self._destination.bind_address)
        _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(connection()), sock=sock)
        return wire, wire.connection


class Through:
    """Dials through a jump host's connection."""

    def __init__(self, jump: asyncssh.SSHClientConnection) -> None:
        self._jump = jump

    async def create_connection(
        self, connection: Callable[[], asyncssh.SSHClientConnection], host: str, port: int
    ) -> tuple[Wire, asyncssh.SSHClientConnection]:
        """Have the jump host connect."""
        session: Any = lambda: Wire(connection())  # noqa: E731 - a wire is a TCP session by its methods
        _, wire = await self._jump.create_connection(session, host, port)
        return wire, wire.connection  # type: ignore[return-value, attr-defined]  # what `session` made


class Command:
    """Dials by running ProxyCommand. What it says on standard error is kept for the message when it fails."""

    def __init__(self, command: str, shell: str) -> None:
        self._command = command
        self._shell = shell
        self.said = b""

    async def create_connection(
        self, connection: Callable[[], asyncssh.SSHClientConnection], _host: str, _port: int
    ) -> tuple[Wire, asyncssh.SSHClientConnection]:
        """Start the command as ssh does: in place of a shell."""
        wire = Wire(connection())
        await asyncio.get_running_loop().subprocess_exec(
            lambda: _ProxyProcess(wire, self), self._shell, "-c", f"exec {self._command}", start_new_session=True
        )
        return wire, wire.connection


class _ProxyProcess(asyncio.SubprocessProtocol):
    """The running ProxyCommand: its pipes are the wire's carrier. Its last words may come after its end of output."""

    def __init__(self, wire: Wire, command: Command) -> None:
        self._wire = wire
        self._command = command
        self._process: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = transport
        self._wire.connection_made(self)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._wire.data_received(data)
        else:
            self._command.said = (self._command.said + data)[-_STDERR_KEPT_BYTES:]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._wire.connection_lost, exc)

    def write(self, data: bytes) -> None:
        self._process.get_pipe_transport(0).write(data)

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        """End the command and what it started: it leads a process group of its own."""
        if self._process.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.get_pid(), signal.SIGTERM)
        self._process.close()

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default
