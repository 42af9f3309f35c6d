"""The build tree: what a stream of events says about derivations and transfers, at every moment and in the end.

It reads no file and no clock of its own: .drv files, existing outputs and the time are handed in. Applying an event
costs some microseconds, so a screen applies them in slices and draws in between.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final

from nixtui.builds.derivation import Derivation, Run, State
from nixtui.builds.errors import MAX_ERROR, Errors
from nixtui.builds.failure import Failure
from nixtui.builds.log import BuildLogs
from nixtui.builds.planned import PlannedLists
from nixtui.builds.transfer import Transfer
from nixtui.builds.transfers import Transfers, looks_complete, settle
from nixtui.builds.worker import Worker
from nixtui.model.store_path import is_store_path
from nixtui.nix.derivation_file import Drv
from nixtui.nix.internal_json import Action, Event, Fact, Message, Result, Start, Stop, Text
from nixtui.remote.output import clean, said

MAX_DERIVATIONS: Final = 100_000
"""A NixOS system from nothing has some 30,000; a stream that names more is not a build any more."""

MAX_OPEN: Final = 50_000
"""Activities at once; the oldest are forgotten."""

MAX_WORKERS: Final = 1_000

Exists = Callable[[str], bool]
"""Whether a store path is valid here. It is asked once per output, when its build stops."""

_WORK: Final = frozenset(
    (Action.COPY_PATH, Action.FILE_TRANSFER, Action.BUILD, Action.SUBSTITUTE, Action.FETCH_TREE, Action.QUERY_PATH_INFO)
)
"""What is not begun any more once an error has ended the build."""


class Open:
    """An activity that runs."""

    __slots__ = ("subject", "type")

    def __init__(self, kind: int, subject: Run | Transfer | Derivation | None) -> None:
        self.type = kind
        self.subject = subject


class BuildTree:
    """Apply events, look at what became of it; `finish` when the process has ended or the stream has.

    `derivations` is in the order they were heard of, `by_state` in which they came into that state. `wanted` are those
    whose .drv file would tell what they need: read some and hand them to `learn`, if there are such files.
    """

    def __init__(self, *, logs: BuildLogs | None = None, exists: Exists | None = None) -> None:
        self.derivations: dict[str, Derivation] = {}
        self.transfers = Transfers()
        self.by_state: dict[State, dict[str, Derivation]] = {state: {} for state in State}
        self.logs = logs or BuildLogs()
        self.errors = Errors()
        self.planned = PlannedLists()
        self.wanted: deque[str] = deque()
        self.open: OrderedDict[int, Open] = OrderedDict()  # whose oldest goes at once, unlike a dict's
        self.workers: dict[int, Worker[Run, Transfer]] = {}
        self.evaluated = 0
        self.expected = 0
        """Derivations that Nix expected to build at some time, by its own count."""
        self.events = 0
        self.realised = False
        self.now = 0.0
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.exit_code: int | None = None
        self.succeeded: bool | None = None
        """Known when finished; still `None` then where a stream says nothing about it."""
        self._exists = exists
        self._resolved: dict[str, str] = {}
        self._heard = False
        """A builder has printed something since the last error, so that did not end all builds."""
        self._nameless: str | None = None
        self._unnamed: Derivation | None = None
        self._awaited: dict[str, list[Derivation]] = {}

    def apply(self, event: Event, now: float) -> None:
        """Take one event in, at a time in seconds. Never raises, whatever the event says."""
        self.now = now
        if isinstance(event, Text):
            self._text(event)
            return
        if self.started_at is None:
            self.started_at = now
        self.events += 1
        if isinstance(event, Result):
            self._result(event)
        elif isinstance(event, Stop):
            self._stop(event.id)
        elif isinstance(event, Start):
            self._start(event)
        elif isinstance(event, Message):
            self._message(event)

    def learn(self, drv_path: str, drv: Drv) -> None:
        """What a .drv file says: inputs, outputs, and the package's name for looking up past builds."""
        derivation = self.derivations.get(drv_path)
        if derivation is None or derivation.is_learnt:
            return
        derivation.is_learnt = True
        derivation.outputs = tuple(path for path in drv.outputs.values() if path)
        derivation.package = drv.pname or derivation.package
        for path in drv.inputs:
            if needed := self.derivations.get(path):
                derivation.needs.append(needed)
                needed.needed_by.append(derivation)
            else:
                self._awaited.setdefault(path, []).append(derivation)
        if derivation.state is State.RUNNING:
            for run in derivation.runs:
                self._see_what_ended(self._worker(run.id), run.id >> 32)

    def finish(self, exit_code: int | None, now: float) -> None:
        """Nothing more will come. Without an exit status (a recorded stream) it is worked out from the stream."""
        from nixtui.builds.outcome import conclude  # it knows the tree

        self.now = now
        self.finished_at = now
        self.exit_code = exit_code
        conclude(self)
        self.logs.flush()

    def derivation(self, drv_path: str) -> Derivation | None:
        """The node of a derivation, made when it is new; `None` where there are too many, or it is no store path."""
        drv_path = self._resolved.get(drv_path, drv_path)
        found = self.derivations.get(drv_path)
        if found is None and drv_path.endswith(".drv") and is_store_path(drv_path):
            if len(self.derivations) >= MAX_DERIVATIONS:
                return None
            found = Derivation(drv_path, len(self.derivations), self.logs.of(drv_path))
            self.derivations[drv_path] = self.by_state[State.PLANNED][drv_path] = found
            self.wanted.append(drv_path)
            for dependent in self._awaited.pop(drv_path, ()):
                dependent.needs.append(found)
                found.needed_by.append(dependent)
        return found

    def turn(self, derivation: Derivation, state: State) -> None:
        """Give a derivation another state."""
        if derivation.state is state:
            return
        del self.by_state[derivation.state][derivation.drv_path]
        self.by_state[state][derivation.drv_path] = derivation
        derivation.state = state
        if state.is_over and derivation.stopped_at is None and derivation.started_at is not None:
            derivation.stopped_at = self.now

    def count(self, state: State) -> int:
        """How many derivations are in a state."""
        return len(self.by_state[state])

    @property
    def planned_builds(self) -> int:
        """How many derivations it is about: those that were named, or as many as Nix expected (2.8 names none)."""
        known = self.planned.builds or self.planned.downloads or self.succeeded
        expected = 0 if known else self.expected - len(self._resolved)
        return max(len(self.derivations), expected)

    def credit(self, run: Run) -> None:
        """A run is known to have built what it set out to."""
        run.credited = True
        worker = self._worker(run.id)
        worker.builds.given += 2 if run.resolved else 1
        derivation = run.derivation
        if derivation.state in (State.RUNNING, State.FAILED) and not derivation.is_building:
            derivation.reason = None
            self.turn(derivation, State.BUILT)

    # Starting

    def _start(self, event: Start) -> None:
        kind = event.type
        subject: Run | Transfer | Derivation | None = None
        if kind in _WORK:
            self.errors.survived()
        if kind == Action.BUILD:
            subject = self._build(event)
        elif kind in (Action.SUBSTITUTE, Action.COPY_PATH, Action.FILE_TRANSFER):
            subject = self.transfers.start(event, self.now)
        elif kind == Action.BUILD_WAITING:
            subject = self._waits(event)
        elif kind == Action.POST_BUILD_HOOK:
            subject = self.derivation(event.word(0))
        elif kind in (Action.REALISE, Action.BUILDS):
            self.realised = True
        elif kind == Action.COPY_PATHS and event.text:
            kind = -1  # of a copy; the one without words is the worker's, which counts substitutions
        if len(self.open) >= MAX_OPEN:
            self.open.popitem(last=False)
        self.open[event.id] = Open(kind, subject)

    def _build(self, event: Start) -> Run | None:
        drv_path = event.word(0)
        derivation = self.derivation(drv_path)
        if derivation is None:
            return None
        again = not derivation.is_building
        if again:
            derivation.attempts += 1
            derivation.started_at, derivation.stopped_at = self.now, None
            derivation.phase = derivation.reason = derivation.exit_code = None
            derivation.machine = ""
            derivation.runs = []
        elif len(derivation.runs) > 16:
            derivation.runs = derivation.runs[-8:]
        derivation.waits_for = None
        derivation.machine = said(event.word(1)) or derivation.machine
        run = Run(event.id, derivation, resolved=drv_path in self._resolved)
        derivation.runs.append(run)
        self.turn(derivation, State.RUNNING)
        return run

    def _waits(self, event: Start) -> Derivation | None:
        derivation = self.derivation(event.word(0))
        if derivation is None:
            return None
        resolved = event.word(1)
        if is_store_path(resolved) and resolved != derivation.drv_path and len(self._resolved) < MAX_DERIVATIONS:
            self._resolved[resolved] = derivation.drv_path
        elif derivation.state is State.PLANNED:
            derivation.waits_for = said(event.text)
        return derivation

    # Going on

    def _result(self, event: Result) -> None:
        activity = self.open.get(event.id)
        if activity is None or not event.fields:
            return
        subject, kind = activity.subject, event.type
        if kind == Fact.BUILD_LOG_LINE:
            if type(subject) is Run:
                subject.derivation.log.append(str(event.fields[0]))
                self._heard = True
        elif kind == Fact.POST_BUILD_LOG_LINE:
            if type(subject) is Derivation:
                subject.log.note(f"post-build-hook: {event.fields[0]}")
        elif kind == Fact.PROGRESS:
            self._progress(event, activity)
        elif kind == Fact.SET_PHASE and type(subject) is Run:
            subject.derivation.phase = said(str(event.fields[0]))[:40]

    def _progress(self, event: Result, activity: Open) -> None:
        counts = [each if isinstance(each, int) else 0 for each in event.fields[:4]] + [0, 0, 0]
        if type(activity.subject) is Transfer:
            activity.subject.progress(counts[0], counts[1])
        elif activity.type == Action.BUILDS:
            worker = self._worker(event.id)
            before = worker.builds.done.total
            worker.builds.done.update(event.id, counts[0])
            if worker.builds.done.total > before:
                self._see_what_ended(worker, event.id >> 32)
            worker.failed.update(event.id, counts[3])
            if self.expected < counts[1] < MAX_DERIVATIONS and (counts[0] or counts[2]):  # else it may be substituted
                self.expected = counts[1]
            if worker.builds.waiting:
                self._settle_builds(worker)
        elif activity.type == Action.COPY_PATHS:
            worker = self._worker(event.id)
            worker.downloads.done.update(event.id, counts[0])
            settle(worker.downloads)

    def _message(self, event: Message) -> None:
        text = event.msg
        if text.startswith("evaluating file '"):
            self.evaluated += 1
        elif event.level == 0 and (failure := self.errors.take(_bounded(text))):
            self._failure(failure)
        else:
            self._plan(self.planned.take(text))

    def _text(self, event: Text) -> None:
        text = clean(event.text)
        if failure := self.errors.take_line(text):
            self._failure(failure)
        self._plan(self.planned.take(text))

    def _plan(self, paths: Iterable[str]) -> None:
        for drv_path in paths:
            self.derivation(drv_path)

    def _failure(self, failure: Failure) -> None:
        self._heard = False
        known = self.derivations.get(self._resolved.get(failure.drv_path, failure.drv_path))
        if not failure.sure and (known is None or known.state is not State.RUNNING):
            self._nameless = failure.reason
            if self._unnamed is not None and self._unnamed.reason is None:
                self._unnamed.reason, self._nameless = failure.reason, None
            return
        derivation = known or self.derivation(failure.drv_path)
        if derivation is None:
            return
        if failure.of_dependency:
            if derivation.state is not State.FAILED:
                derivation.reason = failure.reason
                self.turn(derivation, State.FAILED_DEPENDENCY)
            return
        self._nameless = None
        if derivation.state is not State.FAILED or derivation.reason is None:
            derivation.reason = failure.reason
            derivation.exit_code = failure.exit_code
        self.turn(derivation, State.FAILED)
        for run in derivation.runs:
            self._blame(run)
            if run in (suspects := self._worker(run.id).suspects):
                suspects.remove(run)
        derivation.wanted_hash = failure.wanted_hash or derivation.wanted_hash
        derivation.got_hash = failure.got_hash or derivation.got_hash

    # Stopping

    def _stop(self, activity_id: int) -> None:
        activity = self.open.pop(activity_id, None)
        if activity is None:
            return
        subject = activity.subject
        if type(subject) is Run:
            self._build_stopped(subject)
        elif type(subject) is Transfer:
            self.transfers.stop(subject, self._worker(activity_id).downloads, self.now)
        elif activity.type in (Action.BUILDS, Action.COPY_PATHS):
            worker = self._worker(activity_id)
            for counter in (worker.builds.done, worker.failed, worker.downloads.done):
                counter.close(activity_id)

    def _build_stopped(self, run: Run) -> None:
        run.stopped = True
        derivation = run.derivation
        if not derivation.is_building:
            derivation.stopped_at = self.now
        if derivation.state is not State.RUNNING:
            return
        worker = self._worker(run.id)
        if self._exists is not None and derivation.outputs and all(map(self._exists, derivation.outputs)):
            self.credit(run)
            return
        if not worker.builds.done.said and (self._heard or not self.errors.is_fatal):
            self.credit(run)  # a Nix that does not count: it went well, or an error will say that it did not
            return
        worker.builds.waiting.append(run)
        self._settle_builds(worker)
        if not run.credited and worker.failed.total > worker.failures:
            self._blame(run)
            worker.suspects.append(run)
            if not derivation.is_building:
                derivation.reason, self._nameless = self._nameless, None
                self._unnamed = derivation
                self.turn(derivation, State.FAILED)

    def _see_what_ended(self, worker: Worker[Run, Transfer], pid: int) -> None:
        """Nix may say that an activity stopped only when all is over: what was counted, and is there, has ended.

        Without a sandbox an output is there before it is complete: as long as more are there than were counted, they
        wait.
        """
        counted = worker.builds.done.total - worker.builds.given
        if self._exists is None or not counted:
            return
        found: list[Run] = []
        for derivation in self.by_state[State.RUNNING].values():
            runs = [run for run in derivation.runs if not run.stopped]
            ours = len(runs) == 1 and runs[0].id >> 32 == pid and not runs[0].credited
            if ours and derivation.outputs and all(map(self._exists, derivation.outputs)):
                found += runs
        if len(found) <= counted:
            for run in found:
                run.stopped = True
                self.credit(run)

    def _blame(self, run: Run) -> None:
        """A run is one of those that Nix counts as failed; if it was taken for a good one, another one is."""
        worker = self._worker(run.id)
        if not run.blamed:
            run.blamed = True
            worker.failures += 1
        if run.credited:
            run.credited = False
            worker.builds.given -= 2 if run.resolved else 1
            self._settle_builds(worker)

    def _settle_builds(self, worker: Worker[Run, Transfer]) -> None:
        while (run := worker.builds.take(_wants_credit)) is not None:
            self.credit(run)

    def _worker(self, activity_id: int) -> Worker[Run, Transfer]:
        pid = activity_id >> 32
        worker = self.workers.get(pid)
        if worker is None:
            if len(self.workers) >= MAX_WORKERS:
                pid = next(iter(self.workers))
                return self.workers[pid]
            worker = self.workers[pid] = Worker(looks_complete)
        return worker


def _bounded(text: str) -> str:
    """Beginning and end of a message, clean; a trace can be very long."""
    if len(text) > 2 * MAX_ERROR:
        text = f"{text[:MAX_ERROR]}\n…\n{text[-MAX_ERROR:]}"
    return clean(text)


def _wants_credit(run: Run) -> bool:
    """Not when its derivation was begun anew: what was lost on a machine must not take the credit of what follows."""
    return run in run.derivation.runs and run.derivation.state is State.RUNNING
