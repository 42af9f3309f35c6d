"""A build as an event stream for scripts: one JSON object a line, `event` says what it is. The keys are a contract."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nixtui.builds.derivation import Run, State
from nixtui.builds.summary import as_json, derivation_json
from nixtui.builds.tree import BuildTree
from nixtui.model.system import System
from nixtui.nix.errors import NixError
from nixtui.nix.internal_json import Action, Event, Fact, Result, Start
from nixtui.nix.trace import EvaluationFailed
from nixtui.operations.report import Report, word
from nixtui.remote.output import clean

_OVER = (State.BUILT, State.FAILED, State.FAILED_DEPENDENCY)


def emit(event: str, **values: Any) -> None:
    """One line. Whoever stopped reading does not end the build."""
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def emit_evaluated(host: str, found: System | NixError) -> None:
    """`evaluated`, or `evaluation_failed` with what matters of the trace."""
    if isinstance(found, System):
        emit("evaluated", host=host, drv_path=found.drv_path, out_path=found.out_path)
        return
    position = found.position if isinstance(found, EvaluationFailed) else None
    emit(
        "evaluation_failed",
        host=host,
        reason=found.reason,
        remedy=found.remedy,
        file=position.file if position else None,
        line=position.line if position else None,
        column=position.column if position else None,
        log=list(found.log),
    )


class EventStream:
    """Takes every event after the tree has it: `derivation` when one begins or has ended, `log` for each line."""

    def __init__(self, tree: BuildTree, clock: Callable[[], float]) -> None:
        self._tree = tree
        self._clock = clock
        self._told: dict[str, State] = {}
        self._seen = 0

    def take(self, event: Event) -> None:
        """Something happened."""
        tree = self._tree
        if isinstance(event, Start) and event.type == Action.BUILD:
            self._derivation(str(event.fields[0]) if event.fields else "")
        elif isinstance(event, Result) and event.type == Fact.BUILD_LOG_LINE and event.fields:
            activity = tree.open.get(event.id)
            if activity is not None and isinstance(activity.subject, Run):
                drv_path = activity.subject.derivation.drv_path
                emit("log", drv_path=drv_path, text=clean(str(event.fields[0]))[:4000])
        over = sum(len(tree.by_state[state]) for state in _OVER)
        if over != self._seen:
            self._seen = over
            self.tell_ends()

    def tell_ends(self) -> None:
        """Those that have ended and were not told."""
        for state in _OVER:
            for drv_path in self._tree.by_state[state]:
                if self._told.get(drv_path) is not state:
                    self._derivation(drv_path)

    def _derivation(self, drv_path: str) -> None:
        found = self._tree.derivations.get(drv_path)
        if found is not None:
            self._told[drv_path] = found.state
            emit("derivation", **derivation_json(found, self._clock()))


def emit_summary(report: Report, kind: str, tree: BuildTree | None, exit_code: int) -> None:
    """The last line."""
    counts = as_json(tree, timed=True) if tree is not None else {}
    counts.pop("derivations", None)  # each was an event
    hosts = [
        {
            "name": each.name,
            "outcome": word(each.outcome, kind),
            "detail": each.detail,
            "remedy": each.remedy,
            "seconds": each.seconds,
            "log": list(each.log),
        }
        for each in report.targets
    ]
    outcome = word(report.outcome, kind)
    emit("summary", operation=report.operation, outcome=outcome, exit_code=exit_code, hosts=hosts, **counts)
