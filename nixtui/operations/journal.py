"""The journal: every operation that was ever begun, in one SQLite file that several nixtui may share.

The intent is on disk before the act begins, so that a crash leaves a record that says what was being done. A record
whose process is gone is *cut off*; whoever starts next may adopt it and find out from the hosts how it ended.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from nixtui.operations.events import AnyEvent, LogLine, Note, Progress, WentOn
from nixtui.operations.plan import Plan
from nixtui.operations.report import Outcome, Report

T = TypeVar("T")

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE operations (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    operator TEXT NOT NULL,
    origin TEXT NOT NULL,
    owner TEXT NOT NULL,
    reason TEXT,
    started_at REAL NOT NULL,
    finished_at REAL,
    outcome TEXT,
    plan BLOB NOT NULL,
    report BLOB
);
CREATE INDEX operations_by_start ON operations (started_at);
CREATE TABLE events (
    operation TEXT NOT NULL REFERENCES operations (id),
    sequence INTEGER NOT NULL,
    event BLOB NOT NULL,
    PRIMARY KEY (operation, sequence)
) WITHOUT ROWID;
"""

_ADD_EVENT = "INSERT INTO events SELECT ?1, coalesce(max(sequence), 0) + 1, ?2 FROM events WHERE operation = ?1"

MAX_OUTPUT = 20_000
"""Lines, notes and progress kept of one operation. What decides (steps, countdowns, reports) comes in dozens."""


class JournalUnavailable(Exception):
    """The journal cannot be opened or written; the message says why and what to do."""


class Intent(msgspec.Struct, frozen=True):
    """What is about to be done. `started_at` is Unix seconds; `reason` is what the operator gave, if asked."""

    operation: str
    plan: Plan
    reason: str | None
    started_at: float


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as the journal has it; without `report` and `finished_at` it still runs, or was cut off."""

    operation: str
    kind: str
    title: str
    operator: str
    origin: str
    owner: str
    reason: str | None
    started_at: float
    finished_at: float | None
    plan: Plan
    report: Report | None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, if it did."""
        return self.report.outcome if self.report else None


