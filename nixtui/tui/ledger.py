"""An operation as far as it has told: its events added up into where every target stands."""

from collections import deque
from collections.abc import Iterable

import msgspec

from nixtui.operations.events import (
    AnyEvent,
    Countdown,
    LogLine,
    Note,
    OperationFinished,
    Progress,
    StepFinished,
    StepStarted,
    TargetFinished,
    WentOn,
)
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, Report, TargetReport, in_words
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, line

KEPT_LINES = 2_000
"""Output lines per target; the host keeps the whole transcript."""

_OUTCOMES = {
    Outcome.COMMITTED: ("✔", Role.GOOD),
    Outcome.TESTED: ("◒", Role.WARN),
    Outcome.UNCHANGED: ("=", Role.MUTED),
    Outcome.REVERTED: ("↶", Role.WARN),
    Outcome.FAILED: ("✖", Role.BAD),
    Outcome.REFUSED: ("⊘", Role.WARN),
    Outcome.UNREACHABLE: ("✖", Role.BAD),
    Outcome.UNKNOWN: ("?", Role.BAD),
    Outcome.PARTIAL: ("◐", Role.WARN),
}


def outcome_line(outcome: Outcome, rest: str = "", kind: str = "", detail: str | None = None) -> Line:
    """`✔ committed`, `↶ reverted`, `? unknown`; `✔ done` for kinds of operations that commit nothing.

    `detail` is that of a target's report, which tells what was refused from what was not begun.
    """
    glyph, role = _OUTCOMES[outcome]
    return line((f"{glyph} {in_words(outcome, detail, kind)[0]}{rest}", role))


class StepState(msgspec.Struct):
    """One step of one target; `ok` is `None` while it goes on."""

    name: str
    started_at: float
    ok: bool | None = None
    seconds: float | None = None
    detail: str | None = None
    done: float | None = None
    total: float | None = None
    unit: str = ""
    told_at: float = 0.0

    def progress(self, now: float) -> str:
        """`41% 12 s`; of bytes `41% of 4.0 GiB, 228 MiB/s, 12 s left`, which is what one waits for then."""
        waited = f" {units.took(now - self.started_at)}" if now - self.started_at >= 1 else ""
        if self.done is None or not self.total:
            return waited
        share, took = f" {units.percent(self.done / self.total)}", self.told_at - self.started_at
        if self.unit != "bytes" or not self.done or took < 1:
            return share + waited
        speed = self.done / took
        left = max(0.0, (self.total - self.done) / speed - (now - self.told_at))
        return f"{share} of {units.size(self.total)}, {units.size(speed)}/s, {units.took(left)} left"


class TargetState(msgspec.Struct):
    """Where one target stands. `until` is when it goes back by itself; `said` its output, oldest first."""

    target: Target
    kind: str = ""
    steps: list[StepState] = msgspec.field(default_factory=list)
    until: float | None = None
    said: deque[Line] = msgspec.field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    dropped: int = 0
    report: TargetReport | None = None

    @property
    def step(self) -> StepState | None:
        """The step that goes on, or went on last."""
        return self.steps[-1] if self.steps else None

    def hear(self, spans: Line) -> None:
        """Something was said."""
        self.dropped += len(self.said) == KEPT_LINES
        self.said.append(spans)

    def line(self, now: float) -> Line:
        """`locked ✔  armed ✔ 01:21  testing …`, or how it ended."""
        if self.report is not None:
            took = f" in {units.took(self.report.seconds)}" if self.report.seconds is not None else ""
            code = self.report.exit_code if self.kind == "run" and not self.report.outcome.is_success else None
            rest = (f", exit {code}" if code is not None else "") + took
            return outcome_line(self.report.outcome, rest, self.kind, self.report.detail)
        if self.target.refused is not None:
            return line(("⊘ left out", Role.WARN))
        if not self.steps:
            return line((f"waiting for wave {self.target.wave}", Role.FAINT))
        spans: list[Span] = []
        for step in self.steps:
            spans += self._step(step, now)
        return tuple(spans)

    def _step(self, step: StepState, now: float) -> Line:
        left = f" {units.countdown(self.until - now)}" if step.name == "armed" and self.until is not None else ""
        match step.ok:
            case None:
                return line((f"{step.name} …{step.progress(now)}  ", Role.ACCENT))
            case True:
                return line((f"{step.name} ", Role.MUTED), ("✔", Role.GOOD), (left, Role.WARN), "  ")
            case False:
                return line((f"{step.name} ✖  ", Role.BAD))


