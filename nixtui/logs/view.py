"""What of the lines is looked at: which host's, from where, and what is looked for in them. Knows no widget."""

from bisect import bisect_left, bisect_right

from nixtui.logs.buffer import LogBuffer, Selected, Sieve
from nixtui.logs.line import Kind, LogLine, order_of


class LogView:
    """The rows of a screen over a buffer. The cursor is the order of a line, so that late lines never move it.

    While `following` it stays on the last row; otherwise `unseen` counts what came since. While `paused` the rows
    stand still and the buffer goes on.
    """

    def __init__(self, buffer: LogBuffer) -> None:
        self.buffer = buffer
        self.only: str | None = None
        self.cursor = 0
        self.following = True
        self.paused = False
        self.unseen = 0
        self.needle = ""
        self._rows = Selected()
        self._found = Selected(_nothing)
        self.sync()

    @property
    def rows(self) -> list[LogLine]:
        """The lines that are shown."""
        return self._rows.lines

    @property
    def found(self) -> list[LogLine]:
        """Those of them that have what is looked for."""
        return self._found.lines

    @property
    def cursor_row(self) -> int:
        """The row of the cursor, or of the line after where it was."""
        rows = self.rows
        return min(bisect_left(rows, self.cursor, key=order_of), len(rows) - 1) if rows else 0

    @property
    def current(self) -> LogLine | None:
        """The line under the cursor."""
        return self.rows[self.cursor_row] if self.rows else None

    def sync(self) -> bool:
        """Take over what came; false when nothing that is shown changed."""
        if self.paused:
            return False
        change = self.buffer.take_change()
        if change.first is None and not change.trimmed:
            return False
        came = self._rows.follow(self.buffer.lines, change)
        if self.needle:
            self._found.follow(self.rows, change)
        if self.following:
            self._to_end()
        else:
            self.unseen += came
        return True

    def renew(self, buffer: LogBuffer) -> None:
        """Another buffer from now on; what is looked at and for stays."""
        self.buffer = buffer
        buffer.take_change()
        self._rebuild()

    def show_only(self, host: str | None) -> None:
        """The lines of one host, or of all."""
        self.only = host
        self._rebuild()

    def pause(self) -> None:
        """Stand still."""
        self.paused = True

    def resume(self) -> None:
        """Catch up with everything that came meanwhile."""
        self.paused = False
        before = len(self.rows)
        self.buffer.take_change()
        self._rebuild()
        if not self.following:
            self.unseen += max(0, len(self.rows) - before)

    def move(self, rows: int) -> None:
        """Move the cursor. At the last row it follows from then on; away from it, it does not."""
        if self.rows:
            self.go_to_row(min(max(self.cursor_row + rows, 0), len(self.rows) - 1))

    def go_to_row(self, row: int) -> None:
        """Put the cursor on a row."""
        if self.rows:
            self.cursor = self.rows[row].order
            self.follow(row == len(self.rows) - 1)

    def follow(self, following: bool) -> None:
        """Stay at the end from now on, or where the cursor is."""
        self.following = following
        if following:
            self._to_end()

    def search(self, needle: str) -> int:
        """Look for a text, in either case when it has no capitals; returns how many lines have it."""
        narrower = bool(self.needle) and self.needle in needle and self.needle.islower() == needle.islower()
        among = self.found if narrower else self.rows
        self.needle = needle
        self._found = Selected(_with(needle) if needle else _nothing)
        self._found.rebuild(among)
        return len(self.found)

    def go_to_found(self, *, later: bool, here: bool = False) -> str | None:
        """To the next line with the text, or the one before; round the end, and says so. `here` counts as well."""
        found = self.found
        if not found:
            return None
        if later:
            place = (bisect_left if here else bisect_right)(found, self.cursor, key=order_of)
        else:
            place = (bisect_right if here else bisect_left)(found, self.cursor, key=order_of) - 1
        wrapped = not 0 <= place < len(found)
        self.cursor = found[place % len(found)].order
        self.follow(bool(self.rows) and self.cursor == self.rows[-1].order and self.following)
        return "round" if wrapped else "found"

    @property
    def found_number(self) -> int:
        """Which of the lines with the text the cursor is on, from 1; 0 for none of them."""
        place = bisect_left(self.found, self.cursor, key=order_of)
        return place + 1 if place < len(self.found) and self.found[place].order == self.cursor else 0

    def _rebuild(self) -> None:
        only = self.only
        self._rows = Selected(list if only is None else _of_host(only))
        self._rows.rebuild(self.buffer.lines)
        if self.needle:
            self._found = Selected(_with(self.needle))
            self._found.rebuild(self.rows)
        if self.following:
            self._to_end()

    def _to_end(self) -> None:
        self.unseen = 0
        if self.rows:
            self.cursor = self.rows[-1].order


def _with(needle: str) -> Sieve:
    """The lines that have a text in their message or unit. In loops: a call per line costs four times that."""
    fold = needle == needle.lower()

    def sieve(lines: list[LogLine]) -> list[LogLine]:
        units = {unit for unit in {line.unit for line in lines} if needle in (unit.lower() if fold else unit)}
        if units:
            said = [
                line
                for line in lines
                if line.unit in units or needle in (line.message.lower() if fold else line.message)
            ]
        elif fold:
            said = [line for line in lines if needle in line.message.lower()]
        else:
            said = [line for line in lines if needle in line.message]
        return said[1:] if said and said[0].kind is Kind.DROPPED else said

    return sieve


def _of_host(host: str) -> Sieve:
    return lambda lines: [line for line in lines if line.host == host or not line.host]


def _nothing(_: list[LogLine]) -> list[LogLine]:
    return []
