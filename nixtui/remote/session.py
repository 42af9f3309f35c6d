"""One SSH channel with a program at the far end: its output goes to two sinks, its end is a future."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import asyncssh

Sink = Callable[[bytes], None]


def discard(_received: bytes) -> None:
    """The sink for what nobody wants."""


class Session(asyncssh.SSHClientSession[bytes]):
    """What asyncssh calls when something happens on a channel.

    `stdout` and `stderr` are where output goes and may be replaced at any time. `ended` is done when the
    channel is closed: with `None`, or with the error that took the whole connection down.
    `exit_status` follows the shell's custom for signals (128 + number).
    """

    def __init__(self) -> None:
        self.stdout: Sink = discard
        self.stderr: Sink = discard
        self.exit_status: int | None = None
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Output came."""
        (self.stderr if datatype == asyncssh.EXTENDED_DATA_STDERR else self.stdout)(data)

    def exit_status_received(self, status: int) -> None:
        """The program exited."""
        self.exit_status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: ARG002
        """The program was killed."""
        self.exit_status = 128 + _signal_number(signal)

    def eof_received(self) -> bool:
        """The program closed its output; it may still read."""
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, or the connection is gone (`exc`)."""
        if not self.ended.done():
            self.ended.set_result(exc)

    def write(self, text: str) -> None:
        """Give the program `text`; lost when the channel is closed."""
        if self.channel is not None and not self.ended.done() and not self.channel.is_closing():
            self.channel.write(text.encode(errors="surrogateescape"))

    def write_eof(self) -> None:
        """Tell the program that no more input comes."""
        if self.channel is not None and not self.ended.done() and not self.channel.is_closing():
            self.channel.write_eof()

    def hang_up(self) -> None:
        """Close the channel without waiting."""
        if self.channel is not None:
            self.channel.abort()


def _signal_number(name: str) -> int:
    number: Any = getattr(signal, f"SIG{name}", 0)
    return int(number)
