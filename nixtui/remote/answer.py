"""What a script that ran to its end has said: collected, bounded, cleaned."""

import asyncio
from collections.abc import Callable
from typing import Final

from nixtui.remote.output import LineSplitter, clean
from nixtui.remote.transport import MAX_ANSWER_BYTES, Completed

_CLEAN_IN_THREAD_BYTES: Final = 256 * 2**10
"""More than this takes longer than a screen may wait (16 MiB of nothing but escapes: seconds)."""


class Answer:
    """Collects both outputs up to `MAX_ANSWER_BYTES` each; `on_line` sees the lines beyond that, too."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._splitter = None if on_line is None else LineSplitter(on_line)
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._is_truncated = False

    def receive_stdout(self, received: bytes) -> None:
        """The session's stdout, from where the script speaks."""
        self._keep(self._stdout, received)
        if self._splitter is not None:
            self._splitter.feed(received)

    def receive_stderr(self, received: bytes) -> None:
        """The session's stderr."""
        self._keep(self._stderr, received)

    async def complete(self, exit_status: int | None) -> Completed:
        """The script ended."""
        if self._splitter is not None:
            self._splitter.end()
        return Completed(exit_status, await _text(self._stdout), await _text(self._stderr), self._is_truncated)

    def _keep(self, kept: bytearray, received: bytes) -> None:
        room = MAX_ANSWER_BYTES - len(kept)
        self._is_truncated |= len(received) > room
        if room > 0:
            kept += received[:room]


async def _text(received: bytearray) -> str:
    if len(received) > _CLEAN_IN_THREAD_BYTES:
        return await asyncio.to_thread(_decode, received)
    return _decode(received)


def _decode(received: bytearray) -> str:
    return clean(received.decode(errors="replace"))
