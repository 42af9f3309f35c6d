"""Waves: a few hosts first, then batches, and a stop when too many fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from math import ceil
from typing import TypeVar

import msgspec

from nixtui.operations.events import Note, TargetFinished
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome, TargetReport

T = TypeVar("T")

_log = logging.getLogger(__name__)

Act = Callable[[str], Awaitable[TargetReport]]
"""Does what is to be done to the target of that name and reports."""

_NOT_OUR_FAULT = frozenset({Outcome.UNREACHABLE, Outcome.REFUSED})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How careful a rollout is.

    `canary` hosts go first, alone; then batches of `batch` hosts, or of that share of all hosts when it is a fraction.
    The rollout stops before the next wave as soon as `max_failures` hosts failed. `soak` seconds pass between waves.
    """

    canary: int = 1
    batch: int | float = 0.25
    max_failures: int = 1
    soak: float = 0.0


def waves(names: Sequence[T], rules: Rules) -> list[list[T]]:
    """`names` in order, cut into waves. One host, or fewer than the canaries, is one wave."""
    size = ceil(len(names) * rules.batch) if isinstance(rules.batch, float) else rules.batch
    rest = iter(names)
    canaries = list(islice(rest, max(0, rules.canary)))
    cut = [canaries] if canaries else []
    while batch := list(islice(rest, max(1, size))):
        cut.append(batch)
    return cut


async def roll_out(cut: Sequence[Sequence[str]], rules: Rules, act: Act, run: Run) -> list[TargetReport]:
    """Act on wave after wave; the hosts of a wave at once, each to its end whatever the others do.

    Goes on only while fewer than `max_failures` failed, at least one host of each wave succeeded, and nobody asked to
    stop; the rest is then reported as refused. Hosts that cannot be reached or refuse are no failures.
    """
    reports: list[TargetReport] = []
    for number, wave in enumerate(cut, start=1):
        if stop := _why_stop(reports, len(cut[number - 2]) if number > 1 else 0, rules, run):
            reports.extend(_tell(run, _left_out(name, stop)) for name in wave)
            continue
        if number > 1 and rules.soak:
            run.tell(Note(at=run.clock(), text=f"{rules.soak:g} s pause before wave {number}"))
            await asyncio.sleep(rules.soak)
        if len(cut) > 1:
            run.tell(Note(at=run.clock(), text=f"wave {number} of {len(cut)}: {', '.join(wave)}"))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_act(act, name, run)) for name in wave]
        reports.extend(task.result() for task in tasks)
    return reports


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


def _why_stop(reports: Sequence[TargetReport], last_wave: int, rules: Rules, run: Run) -> str | None:
    if not reports:
        return None
    if run.cancelling.is_set():
        return "not begun: cancelled by the operator"
    failed = [each.name for each in reports if not each.outcome.is_success and each.outcome not in _NOT_OUR_FAULT]
    if len(failed) >= max(1, rules.max_failures):
        return f"not begun: the rollout stopped after {', '.join(failed)} failed"
    if not any(each.outcome.is_success for each in reports[-last_wave:]):
        return "not begun: no host of the wave before proved it"
    return None


def _left_out(name: str, why: str) -> TargetReport:
    return TargetReport(name=name, outcome=Outcome.REFUSED, detail=why)
