"""What builders print: the last lines in memory, all of them in a file each.

A build may print for hours. Memory holds so many characters for all derivations together and no more; whose log was
not written to for longest gives its lines up first, of which the file still has every one.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nixtui.model.store_path import is_store_path, short_name
from nixtui.remote.output import clean

KEPT_LINES: Final = 1_000
"""In memory, of one derivation: more than the extract of an error needs, and some screens to scroll back."""

MAX_LINE: Final = 4_000
"""Characters; a longer line is cut, in the file as well."""

MAX_KEPT: Final = 32 * 2**20
"""Characters in memory, of all derivations together."""

_LINE_COST: Final = 60
"""What an empty line costs in memory, about."""

_WRITE_AT: Final = 64 * 2**10
"""Characters of one derivation that may wait for being written to its file."""


class BuildLog:
    """The log of one derivation. `count` is how many lines its builder printed, `tail` the last ones of all."""

    __slots__ = ("_kept", "_logs", "_unwritten", "_unwritten_size", "count", "name", "tail")

    def __init__(self, logs: "BuildLogs", name: str) -> None:
        self._logs = logs
        self.name = name
        self.count = 0
        self.tail: deque[str] = deque()
        self._kept = 0
        self._unwritten: list[str] = []
        self._unwritten_size = 0

    @property
    def path(self) -> Path | None:
        """The file with all lines, if there is one."""
        return self._logs.path_of(self.name)

    def append(self, text: str) -> None:
        """One more line, as the builder printed it."""
        self.count += 1
        self.note(text)

    def note(self, text: str) -> None:
        """A line that is not the builder's own: of a hook that runs after it."""
        line = clean(text[: 2 * MAX_LINE])[:MAX_LINE].rstrip().replace("\n", " ")
        cost = len(line) + _LINE_COST
        self.tail.append(line)
        self._kept += cost
        if len(self.tail) > KEPT_LINES:
            gone = len(self.tail.popleft()) + _LINE_COST
            self._kept -= gone
            cost -= gone
        self._unwritten.append(line)
        self._unwritten_size += len(line) + 1
        if self._unwritten_size > _WRITE_AT:
            self.write()
        self._logs.grown(self, cost)

    def write(self) -> None:
        """Put what waits into the file."""
        if self._unwritten:
            self._logs.write(self.name, self._unwritten)
            self._unwritten = []
            self._unwritten_size = 0

    def forget(self) -> int:
        """Give the lines in memory up; returns what that freed."""
        self.write()
        freed, self._kept = self._kept, 0
        self.tail.clear()
        return freed

    def last(self, most: int) -> list[str]:
        """The last lines, at most so many; from the file when memory has none."""
        if not self.tail:
            return self._logs.read_last(self.name, most)
        return list(self.tail)[-most:]

    def lines(self) -> Iterator[str]:
        """All lines from the file, or those in memory where there is no file."""
        self.write()
        path = self.path
        if path is None:
            yield from self.tail
            return
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                yield line.removesuffix("\n")


class BuildLogs:
    """The logs of one build. Without a directory there are no files, and what memory gives up is gone.

    A directory that cannot be written to (a full disk) is given up with one `trouble`, and the build goes on.
    """

    def __init__(self, directory: Path | None = None, max_kept: int = MAX_KEPT) -> None:
        self.trouble: str | None = None
        self._directory = directory
        self._most = max_kept
        self._kept = 0
        self._written: OrderedDict[str, BuildLog] = OrderedDict()

    def of(self, drv_path: str) -> BuildLog:
        """A log for a derivation."""
        return BuildLog(self, short_name(drv_path) if not is_store_path(drv_path) else drv_path.rpartition("/")[2])

    def path_of(self, name: str) -> Path | None:
        """The file of a derivation's log; a name that is none of a store path has no file."""
        if self._directory is None or not is_store_path(f"/nix/store/{name}"):
            return None
        path = self._directory / f"{name.removesuffix('.drv')}.log"
        return path if path.exists() else None

    def flush(self) -> None:
        """Put everything into the files."""
        for log in self._written.values():
            log.write()

    def grown(self, log: BuildLog, cost: int) -> None:
        """A log has that many more characters in memory; the oldest may have to go."""
        self._kept += cost
        self._written[log.name] = log
        self._written.move_to_end(log.name)
        while self._kept > self._most and len(self._written) > 1:
            _, oldest = self._written.popitem(last=False)
            self._kept -= oldest.forget()

    def write(self, name: str, lines: list[str]) -> None:
        """Append lines to a derivation's file."""
        if self._directory is None or not is_store_path(f"/nix/store/{name}"):
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            path = self._directory / f"{name.removesuffix('.drv')}.log"
            with path.open("a", encoding="utf-8", errors="replace") as file:
                file.write("\n".join(lines) + "\n")
        except OSError as error:
            self.trouble = f"logs are no longer kept in {self._directory}: {error.strerror}"
            self._directory = None

    def read_last(self, name: str, most: int) -> list[str]:
        """The last lines of a derivation's file."""
        path = self.path_of(name)
        if path is None:
            return []
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.removesuffix("\n") for line in deque(file, maxlen=most)]
