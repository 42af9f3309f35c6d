"""Waves: a few hosts first, then batches, and a stop when too many fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from math import ceil
from typing import TypeVar

import msgspec

from nixtui.operations.budget import Budget, Tags
from nixtui.operations.events import Note, TargetFinished
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.report import Outcome, TargetReport

T = TypeVar("T")

_log = logging.getLogger(__name__)

Act = Callable[[str], Awaitable[TargetReport]]
"""Does what is to be done to the target of that name and reports."""

Gate = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Looks at the targets of those names; what is wrong, by name, and nothing for those that are well."""

NOT_BEGUN_CANCELLED = "not begun: cancelled by the operator"

_CHANGED = frozenset({Outcome.COMMITTED, Outcome.TESTED})
_NOBODY_VOUCHES = frozenset({Outcome.UNKNOWN, Outcome.FAILED})
_NOT_OUR_FAULT = frozenset({Outcome.UNREACHABLE, Outcome.REFUSED})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How careful a rollout is.

    `canary` hosts go first, alone; then batches of `batch` hosts, or of that share of all hosts when it is a fraction.
    The rollout stops before the next wave as soon as `max_failures` hosts failed; with `revert` the hosts that it has
    changed by then are taken back. `soak` seconds pass between waves. `max_down` hosts at most are acted on at once,
    and of those with the same value of a tag at most `max_down_per` of that tag.
    """

    canary: int = 1
    batch: int | float = 0.25
    max_failures: int = 1
    soak: float = 0.0
    revert: bool = False
    max_down: int | None = None
    max_down_per: Mapping[str, int] = {}


def waves(names: Sequence[T], rules: Rules) -> list[list[T]]:
    """`names` in order, cut into waves. One host, or fewer than the canaries, is one wave."""
    size = ceil(len(names) * rules.batch) if isinstance(rules.batch, float) else rules.batch
    rest = iter(names)
    canaries = list(islice(rest, max(0, rules.canary)))
    cut = [canaries] if canaries else []
    while batch := list(islice(rest, max(1, size))):
        cut.append(batch)
    return cut


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """What a job may hand in beside what it does to each target.

    `tags` are for budgets. `gate` looks at targets after a wave and its soak, and says by name what is wrong with
    which; no further wave begins then. `take_back` takes a target back to where it was before this rollout.
    """

    tags: Tags = {}
    gate: Gate | None = None
    take_back: Act | None = None


async def roll_out(
    cut: Sequence[Sequence[str]], rules: Rules, act: Act, run: Run, more: Rollout | None = None
) -> list[TargetReport]:
    """Act on wave after wave; the hosts of a wave at once, each to its end whatever the others do.

    Goes on only while fewer than `max_failures` failed, at least one host of each wave succeeded, the gate found
    nothing, and nobody asked to stop; the rest is then reported as refused. Hosts that cannot be reached or refuse are
    no failures. While the run is paused no host is begun.
    """
    return await _Waves(rules, act, run, more or Rollout()).go(cut)


class _Waves:
    """One rollout under way."""

    def __init__(self, rules: Rules, act: Act, run: Run, more: Rollout) -> None:
        self._rules = rules
        self._act_on = act
        self._run = run
        self._more = more
        self._budget = Budget(more.tags, rules.max_down, rules.max_down_per)
        self._reports: list[TargetReport] = []
        self._stop: str | None = None
        self._failed: list[str] = []
        self._gated: Mapping[str, str] = {}

    async def go(self, cut: Sequence[Sequence[str]]) -> list[TargetReport]:
        for number, wave in enumerate(cut, start=1):
            if number > 1 and self._stop is None:
                self._stop = await self._why_stop(cut[number - 2], number)
            if self._stop is not None:
                self._reports.extend(_tell(self._run, _left_out(name, self._stop)) for name in wave)
                continue
            if len(cut) > 1:
                self._note(f"wave {number} of {len(cut)}: {', '.join(wave)}")
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(name)) for name in wave]
            self._reports.extend(task.result() for task in tasks)
        if cut and self._stop is None and not self._run.cancelling.is_set():  # the last wave has to pass as well
            await self._by_gate("the end")
        if self._rules.revert and self._too_many_failed and not self._run.cancelling.is_set():
            await self._take_all_back()
        return self._reports

    @property
    def _too_many_failed(self) -> bool:
        return len(self._failed) >= max(1, self._rules.max_failures)

    async def _one(self, name: str) -> TargetReport:
        try:
            await self._run.unless_cancelled(self._run.going.wait())
        except Cancelled:
            return _tell(self._run, _left_out(name, NOT_BEGUN_CANCELLED))
        async with self._budget.room_for(name) as never:
            if never is not None:
                return _tell(self._run, _left_out(name, f"not begun: {never}"))
            if self._budget.is_limited and (stop := self._by_failures()) is not None:  # it waited for room meanwhile
                return _tell(self._run, _left_out(name, stop))
            report = await _act(self._act_on, name, self._run)
            if _is_failure(report):
                self._failed.append(name)
            if report.outcome in _NOBODY_VOUCHES:
                self._budget.lose(name)
            return report

    async def _why_stop(self, before: Sequence[str], number: int) -> str | None:
        """Why the wave of this number does not begin; waits for the soak and for whoever paused."""
        if (stop := self._by_reports(len(before))) is not None:
            return stop
        try:
            if self._rules.soak:
                self._note(f"{self._rules.soak:g} s pause before wave {number}")
                await self._run.unless_cancelled(asyncio.sleep(self._rules.soak))
            if not self._run.going.is_set():
                self._note(f"paused before wave {number}")
                await self._run.unless_cancelled(self._run.going.wait())
            return await self._run.unless_cancelled(self._by_gate(f"wave {number}"))
        except Cancelled:
            return NOT_BEGUN_CANCELLED

    def _by_failures(self) -> str | None:
        if self._run.cancelling.is_set():
            return NOT_BEGUN_CANCELLED
        if self._too_many_failed:
            return f"not begun: the rollout stopped after {', '.join(self._failed)} failed"
        return None

    def _by_reports(self, last_wave: int) -> str | None:
        if (stop := self._by_failures()) is not None:
            return stop
        if not any(each.outcome.is_success for each in self._reports[-last_wave:]):
            return "not begun: no host of the wave before proved it"
        return None

    async def _by_gate(self, what: str) -> str | None:
        well = [each.name for each in self._reports if each.outcome in _CHANGED]
        if self._more.gate is None or not well:
            return None
        self._note(f"gate before {what}: {', '.join(well)}")
        problems = await self._more.gate(well)
        for name, problem in problems.items():
            self._run.tell(Note(at=self._run.clock(), target=name, text=f"the gate is closed: {problem}"))
        self._gated = problems
        self._failed += problems
        self._reports = [
            msgspec.structs.replace(
                each, outcome=Outcome.FAILED, detail=f"it runs the new system, but {problems[each.name]}"
            )
            if each.name in problems
            else each
            for each in self._reports
        ]
        return f"not begun: the gate is closed by {', '.join(problems)}" if problems else None

    async def _take_all_back(self) -> None:
        """Every host that this rollout changed, at once, each under its own guard."""
        take_back = self._more.take_back
        changed = [each.name for each in self._reports if each.outcome in _CHANGED or each.name in self._gated]
        if take_back is None or not changed:
            return
        why = f"the rollout failed on {', '.join(self._failed)}"
        self._note(f"{why}; {', '.join(changed)} go back")
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_act(take_back, name, self._run)) for name in changed}
        self._reports = [
            _taken_back(each, tasks[each.name].result(), why) if each.name in tasks else each for each in self._reports
        ]

    def _note(self, text: str) -> None:
        self._run.tell(Note(at=self._run.clock(), text=text))


def _taken_back(forward: TargetReport, back: TargetReport, why: str) -> TargetReport:
    """One report of both ways: going back that succeeded is a revert, and anything else is worse than either."""
    if back.outcome.is_success:
        return msgspec.structs.replace(forward, outcome=Outcome.REVERTED, detail=f"taken back: {why}", log=())
    return msgspec.structs.replace(
        forward,
        outcome=Outcome.FAILED,
        detail=f"{why}, and going back did not work ({back.outcome.value}): {back.detail}",
        remedy=back.remedy,
        log=back.log,
    )


async def _act(act: Act, name: str, run: Run) -> TargetReport:
    try:
        report = await act(name)
    except Exception as error:  # a bug met on one host must neither stop the others nor hide what became of them
        _log.exception("acting on %s failed", name)
        detail = f"nixtui failed in the middle: {type(error).__name__}: {error}"
        remedy = "the host goes back by itself unless it was committed; look at it"
        report = TargetReport(name=name, outcome=Outcome.UNKNOWN, detail=detail, remedy=remedy)
    return _tell(run, report)


def _tell(run: Run, report: TargetReport) -> TargetReport:
    run.tell(TargetFinished(at=run.clock(), target=report.name, report=report))
    return report


def _is_failure(report: TargetReport) -> bool:
    return not report.outcome.is_success and report.outcome not in _NOT_OUR_FAULT


def _left_out(name: str, why: str) -> TargetReport:
    return TargetReport(name=name, outcome=Outcome.REFUSED, detail=why)
