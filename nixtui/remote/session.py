"""One SSH channel with a program at the far end: its output goes to two sinks, its end is a future."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

import asyncssh

from nixtui.remote.errors import BadAnswer
from nixtui.remote.output import said

_GREETING_KEPT_BYTES: Final = 500
_GREETING_MAX_BYTES: Final = 8 * 2**20
"""No login shell greets at such length: the host floods, and listening to it costs a core."""

Sink = Callable[[bytes], None]


def discard(_received: bytes) -> None:
    """The sink for what nobody wants."""


class Session(asyncssh.SSHClientSession[bytes]):
    """What asyncssh calls when something happens on a channel.

    `stdout` and `stderr` are where output goes and may be replaced at any time. `ended` is done when the program
    ended or we hung up: with `None`, or with the error that took the whole connection down. `closed` is done when the
    host has closed the channel, too, which after a hang-up it does only when the program has ended.
    `exit_status` follows the shell's custom for signals (128 + number). `failure` is what a sink raised. `early` is the
    beginning of what came before anybody set `stdout`.
    """

    def __init__(self) -> None:
        self.early = b""
        self.stdout: Sink = self._keep_early
        self.stderr: Sink = discard
        self.exit_status: int | None = None
        self.failure: Exception | None = None
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Exception | None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self._channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Output came. What a sink raises ends this channel, where asyncssh would end the whole connection."""
        try:
            (self.stderr if datatype == asyncssh.EXTENDED_DATA_STDERR else self.stdout)(data)
        except Exception as error:
            self.failure = error
            self.hang_up()

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
        self._end(exc)
        if not self.closed.done():
            self.closed.set_result(None)

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
        self._end(None)

    def _keep_early(self, received: bytes) -> None:
        self.early = (self.early + received)[:_GREETING_KEPT_BYTES]

    def _end(self, cause: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(cause)


class Beginning:
    """Finds where a program's own output begins: login shells greet from their startup files.

    `receive` is the session's stdout until the mark comes; then `begun` says where the rest goes.
    """

    def __init__(self, mark: bytes, session: Session, begun: Callable[[], Sink]) -> None:
        self._mark = mark
        self._session = session
        self._begun = begun
        self._tail = b""
        self._greeting = b""
        self._greeted_bytes = 0
        self.is_found = False
        session.stdout = self.receive
        if session.early:
            self.receive(session.early)

    def receive(self, received: bytes) -> None:
        """Output before the mark, or with it."""
        before, hit, rest = (self._tail + received).partition(self._mark)
        if not hit:
            self._greeting = (self._greeting + received)[:_GREETING_KEPT_BYTES]
            self._tail = before[1 - len(self._mark) :]
            self._greeted_bytes += len(received)
            if self._greeted_bytes > _GREETING_MAX_BYTES:
                self._session.hang_up()
            return
        self.is_found = True
        self._session.stdout = self._begun()
        if rest:
            self._session.stdout(rest)

    def refusal(self, host: str, stderr: str) -> BadAnswer:
        """The program ended and its mark never came: what a restricted login said instead."""
        if self._greeted_bytes > _GREETING_MAX_BYTES:
            return BadAnswer(host, "it floods us with garbage before it runs anything", "look at its startup files")
        words = said(f"{self._greeting.decode(errors='replace')} {stderr}")
        return BadAnswer(
            host,
            f"it did not run the script (exit status {self._session.exit_status}): {words or 'it says nothing'}",
            "may this login run commands? (nologin, ForceCommand, a login shell that is not there)",
        )


def _signal_number(name: str) -> int:
    return getattr(signal.Signals, f"SIG{name}", 0)
