"""An operation: a plan being carried out, watched by anybody who likes, recorded in the journal."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Any, TypeVar

from nixtui.operations.events import AnyEvent, LogLine, Note, OperationFinished, WentOn
from nixtui.operations.journal import Intent, Journal, JournalUnavailable
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Consent, Policy, Refused
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.operations.requests import NotNow, Request, Requests

T = TypeVar("T")

REMEMBERED_LINES = 5_000
"""Events kept for panes that open late. A flood of output drops the oldest; the host keeps the whole transcript."""

Subscriber = Callable[[AnyEvent], None]
Clock = Callable[[], float]


class Cancelled(Exception):
    """The user asked to stop; raised out of `Run.unless_cancelled`, where the job then leaves things in order."""


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class Run:
    """What a job gets to do its work with: where to tell, the time, whether to go on, what is asked of it meanwhile.

    While `going` is not set, nothing new is begun.
    """

    operation: str
    plan: Plan
    tell: Subscriber
    clock: Clock
    cancelling: asyncio.Event
    requests: Requests = field(default_factory=Requests)
    going: asyncio.Event = field(default_factory=_set)

    async def unless_cancelled(self, work: Awaitable[T], *, once: asyncio.Event | None = None) -> T:
        """The result of `work`, or `Cancelled` as soon as somebody asks to stop; `work` is then cancelled itself.

        With `once`, stopping waits until that event is set: up to there `work` must not be left alone.
        """
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._asked_to_stop(once))
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Cancelled
        finally:
            stop.cancel()
            task.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def _asked_to_stop(self, once: asyncio.Event | None) -> None:
        if once is not None:
            await once.wait()
        await self.cancelling.wait()


Job = Callable[[Run], Coroutine[Any, Any, Report]]
"""The work itself. It reports what became of every target and raises only for what nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with the work that carries it out. Nothing has begun; `identity` names the operation it would be.

    `known` is what one decides by, as lines by target, where whoever made the plan found that out. `follows` is the
    operation that led to it, which it goes on with.
    """

    identity: str
    plan: Plan
    job: Job
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    follows: "Operation | None" = None

    def begin(self, clock: Clock = time) -> "Operation":
        """The operation that carries it out, once it is run."""
        return Operation(self.identity, self.plan, self.job, clock=clock, follows=self.follows)


class Operation:
    """Runs one plan once. `report` is `None` until it ended; `events` are those so far, for whoever comes late.

    One that `follows` another has the same id and goes on in the same record: what was done led to this plan.
    """

    def __init__(
        self, identity: str, plan: Plan, job: Job, *, clock: Clock = time, follows: "Operation | None" = None
    ) -> None:
        self.id = identity
        self.plan = plan
        self.report: Report | None = None
        self.started_at: float | None = None
        self.events: deque[AnyEvent] = deque(follows.events if follows else (), maxlen=REMEMBERED_LINES)
        self._job = job
        self._clock = clock
        self._follows = follows
        self._cancelling = asyncio.Event()
        self._going = _set()
        self._requests = Requests()
        self._subscribers: list[Subscriber] = []

    @property
    def is_running(self) -> bool:
        """True between consent and report."""
        return self.started_at is not None and self.report is None

    @property
    def is_cancelling(self) -> bool:
        """True once somebody asked to stop; the operation may still be putting things in order."""
        return self._cancelling.is_set()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every event from now on; the result ends that. One that raises is not called again."""
        self._subscribers.append(subscriber)
        return lambda: self._unsubscribe(subscriber)

    def cancel(self) -> None:
        """Ask to stop. What was begun is brought to an end that the report then tells."""
        self._cancelling.set()

    @property
    def is_paused(self) -> bool:
        """True while no further target is begun because somebody asked for that."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Begin no further target for now. What was begun goes on to its end."""
        if self.is_running and not self.is_paused:
            self._going.clear()
            self._tell(Note(at=self._clock(), text="paused by the operator: no further target is begun"))

    def resume(self) -> None:
        """Go on."""
        if self.is_paused:
            self._going.set()
            self._tell(Note(at=self._clock(), text="the operator lets it go on"))

    def why_not(self, target: str, request: Request) -> str | None:
        """Why this cannot be asked of one target now; `None` when it can."""
        return self._requests.why_not(target, request) if self.is_running else "the operation has ended"

    def ask(self, target: str, request: Request) -> None:
        """Ask something of one target; recorded. Raises `NotNow`."""
        if not self.is_running:
            raise NotNow("the operation has ended")
        self._requests.ask(target, request)
        self._tell(Note(at=self._clock(), target=target, text=f"the operator asks to {request.value}"))

    async def run(self, consent: Consent | None, policy: Policy, journal: Journal) -> Report:
        """Carry the plan out and return what became of it.

        Raises `Refused` when policy does not allow it (recorded, nothing done) and `JournalUnavailable` when the
        intent cannot be written, because what is not recorded is not begun.
        """
        intent = self._intent(consent.reason if consent else None)
        try:
            policy.authorize(self.plan, consent)
        except Refused as refusal:
            try:
                await self.put_on_record(self._all(Outcome.REFUSED, str(refusal)), journal, intent.reason)
            except JournalUnavailable as error:
                refusal.add_note(str(error))  # nothing is done either way; what was asked for is answered
            raise
        await self._record(intent, journal)
        self.started_at = intent.started_at
        unsubscribe = self.subscribe(lambda event: journal.append(self.id, event))
        try:
            self.report = await self._work()
        finally:
            unsubscribe()
        try:
            await journal.finish(self.report, self._clock())
        except JournalUnavailable as error:
            # What was done was done; the next start finds the record open and asks the hosts again.
            self._tell(Note(at=self._clock(), text=str(error)))
        self._tell(OperationFinished(at=self._clock(), report=self.report))
        return self.report

    async def put_on_record(self, report: Report, journal: Journal, reason: str | None = None) -> None:
        """That it ended like this without anything having been begun. Raises `JournalUnavailable`."""
        await self._record(self._intent(reason), journal)
        await journal.finish(report, self._clock())

    def _intent(self, reason: str | None) -> Intent:
        began = self._follows.started_at if self._follows is not None else None
        return Intent(self.id, self.plan, reason, self._clock() if began is None else began)

    async def _record(self, intent: Intent, journal: Journal) -> None:
        if self._follows is None:
            await journal.begin(intent)
            return
        went_on = WentOn(at=self._clock(), before=self._follows.plan, report=self._follows.report)
        await journal.go_on(intent, went_on)
        self._tell(went_on)

    async def _work(self) -> Report:
        """A job that breaks ends as `unknown`, never as nothing.

        One that is torn down (`CancelledError`) leaves its record open, so that the next start asks the hosts.
        """
        run = Run(self.id, self.plan, self._tell, self._clock, self._cancelling, self._requests, self._going)
        try:
            return await self._job(run)
        except Exception as error:
            self._tell(LogLine(at=self._clock(), text=f"{type(error).__name__}: {error}"))
            return self._all(Outcome.UNKNOWN, f"nixtui failed in the middle: {type(error).__name__}: {error}")

    def _all(self, outcome: Outcome, detail: str) -> Report:
        targets = tuple(
            TargetReport(name=target.name, outcome=outcome, before=target.before, detail=detail)
            for target in self.plan.targets
        )
        return Report(operation=self.id, outcome=outcome, targets=targets)

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)

    def _tell(self, event: AnyEvent) -> None:
        """Whoever watches may break, but not what it watches: a job must not end on the way because of a pane."""
        self.events.append(event)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(event)
            except Exception as error:
                self._unsubscribe(subscriber)
                broken = {"message": f"a subscriber of operation {self.id} failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(broken)
