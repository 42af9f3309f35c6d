"""What a command printed on one host, kept within bounds; and the words of many hosts put together."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from nixtui.operations.report import Outcome, TargetReport

KEPT_BYTES: Final = 32 * 2**10
"""Of one host's output, half from its beginning and half from its end."""

LINE_OVERHEAD: Final = 16
"""Counted per line besides its length, or empty lines would be free."""


class Output:
    """Takes lines in; `lines` is what is kept, with a line in the middle that says what was dropped.

    That line carries a digest of everything, so that two hosts that differ only there are not taken for the same.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._half = kept_bytes // 2
        self._head: list[str] = []
        self._head_bytes = 0
        self._tail: deque[str] = deque()
        self._tail_bytes = 0
        self._digest = blake2b(digest_size=4)
        self._dropped = self._dropped_bytes = 0

    def take(self, line: str) -> bool:
        """One more line; false when it is beyond what is kept from the beginning."""
        self._digest.update(line.encode(errors="replace") + b"\n")
        size = len(line) + LINE_OVERHEAD
        if not self._tail and self._head_bytes + size <= self._half:
            self._head.append(line)
            self._head_bytes += size
            return True
        self._tail.append(line)
        self._tail_bytes += size
        while self._tail_bytes > self._half:
            gone = self._tail.popleft()
            self._tail_bytes -= len(gone) + LINE_OVERHEAD
            self._dropped += 1
            self._dropped_bytes += len(gone) + 1
        return False

    @property
    def lines(self) -> tuple[str, ...]:
        """What is kept."""
        if not self._dropped:
            return (*self._head, *self._tail)
        size = f"{self._dropped_bytes / 1024:.0f} KiB"
        said = f"… {self._dropped:,} lines ({size}) dropped here; digest of all {self._digest.hexdigest()} …"
        return (*self._head, said, *self._tail)


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts on which a command ended alike and said the same. `detail` explains where there is no exit code."""

    hosts: tuple[str, ...]
    outcome: Outcome
    exit_code: int | None
    detail: str | None
    output: tuple[str, ...]

    @property
    def heading(self) -> str:
        """`12 hosts, exit 0`, `1 host, unreachable`."""
        count = f"{len(self.hosts)} host{'s' if len(self.hosts) != 1 else ''}"
        return f"{count}, exit {self.exit_code}" if self.exit_code is not None else f"{count}, {self.outcome.value}"


def grouped(reports: Iterable[TargetReport]) -> Sequence[Group]:
    """Reports by identical end and output, the odd ones first: what failed, then what few hosts say."""
    found: dict[tuple[Outcome, int | None, str | None, tuple[str, ...]], list[str]] = {}
    for each in reports:
        detail = None if each.exit_code is not None and each.outcome.is_success else each.detail
        found.setdefault((each.outcome, each.exit_code, detail, each.log), []).append(each.name)
    groups = [
        Group(tuple(hosts), outcome, code, detail, output) for (outcome, code, detail, output), hosts in found.items()
    ]
    return sorted(groups, key=lambda group: (group.outcome.is_success, len(group.hosts)))
