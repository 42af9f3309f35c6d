"""One SSH channel with a program at the far end: its output goes to two sinks, its end is a future."""

import asyncio
import signal
from collections.abc import Callable

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
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self._channel = chan

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
        self._channel = None
        if not self.ended.done():
            self.ended.set_result(exc)

    def write(self, text: str) -> None:
        """Give the program `text`; lost when the channel is closed."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(text.encode(errors="surrogateescape"))

    def write_eof(self) -> None:
        """Tell the program that no more input comes."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write_eof()

    def pause(self) -> None:
        """Take no more output: what the window holds still comes, then the program waits."""
        if self._channel is not None:
            self._channel.pause_reading()

    def resume(self) -> None:
        """Take output again."""
        if self._channel is not None:
            self._channel.resume_reading()

    def hang_up(self) -> None:
        """Close the channel without waiting; the program finds its pipes closed, nobody kills it."""
        if self._channel is not None:
            self._channel.abort()


def skip_until(marker: bytes, session: Session, found: Callable[[], None]) -> Sink:
    """A sink that drops what comes before `marker`, calls `found`, and hands what follows to the session's stdout.

    Login shells greet from their startup files; only what comes after the marker is the program's.
    `found` sets `session.stdout`.
    """
    tail = b""

    def receive(received: bytes) -> None:
        nonlocal tail
        _, hit, rest = (tail + received).partition(marker)
        if not hit:
            tail = (tail + received)[-len(marker) :]
            return
        found()
        if rest:
            session.stdout(rest)

    return receive


def _signal_number(name: str) -> int:
    return getattr(signal.Signals, f"SIG{name}", 0)
