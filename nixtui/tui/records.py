"""Operations of this process and of the journal as one list, newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nixtui.operations.plan import Plan
from nixtui.operations.report import Report, in_words
from nixtui.tui import units
from nixtui.tui.ledger import Ledger, outcome_line
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line, said, wrap
from nixtui.tui.widgets.columns import Column

if TYPE_CHECKING:
    from nixtui.operations.journal import Entry
    from nixtui.operations.operation import Operation


@dataclass(frozen=True, slots=True)
class Record:
    """One operation. `operation` is the running object, if it was begun here; times are Unix seconds.

    `is_cut_off` when its process is gone and nobody knows yet how it ended.
    """

    id: str
    plan: Plan
    report: Report | None
    started_at: float
    finished_at: float | None = None
    operator: str | None = None
    origin: str | None = None
    reason: str | None = None
    operation: Operation | None = None
    is_cut_off: bool = False

    def state(self, now: float) -> Line:
        """How it ended, or how far it is."""
        if self.report is not None:
            return outcome_line(self.report.outcome, kind=self.plan.kind)
        if self.operation is not None:
            return Ledger(self.plan, self.operation.events).summary(now)
        return line(("✂ cut off", Role.BAD)) if self.is_cut_off else line(("… runs elsewhere", Role.ACCENT))


def gather(begun: Sequence[Operation], entries: Sequence[Entry], cut_off: Collection[str]) -> list[Record]:
    """Both sources merged by id: the journal knows who and why, the running object how far."""
    running = {each.id: each for each in begun}
    records = [_of_entry(entry, running.pop(entry.operation, None), cut_off) for entry in entries]
    records += [_of_operation(each) for each in running.values() if each.started_at is not None]
    return sorted(records, key=lambda record: record.started_at, reverse=True)


def _of_entry(entry: Entry, operation: Operation | None, cut_off: Collection[str]) -> Record:
    return Record(
        id=entry.operation,
        plan=entry.plan,
        report=entry.report or (operation.report if operation else None),
        started_at=entry.started_at,
        finished_at=entry.finished_at,
        operator=entry.operator,
        origin=entry.origin,
        reason=entry.reason,
        operation=operation,
        is_cut_off=entry.operation in cut_off,
    )


def _of_operation(operation: Operation) -> Record:
    started_at = operation.started_at or 0.0
    return Record(operation.id, operation.plan, operation.report, started_at, operation=operation)


def columns(clock: Callable[[], float]) -> tuple[Column[Record], ...]:
    """The columns of the list."""
    return (
        Column("when", "WHEN (UTC)", 16, lambda row: line((units.moment(row.started_at), Role.MUTED)), 2),
        Column("what", "WHAT", 22, lambda row: (said(row.plan.title, Role.STRONG),), 0, 60),
        Column("state", "RESULT", 13, lambda row: row.state(clock()), 0, 34),
        Column("took", "TOOK", 6, _took, 3, right=True),
        Column("who", "WHO", 8, lambda row: (said(row.operator, Role.MUTED),), 1, 16),
        Column("from", "FROM", 8, lambda row: (said(row.origin, Role.MUTED),), 4, 16),
        Column("id", "ID", 8, lambda row: (said(row.id[:8], Role.FAINT),), 5),
    )


def _took(row: Record) -> Line:
    if row.finished_at is None:
        return line((UNKNOWN, Role.FAINT))
    return line((units.took(row.finished_at - row.started_at), Role.MUTED))


def detail(record: Record, cells: int, now: float) -> list[Line]:
    """One record in full: who, when, why, and every target with what became of it and what was decided by."""
    lines = [record.state(now), EMPTY]
    ended = f" to {units.clock(record.finished_at)}" if record.finished_at is not None else ""
    facts = (
        ("when", f"{units.moment(record.started_at)}{ended}"),
        ("who", f"{record.operator} on {record.origin}" if record.operator else None),
        ("why", record.reason),
        ("operation", record.id),
    )
    lines += [line((name.ljust(11), Role.MUTED), said(value)) for name, value in facts if value]
    if record.is_cut_off:
        lines += [EMPTY, *wrap(_CUT_OFF, cells, Role.WARN)]
    lines.append(EMPTY)
    reports = {each.name: each for each in record.report.targets} if record.report else {}
    for target in record.plan.targets:
        report = reports.get(target.name)
        change = f"  {target.before or UNKNOWN} → {target.after or UNKNOWN}  "
        kind = record.plan.kind
        result = outcome_line(report.outcome, kind=kind, detail=report.detail) if report else EMPTY
        lines.append((said(target.name, Role.STRONG), *line((clean(change), Role.MUTED)), *result))
        explained = (in_words(report.outcome, report.detail, kind)[1] if report else None) or target.refused
        lines += wrap(explained, cells, Role.MUTED, indent="  ") if explained else []
        lines += wrap(f"→ {report.remedy}", cells, Role.ACCENT, indent="  ") if report and report.remedy else []
        for each in target.known:
            lines += wrap(each, cells, Role.FAINT, indent="  ")
    return lines


_CUT_OFF = (
    "The nixtui that did this is gone, and how it ended is not known yet. A host that was armed and not committed goes "
    "back by itself when its time is up. The hosts are asked again and again; what they say will stand here."
)