class Ledger:
    """The state of an operation, event by event."""

    def __init__(self, plan: Plan, events: Iterable[AnyEvent] = ()) -> None:
        self.plan = plan
        self.targets = {target.name: TargetState(target, plan.kind) for target in plan.targets}
        self.said: deque[Line] = deque(maxlen=KEPT_LINES)
        self.report: Report | None = None
        for event in events:
            self.take(event)

    def take(self, event: AnyEvent) -> None:
        """Add one event."""
        match event:
            case OperationFinished():
                self.take_report(event.report)
            case WentOn():
                self._begin_anew()
            case Note():
                self._hear(event.target, line(("· ", Role.ACCENT), (clean(event.text), Role.MUTED)))
            case LogLine():
                self._hear(event.target, line(clean(event.text)))
            case _ if (state := self.targets.get(event.target or "")) is not None:
                _take(state, event)

    def take_report(self, report: Report) -> None:
        """The whole is over; targets that said nothing are told by the report."""
        self.report = report
        for each in report.targets:
            if (state := self.targets.get(each.name)) is not None:
                state.report, state.until = each, None

    def _begin_anew(self) -> None:
        """What comes now is about the plan; up to here it was what led to it, of which what was said stays."""
        self.report = None
        for state in self.targets.values():
            state.steps, state.until, state.report = [], None, None

    def _hear(self, target: str | None, spans: Line) -> None:
        state = self.targets.get(target or "")
        if state is not None:
            state.hear(spans)
        else:
            self.said.append(spans)

    @property
    def soonest(self) -> float | None:
        """When the first of the armed targets goes back by itself."""
        return min((each.until for each in self.targets.values() if each.until is not None), default=None)

    @property
    def ended(self) -> int:
        """Targets that are done with, one way or another."""
        return sum(each.report is not None or each.target.refused is not None for each in self.targets.values())

    def summary(self, now: float) -> Line:
        """One line for the whole: how it ended, or how far it is and the nearest countdown."""
        if self.report is not None:
            return outcome_line(self.report.outcome, kind=self.plan.kind)
        left = self.soonest
        countdown = line(("  goes back in ", Role.MUTED), (units.countdown(left - now), Role.WARN)) if left else EMPTY
        only = next(iter(self.targets.values())) if len(self.targets) == 1 else None
        step = f"{only.step.name} …" if only is not None and only.step is not None else ""
        share = f"{self.ended}/{len(self.targets)} …" if only is None else ""
        return line((step or share or "starting …", Role.ACCENT)) + countdown


def _take(state: TargetState, event: AnyEvent) -> None:
    match event:
        case StepStarted():
            if state.step is not None and state.step.ok is None:  # ended without a word: it went well
                state.step.ok, state.step.seconds = True, event.at - state.step.started_at
            state.steps.append(StepState(event.step, event.at))
            state.hear(line((f"── {event.step} ", Role.FAINT)))
        case StepFinished():
            step = next((each for each in reversed(state.steps) if each.name == event.step), None)
            if step is not None:
                step.ok, step.seconds, step.detail = event.ok, event.seconds, event.detail
            if event.detail:
                glyph = ("✔ ", Role.GOOD) if event.ok else ("✖ ", Role.BAD)
                state.hear(line(glyph, (clean(event.detail), Role.MUTED if event.ok else Role.STRONG)))
        case Progress():
            if state.step is not None and state.step.name == event.step:
                state.step.done, state.step.total = event.done, event.total
                state.step.unit, state.step.told_at = event.unit, event.at
        case Countdown():
            state.until = event.until
        case TargetFinished():
            state.report, state.until = event.report, None
