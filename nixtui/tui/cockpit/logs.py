"""What the Logs screen asks of the rest of nixtui."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nixtui.logs.line import LogLine
from nixtui.logs.query import LogQuery
from nixtui.logs.tail import LogTail


class Logs(Protocol):
    """Journals of hosts. A tail belongs to the cockpit and goes on when another screen is in front."""

    def follow(self, hosts: Sequence[str], query: LogQuery, kept: Sequence[LogLine] = ()) -> LogTail:
        """Begin to follow these hosts; `kept` are lines of before that are still wanted."""
        ...

    def leave(self, tail: LogTail) -> None:
        """End it."""
        ...

    async def record(self, host: str, cursor: str) -> Sequence[tuple[str, str]]:
        """Every field of one entry, asked from the host. Raises what people read."""
        ...

    async def save(self, lines: Sequence[LogLine], hosts: Sequence[str]) -> Path:
        """Write lines to a new file and tell where. Raises `OSError`."""
        ...