class Journal:
    """Opens (and makes) the journal in a directory. All work on the file happens in one thread of its own.

    `operator` and `origin` (who, from which machine) go into every record. Use as an async context manager.
    """

    def __init__(self, directory: Path, *, operator: str, origin: str, token: str) -> None:
        self.operator = operator
        self.origin = origin
        self._directory = directory
        self._token = token
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._pending: dict[str, list[bytes]] = {}
        self._output: dict[str, int] = {}
        self._flush: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._call(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._call(self._close)
        finally:
            self._thread.shutdown(wait=False)

    async def begin(self, intent: Intent) -> None:
        """Put the intent on disk; when this returns, a crash cannot hide it. Raises `JournalUnavailable`."""
        await self._call(lambda: self._insert(intent))

    async def go_on(self, intent: Intent, event: WentOn) -> None:
        """The same operation, which had ended, with another plan: on disk when this returns, and open again.

        What it told before stays, and `event` divides it from what it tells now. Raises `JournalUnavailable`.
        """
        await self._call(lambda: self._reopen(intent, event))

    def append(self, operation: str, event: AnyEvent) -> None:
        """Record an event soon, in order, without waiting; `finish` waits for all of them."""
        if isinstance(event, LogLine | Progress | Note):
            output = self._output[operation] = self._output.get(operation, 0) + 1
            if output > MAX_OUTPUT + 1:
                return
            if output > MAX_OUTPUT:
                event = Note(at=event.at, text="more was told than is recorded here")
        self._pending.setdefault(operation, []).append(msgspec.json.encode(event))
        if self._flush is None or self._flush.done():
            self._flush_soon()

    async def finish(self, report: Report, at: float) -> None:
        """Record how an operation ended, after all of its events. Raises `JournalUnavailable`: both are lost then."""
        if self._flush is not None:
            await asyncio.gather(self._flush, return_exceptions=True)
        try:
            await self._call(lambda: self._update(report, at))
        except JournalUnavailable:
            self._pending.pop(report.operation, None)  # told as lost now, so leaving need not fail again
            raise
        self._output.pop(report.operation, None)

    async def entries(self, *, since: float = 0.0, limit: int = 500) -> list[Entry]:
        """Operations begun since a time, newest first."""
        query = "SELECT * FROM operations WHERE started_at >= ? ORDER BY started_at DESC, rowid DESC LIMIT ?"
        return await self._call(lambda: self._select(query, (since, limit)))

    async def entry(self, prefix: str) -> Entry | None:
        """The one operation whose id begins with `prefix`; `None` when none or several do."""
        query = "SELECT * FROM operations WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2"
        found = await self._call(lambda: self._select(query, (prefix,)))
        return found[0] if len(found) == 1 else None

    async def events(self, operation: str) -> list[AnyEvent]:
        """What an operation told, in order. Events of a newer nixtui that this one does not know are left out."""
        return await self._call(lambda: self._select_events(operation))

    async def cut_off(self) -> list[Entry]:
        """Operations that never ended and whose process is gone, oldest first."""
        query = "SELECT * FROM operations WHERE finished_at IS NULL ORDER BY started_at"
        return await self._call(lambda: [each for each in self._select(query, ()) if self._is_gone(each.owner)])

    async def adopt(self, entry: Entry) -> bool:
        """Take a cut-off operation over; false when it is not, or somebody else was quicker."""
        return await self._call(lambda: self._take_over(entry))

    def _flush_soon(self) -> None:
        self._flush = asyncio.get_running_loop().run_in_executor(self._thread, self._write_pending)
        self._flush.add_done_callback(self._flushed)

    def _flushed(self, flush: asyncio.Future[None]) -> None:
        """Write what was told meanwhile. What could not be written waits for the next event, or for `finish`."""
        if not flush.cancelled() and flush.exception() is None and any(self._pending.values()):
            self._flush_soon()

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError, UnicodeError, msgspec.DecodeError) as error:
            raise JournalUnavailable(
                f"the journal in {self._directory} cannot be used: {error}; free the disk, or mend or move the file "
                "away (nothing is done that is not recorded)"
            ) from error

    # Everything below runs in the journal's own thread.

    def _open(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / "journal.db"
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            with self._alone():
                self._prepare()
            # Held as long as we live; the kernel lets go of it however we die. Survives pid reuse, unlike a pid.
            self._alive = self._owner_file(self._token).open("w")
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self._database.close()
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """SQLite does not wait, whatever its timeout, where two turn the write-ahead log on at the same time."""
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _prepare(self) -> None:
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        # FULL, not NORMAL: in WAL mode NORMAL may lose the last commits in a power cut, and the last one is the intent.
        self._database.execute("PRAGMA synchronous = FULL")
        with self._transaction() as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if version > SCHEMA_VERSION:
            raise JournalUnavailable(
                f"the journal in {self._directory} was written by a newer nixtui (format {version}, this one knows "
                f"{SCHEMA_VERSION}); use that one, or move the file away"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # on a full disk SQLite may have rolled back by itself
                self._database.execute("ROLLBACK")
            raise

    def _close(self) -> None:
        try:
            self._write_pending()
        finally:
            self._database.close()
            self._owner_file(self._token).unlink(missing_ok=True)
            self._alive.close()

    def _owner_file(self, token: str) -> Path:
        return self._directory / f"alive-{token}"

    def _is_gone(self, token: str) -> bool:
        if token == self._token:
            return False
        try:
            with self._owner_file(token).open() as file:
                # Shared: two that look at once must not take each other for the owner.
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def _insert(self, intent: Intent) -> None:
        self._database.execute(
            "INSERT INTO operations (id, kind, title, operator, origin, owner, reason, started_at, plan) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                intent.operation,
                intent.plan.kind,
                intent.plan.title,
                self.operator,
                self.origin,
                self._token,
                intent.reason,
                intent.started_at,
                msgspec.json.encode(intent.plan),
            ),
        )

    def _reopen(self, intent: Intent, event: WentOn) -> None:
        """In one transaction: without the event, what targets told of the plan before would be taken for the end."""
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE operations SET kind = ?, title = ?, reason = ?, plan = ?, owner = ?, "
                "finished_at = NULL, outcome = NULL, report = NULL WHERE id = ? AND finished_at IS NOT NULL",
                (
                    intent.plan.kind,
                    intent.plan.title,
                    intent.reason,
                    msgspec.json.encode(intent.plan),
                    self._token,
                    intent.operation,
                ),
            )
            if changed.rowcount != 1:
                raise sqlite3.IntegrityError(f"it has no operation {intent.operation} that has ended")
            database.execute(_ADD_EVENT, (intent.operation, msgspec.json.encode(event)))

    def _write_pending(self) -> None:
        pending = [(operation, events, len(events)) for operation, events in list(self._pending.items()) if events]
        if not pending:
            return
        with self._transaction() as database:
            for operation, events, count in pending:
                database.executemany(_ADD_EVENT, [(operation, event) for event in events[:count]])
        for _, events, count in pending:
            del events[:count]  # only now: a full disk must not lose them, `finish` tries again

    def _update(self, report: Report, at: float) -> None:
        self._write_pending()
        self._database.execute(
            "UPDATE operations SET finished_at = ?, outcome = ?, report = ? WHERE id = ?",
            (at, report.outcome.value, msgspec.json.encode(report), report.operation),
        )

    def _select(self, query: str, values: Iterable[object]) -> list[Entry]:
        return [_entry(row) for row in self._database.execute(query, tuple(values))]

    def _select_events(self, operation: str) -> list[AnyEvent]:
        query = "SELECT event FROM events WHERE operation = ? ORDER BY sequence"
        found = (_event(row["event"]) for row in self._database.execute(query, (operation,)))
        return [event for event in found if event is not None]

    def _take_over(self, entry: Entry) -> bool:
        if not self._is_gone(entry.owner):
            return False
        changed = self._database.execute(
            "UPDATE operations SET owner = ? WHERE id = ? AND owner = ? AND finished_at IS NULL",
            (self._token, entry.operation, entry.owner),
        )
        self._owner_file(entry.owner).unlink(missing_ok=True)
        return changed.rowcount == 1


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        operation=row["id"],
        kind=row["kind"],
        title=row["title"],
        operator=row["operator"],
        origin=row["origin"],
        owner=row["owner"],
        reason=row["reason"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        plan=msgspec.json.decode(row["plan"], type=Plan),
        report=msgspec.json.decode(row["report"], type=Report) if row["report"] else None,
    )


def _event(encoded: bytes) -> AnyEvent | None:
    try:
        event: AnyEvent = msgspec.json.decode(encoded, type=AnyEvent)
    except msgspec.ValidationError:
        return None
    return event
