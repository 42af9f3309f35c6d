"""One piece of work on one host, followed to its end over as many connections as that takes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from nixtui.model.host import Host
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.plan import Plan
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.operations.rollout import Rules, roll_out
from nixtui.remote import upkeep
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.transport import Reach, Transport
from nixtui.remote.upkeep import Ended, Line, Order, Refusal

REJOIN_EVERY_S = 1.0
REJOIN_GRACE_S = 60.0
"""How long after its limit a silent host is still asked what it did, before the answer is `unknown`."""

STEPS: Mapping[str, str] = {
    "delete": "deleting generations",
    "menu": "writing the boot menu",
    "collect": "collecting garbage",
    "optimise": "looking for equal files",
    "verify": "reading every path",
    "watch": "watching it",
    "start": "starting",
    "stop": "stopping",
    "restart": "restarting",
}
"""The script's words for its steps, as people read them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the host told: facts by word, how it ended (`None`: nobody knows), and whether we asked it to stop.

    `problem` is why the host could not be asked; with `begun` the work may have been done nevertheless.
    """

    facts: Mapping[str, list[str]]
    end: Ended | Refusal | None
    log: tuple[str, ...]
    problem: RemoteError | None = None
    begun: bool = False
    cancelled: bool = False

    def last(self, word: str) -> str | None:
        """The last value of a fact."""
        values = self.facts.get(word)
        return values[-1] if values else None

    def number(self, word: str) -> int | None:
        """The last value of a fact that counts something."""
        text = self.last(word) or ""
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@dataclass(slots=True)
class HostWork:
    """Use once. `counts` is what progress is counted in."""

    host: Host
    order: Order
    reach: Reach
    run: Run
    counts: str = "paths"
    tell: Narrator = field(init=False)
    _facts: dict[str, list[str]] = field(init=False, default_factory=dict)
    _heard: int = field(init=False, default=0)
    _started: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _total: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.tell = Narrator(self.run, self.host.name)

    async def work(self) -> Told:
        """Have it done. Raises nothing: what is told is what the host says."""
        self.tell.begin("connecting")
        try:
            async with self.reach(self.host) as transport:
                self.tell.end(True)
                self.tell.begin("locked")
                end, cancelled = await self._followed(transport, upkeep.begin(transport, self.order, self._hear))
                return await self._told(transport, end, cancelled)
        except ElevationFailed as error:
            return self._lost(error, begun=False)
        except RemoteError as error:
            if self.tell.step == "connecting":
                return self._lost(error, begun=False)
            return await self._rejoin(error)

    async def _followed(
        self, transport: Transport, following: Awaitable[Ended | Refusal]
    ) -> tuple[Ended | Refusal, bool]:
        """To its end, or, when somebody asks to stop, to where it was stopped."""
        try:
            return await self.run.unless_cancelled(following, once=self._started), False
        except Cancelled:
            self.tell.note("stopping: what was begun is ended where it is")
            await upkeep.stop(transport, self.order.operation)
            return await upkeep.follow(transport, self.order, self._heard, self._hear), True

    async def _told(self, transport: Transport, end: Ended | Refusal, cancelled: bool) -> Told:
        if isinstance(end, Ended):
            with suppress(RemoteError):  # the next operation there clears it away
                await upkeep.release(transport, self.order.operation)
        return Told(self._facts, end, tuple(self.tell.lines), begun=self._started.is_set(), cancelled=cancelled)

    async def _rejoin(self, error: RemoteError) -> Told:
        """The host goes on without us: connect again and follow the same work."""
        self.tell.note(f"{error.reason}; the host goes on by itself, connecting again")
        until = self.run.clock() + (self.order.limit if self._started.is_set() else 0) + REJOIN_GRACE_S
        while self.run.clock() < until:
            await asyncio.sleep(REJOIN_EVERY_S)
            try:
                async with self.reach(self.host) as transport:
                    following = upkeep.follow(transport, self.order, self._heard, self._hear)
                    end, cancelled = await self._followed(transport, following)
                    return await self._told(transport, end, cancelled)
            except RemoteError as again:
                error = again
            if self.run.cancelling.is_set():
                break
        return self._lost(error, begun=True)

    def _lost(self, error: RemoteError, *, begun: bool) -> Told:
        return Told(self._facts, None, tuple(self.tell.lines), problem=error, begun=begun)

    def _hear(self, line: Line) -> None:
        match line.word:
            case "swept":
                self.tell.note(f"cleared away what operation {line.rest.partition(' ')[0]} left here")
                return
            case "started":
                self._began()
                return
        self._heard += 1  # of its transcript, which begins after `started`
        if not self._started.is_set():  # the link was lost before we heard of it
            self._began()
        match line.word:
            case "log":
                self.tell.output(line.rest)
            case "said":
                self.tell.output(line.rest)
                self._keep(line)
            case "step":
                self.tell.end(True)
                self.tell.begin(STEPS.get(line.rest, line.rest))
            case "progress" if line.rest.isdecimal():
                self._progress(int(line.rest))
                self._facts["progress"] = [line.rest]
            case _:
                self._keep(line)

    def _began(self) -> None:
        self._started.set()
        self.tell.end(True)

    def _keep(self, line: Line) -> None:
        values = self._facts.setdefault(line.word, [])
        if len(values) < 200:
            values.append(line.rest)
        if line.word == "total" and line.rest.isdecimal():
            self._total = int(line.rest)

    def _progress(self, done: int) -> None:
        step = self.tell.step or "working"
        self.run.tell(
            Progress(
                at=self.run.clock(), target=self.host.name, step=step, done=done, total=self._total, unit=self.counts
            )
        )


Judge = Callable[[Told], TargetReport]


def unfinished(told: Told, report: TargetReport, *, unit: str, now: float) -> TargetReport | None:
    """The report where the work did not come to its own end: refused, never reached, died, lost out of sight.

    `report` has the name; `None` when it did end and the job has to judge what it did.
    """

    def ended(outcome: Outcome, detail: str, remedy: str | None = None) -> TargetReport:
        return TargetReport(
            name=report.name, outcome=outcome, before=report.before, detail=detail, remedy=remedy, log=told.log
        )

    match told.end:
        case Refusal(word, detail):
            return ended(Outcome.REFUSED, *_explain(word, detail, now))
        case None if not told.begun:
            outcome = Outcome.FAILED if isinstance(told.problem, ElevationFailed) else Outcome.UNREACHABLE
            reason = told.problem.reason if told.problem else "it was not reached"
            return ended(outcome, f"{reason}; nothing was done", told.problem.remedy if told.problem else None)
        case None:
            reason = told.problem.reason if told.problem else "the link was lost"
            return ended(Outcome.UNKNOWN, f"{reason}; it may still be at it", f"there: systemctl status {unit}")
        case Ended(None, "gone") if not told.begun:
            return ended(Outcome.UNREACHABLE, "the link was lost before it began; nothing was done", "try again")
        case Ended(None, "gone"):
            return ended(Outcome.UNKNOWN, "the host has no record of it any more (rebooted?)", "look at the host")
    return None


def _explain(word: str, detail: str, now: float) -> tuple[str, str | None]:
    if word == "locked":
        operation, _, rest = detail.partition(" ")
        since, _, operator = rest.partition(" ")
        age = f", {_age(now - float(since))} ago" if since.isdecimal() and len(since) < 13 else ""
        who = f"{operator or 'somebody'} is changing this host with operation {operation}{age}"
        return f"{who}; nothing was done", "wait for it, then try again"
    remedies = {"busy": "try again when it ended", "room": "free room on /run and try again"}
    return f"{detail}; nothing was done", remedies.get(word)


def _age(seconds: float) -> str:
    seconds = max(0, round(seconds))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


async def in_waves(run: Run, plan: Plan, rules: Rules, act: Callable[[str], Awaitable[TargetReport]]) -> Report:
    """Act on the plan's targets wave by wave, and report on all of them."""
    left_out = [
        TargetReport(name=row.name, outcome=row.refused_as, before=row.before, detail=row.refused)
        for row in plan.targets
        if row.refused is not None
    ]
    numbers = sorted({row.wave for row in plan.acting_on})
    cut = [[row.name for row in plan.acting_on if row.wave == number] for number in numbers]
    done = await roll_out(cut, rules, act, run)
    by_name = {report.name: report for report in left_out + done}
    reports = tuple(by_name[row.name] for row in plan.targets)
    return Report(
        operation=run.operation,
        outcome=overall(report.outcome for report in reports),
        targets=reports,
        interrupted=run.cancelling.is_set(),
    )
