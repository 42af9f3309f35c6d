"""How long builds took before, kept in the journal's file, for saying how long they will take.

The last ten of a package on a machine count; nom does the same. A table of its own in the same database: one file is
what people back up and move, and its version is its own, so that an older journal can be read beside a newer history.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

import msgspec

from nixtui.builds.derivation import Derivation, State

T = TypeVar("T")

FORMAT: Final = 1
KEPT: Final = 10
"""Builds of a package on a machine that the median is taken of."""

MAX_PACKAGES: Final = 20_000
"""Packages and machines that are remembered; those built longest ago are forgotten."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS formats (part TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS builds (
    package TEXT NOT NULL,
    machine TEXT NOT NULL,
    finished_at REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (package, machine, finished_at)
) WITHOUT ROWID;
"""


class HistoryUnavailable(Exception):
    """The history cannot be read or written; the message says why. No build is stopped for it."""


class PastBuild(msgspec.Struct, frozen=True):
    """One build that went well. `machine` is empty for this one; `finished_at` is Unix seconds."""

    package: str
    machine: str
    finished_at: float
    seconds: float


Typical = dict[tuple[str, str], float]
"""Seconds that a package takes on a machine."""


class BuildHistory:
    """Opens the journal's file in a directory for each call, in a thread; there are two calls in a build."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def typical(self) -> Typical:
        """The median of the last builds, of every package and machine. Raises `HistoryUnavailable`."""
        return await self._call(_medians)

    async def record(self, builds: Iterable[PastBuild]) -> None:
        """Remember builds that went well. Raises `HistoryUnavailable`."""
        rows = [(each.package, each.machine, each.finished_at, each.seconds) for each in builds]
        if rows:
            await self._call(lambda database: _insert(database, rows))

    async def _call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await asyncio.to_thread(self._in_thread, work)
        except (sqlite3.Error, OSError, UnicodeError) as error:
            raise HistoryUnavailable(f"past builds in {self._directory} cannot be used: {error}") from error

    def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / "journal.db"
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as database:
            with self._alone():
                self._prepare(database)
            return work(database)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """As the journal does it: SQLite does not wait where two turn the write-ahead log on at the same time."""
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode = WAL")
        with _transaction(database):
            for statement in filter(str.strip, _SCHEMA.split(";")):
                database.execute(statement)
            database.execute("INSERT OR IGNORE INTO formats VALUES ('builds', ?)", (FORMAT,))
            (version,) = database.execute("SELECT version FROM formats WHERE part = 'builds'").fetchone()
        if version > FORMAT:
            raise HistoryUnavailable(
                f"past builds in {self._directory} were written by a newer nixtui (format {version}, this one knows "
                f"{FORMAT}); estimates are left out"
            )


def finished(derivations: Iterable[Derivation], clock_offset: float) -> list[PastBuild]:
    """Those of a tree that were built, as the history takes them; `clock_offset` makes Unix seconds of its times."""
    return [
        PastBuild(each.package, each.machine, each.stopped_at + clock_offset, each.stopped_at - each.started_at)
        for each in derivations
        if each.state is State.BUILT and each.started_at is not None and each.stopped_at is not None
    ]


def _medians(database: sqlite3.Connection) -> Typical:
    taken: dict[tuple[str, str], list[float]] = {}
    for package, machine, seconds in database.execute("SELECT package, machine, seconds FROM builds"):
        taken.setdefault((package, machine), []).append(seconds)
    return {key: median(each) for key, each in taken.items()}


def _insert(database: sqlite3.Connection, rows: list[tuple[str, str, float, float]]) -> None:
    with _transaction(database):
        database.executemany("INSERT OR REPLACE INTO builds VALUES (?, ?, ?, ?)", rows)
        for package, machine in {row[:2] for row in rows}:
            database.execute(
                "DELETE FROM builds WHERE package = ?1 AND machine = ?2 AND finished_at NOT IN (SELECT finished_at "
                "FROM builds WHERE package = ?1 AND machine = ?2 ORDER BY finished_at DESC LIMIT ?3)",
                (package, machine, KEPT),
            )
        database.execute(
            "DELETE FROM builds WHERE (package, machine) IN (SELECT package, machine FROM builds "
            "GROUP BY package, machine ORDER BY max(finished_at) DESC LIMIT -1 OFFSET ?)",
            (MAX_PACKAGES,),
        )


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
