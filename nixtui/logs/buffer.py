"""The lines in memory: in the order of time, so many and no more, with a count of what had to go."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from nixtui.logs.line import Kind, LogLine, order_of

MOST_LINES = 100_000
MOST_CHARACTERS = 64 * 2**20
"""A journal of nothing but stack traces must not fill the memory either."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different since the last look: lines from `first` (an order) on, and whether old ones went."""

    first: int | None
    trimmed: bool


class LogBuffer:
    """Lines sorted by `order`. Adding at the end costs little; late lines are sorted in from where they belong.

    Where lines were dropped, the first one says how many.
    """

    def __init__(self, most_lines: int = MOST_LINES, most_characters: int = MOST_CHARACTERS) -> None:
        self.lines: list[LogLine] = []
        self.dropped = 0
        self._most_lines = most_lines
        self._most_characters = most_characters
        self._characters = 0
        self._first_changed: int | None = None
        self._trimmed = False

    def add(self, batch: list[LogLine]) -> None:
        """Take lines in, in whatever order they came. The list is the buffer's from now on."""
        if not batch:
            return
        batch.sort(key=order_of)
        lines, first = self.lines, batch[0].order
        if lines and first < lines[-1].order:
            place = bisect_left(lines, first, key=order_of)
            batch = lines[place:] + batch
            batch.sort(key=order_of)
            self._characters -= sum([len(line.message) for line in islice(lines, place, None)])
            lines[place:] = batch
        else:
            lines.extend(batch)
        self._characters += sum([len(line.message) for line in batch])
        if self._first_changed is None or first < self._first_changed:
            self._first_changed = first
        if len(lines) > self._most_lines or self._characters > self._most_characters:
            self._trim()

    def take_change(self) -> Change:
        """What is different since the last call; there is one who asks."""
        change = Change(self._first_changed, self._trimmed)
        self._first_changed, self._trimmed = None, False
        return change

    def _trim(self) -> None:
        """Drop a twentieth more than must be: moving the rest up is not for every line."""
        lines = self.lines
        gone = max(0, len(lines) - self._most_lines * 19 // 20)
        characters = sum([len(line.message) for line in islice(lines, gone)])
        while self._characters - characters > self._most_characters * 19 // 20 and gone < len(lines) - 1:
            characters += len(lines[gone].message)
            gone += 1
        self._characters -= characters
        self.dropped += gone - (lines[0].kind is Kind.DROPPED)
        self._trimmed = True
        at = lines[gone].at
        note = f"{self.dropped:,} older lines were dropped: {self._most_lines:,} are kept in memory"
        lines[:gone] = [LogLine(0, at, "", note, kind=Kind.DROPPED)]
        self._characters += len(note)


Sieve = Callable[[list[LogLine]], list[LogLine]]
"""Gives those of some lines that are wanted, as a new list."""


class Selected:
    """The lines of a buffer that somebody wants, kept up with it."""

    def __init__(self, sieve: Sieve = list) -> None:
        self.lines: list[LogLine] = []
        self._sieve = sieve

    def rebuild(self, lines: list[LogLine]) -> None:
        """All anew."""
        self.lines = self._sieve(lines)

    def follow(self, lines: list[LogLine], change: Change) -> int:
        """Take over what changed; returns how many lines came."""
        mine = self.lines
        if change.trimmed and lines:
            first = lines[1].order if len(lines) > 1 else lines[0].order
            mine[: bisect_left(mine, first, key=order_of)] = self._sieve(lines[:1])
        before = len(mine)
        if change.first is not None:
            place = bisect_left(mine, max(change.first, 1), key=order_of)
            del mine[place:]
            mine.extend(self._sieve(lines[bisect_left(lines, max(change.first, 1), key=order_of) :]))
        return len(mine) - before
