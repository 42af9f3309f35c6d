"""What was done to each host last, by whom and how it ended: from the journal and from operations that run now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from nixtui.operations.report import Outcome
from nixtui.tui import units
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, clean, line

if TYPE_CHECKING:
    from nixtui.operations.journal import Entry
    from nixtui.operations.operation import Operation
    from nixtui.operations.plan import Plan
    from nixtui.operations.report import Report

ENTRIES = 100
"""Operations that are read of the journal: enough for what somebody on call still has in mind."""

_DAY_S = 86400


class LastAction(NamedTuple):
    """One operation as one host saw it. `at` (Unix seconds) is when it ended, or began if it goes on; `outcome` is
    `None` while it does, or where nobody knows how it ended."""

    verb: str
    at: float
    outcome: Outcome | None
    operator: str | None = None


class LastActions:
    """By host. Of several operations the one that happened last counts."""

    def __init__(self) -> None:
        self._by_host: dict[str, LastAction] = {}

    def of(self, name: str) -> LastAction | None:
        """What was done to a host last, as far as that was read."""
        return self._by_host.get(name)

    def take(self, entries: Iterable[Entry], begun: Iterable[Operation]) -> frozenset[str]:
        """Learn it anew; returns the hosts for which it is something else now."""
        before, self._by_host = self._by_host, {}
        operators: dict[str, str] = {}
        for entry in entries:
            operators[entry.operation] = entry.operator
            self._learn(entry.plan, entry.report, entry.started_at, entry.finished_at, entry.operator)
        for each in begun:
            if each.started_at is not None:
                self._learn(each.plan, each.report, each.started_at, None, operators.get(each.id))
        names = before.keys() | self._by_host.keys()
        return frozenset(name for name in names if before.get(name) != self._by_host.get(name))

    def _learn(
        self, plan: Plan, report: Report | None, started_at: float, finished_at: float | None, operator: str | None
    ) -> None:
        outcomes = {each.name: each.outcome for each in report.targets} if report else {}
        for target in plan.acting_on:
            known = self._by_host.get(target.name)
            at = finished_at or started_at
            if known is None or known.at <= at:
                self._by_host[target.name] = LastAction(plan.kind, at, outcomes.get(target.name), operator)


def action_line(action: LastAction | None, now: float) -> Line:
    """`rollback 11:02 ok (ops-2)`; older than a day with its age: `rollback 12d ok`."""
    if action is None:
        return (Span(UNKNOWN, Role.FAINT),)
    age = now - action.at
    when = units.clock(action.at, seconds=False).removesuffix("Z") if 0 <= age < _DAY_S else units.age(age)
    who = f" ({clean(action.operator)})" if action.operator else ""
    return line((f"{clean(action.verb)} {when} ", Role.MUTED), _word(action.outcome), (who, Role.MUTED))


def _word(outcome: Outcome | None) -> Span:
    match outcome:
        case None:
            return Span("…", Role.ACCENT)
        case Outcome.COMMITTED:
            return Span("ok", Role.GOOD)
        case Outcome.UNCHANGED:
            return Span("unchanged", Role.MUTED)
        case Outcome.FAILED | Outcome.UNKNOWN | Outcome.UNREACHABLE:
            return Span(outcome.value, Role.BAD)
    return Span(outcome.value, Role.WARN)
