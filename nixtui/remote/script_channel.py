"""A script that keeps running on a host: clean lines come out, text goes in."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from nixtui.remote.output import LineSplitter, clean
from nixtui.remote.session import Beginning, Session

HANG_UP_PATIENCE_S: Final = 1.0
"""How long a channel may take to close before we stop waiting for it."""
WINDOW_BYTES: Final = 128 * 2**10
"""What a host may send ahead: 1.3 MB/s over a link of 100 ms, and 128 MiB when 1,000 hosts flood at once."""
_PAUSE_AT: Final = 64 * 2**10
_LINE_OVERHEAD: Final = 64
"""Counted per line besides its length, or empty lines would be free."""
_STDERR_KEPT_BYTES: Final = 4_000


class ScriptChannel:
    """`Channel` over a session; `lines` has one reader."""

    def __init__(self, host: str, session: Session, mark: bytes) -> None:
        self._host = host
        self._session = session
        self._beginning = Beginning(mark, session, lambda: self._receive)
        self._lines: deque[str] = deque()
        self._held = 0
        self._is_paused = False
        self._is_over = False
        self._news = asyncio.Event()
        self._splitter = LineSplitter(self._append)
        self._stderr = b""
        session.stderr = self._keep_stderr
        session.ended.add_done_callback(self._end)

    @property
    def exit_status(self) -> int | None:
        """How the script ended; `None` while it runs, and when the link was lost."""
        return self._session.exit_status

    @property
    def stderr(self) -> str:
        """The last few thousand bytes of standard error, clean."""
        return clean(self._stderr.decode(errors="replace"))

    async def lines(self) -> AsyncIterator[str]:
        """Lines of standard output as they come; ends when the script or the link does.

        Raises `BadAnswer` when the host ended without running the script at all.
        """
        while self._lines or not self._is_over:
            if self._lines:
                yield self._take()
            else:
                self._news.clear()
                await self._news.wait()
        if not self._beginning.is_found and self._session.ended.result() is None:
            raise self._beginning.refusal(self._host, self.stderr)

    def write(self, text: str) -> None:
        """Give the script `text` on its standard input; lost when the channel is closed."""
        self._session.write(text)

    async def close(self) -> None:
        """Hang up and wait, briefly, until the channel is gone."""
        self._session.hang_up()
        await asyncio.wait([self._session.closed], timeout=HANG_UP_PATIENCE_S)

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._held += len(line) + _LINE_OVERHEAD
        self._news.set()

    def _receive(self, received: bytes) -> None:
        self._splitter.feed(received)
        if self._held > _PAUSE_AT and not self._is_paused:
            self._is_paused = True
            self._session.pause()

    def _take(self) -> str:
        line = self._lines.popleft()
        self._held -= len(line) + _LINE_OVERHEAD
        if self._is_paused and self._held < _PAUSE_AT // 2:
            self._is_paused = False
            self._session.resume()
        return line

    def _keep_stderr(self, received: bytes) -> None:
        self._stderr = (self._stderr + received)[-_STDERR_KEPT_BYTES:]

    def _end(self, _ended: object) -> None:
        self._splitter.end()
        self._is_over = True
        self._news.set()
