"""A build on standard output of CI, or of whoever has no terminal: lines that stay true, each with its time.

Quiet while all goes well: what is built, and now and then that it still goes on. Complete when it does not: the last
lines of each failed build, and all of its failures in a list, at the very end where people look first.
"""

from collections.abc import Callable
from typing import Final

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.durations import span
from nixtui.builds.transfer import Way
from nixtui.builds.tree import BuildTree
from nixtui.nix.internal_json import Action, Event, Start

EXTRACT: Final = 25
"""Lines of a failed build's log; Nix itself shows ten, which people complain about most (nix #2420)."""

MOST_EXTRACTS: Final = 20
STILL_AT_IT_S: Final = 30.0
"""CI systems end jobs that say nothing, after some minutes; people lose faith sooner."""


class PlainText:
    """Takes every event after the tree has it, and writes lines. `clock` is in seconds, as the tree's times."""

    def __init__(self, tree: BuildTree, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tree = tree
        self._write = write
        self._clock = clock
        self._began = self._last = clock()
        self._told: dict[str, State] = {}
        self._planned = False
        self._seen_over = 0

    def take(self, event: Event) -> None:
        """Something happened."""
        if isinstance(event, Start) and event.type == Action.BUILD:
            self._tell_plan()
        tree = self._tree
        over = sum(len(tree.by_state[state]) for state in (State.BUILT, State.FAILED, State.FAILED_DEPENDENCY))
        if over != self._seen_over:
            self._seen_over = over
            self._tell_ends()
        self.tick()

    def tick(self) -> None:
        """Time goes by; says that it goes on when nothing was said for long."""
        if self._clock() - self._last < STILL_AT_IT_S:
            return
        tree = self._tree
        running = sorted(tree.by_state[State.RUNNING].values(), key=lambda each: each.started_at or 0.0)
        what = ", ".join(f"{each.name} {span(each.seconds(self._clock()) or 0.0)}" for each in running[:3])
        more = f" and {len(running) - 3} more" if len(running) > 3 else ""
        done = f"{tree.count(State.BUILT)} of {tree.planned_builds} built"
        self._line(f"{done}; building {what}{more}" if running else f"{done}; waiting for nix")

    def end(self) -> None:
        """The tree is finished."""
        self._tell_ends()
        for line in closing_lines(self._tree):
            self._write(line)

    def _tell_plan(self) -> None:
        if self._planned:
            return
        self._planned = True
        tree = self._tree
        fetched = len(tree.planned.downloads)
        also = f", {fetched} paths to fetch" if fetched else ""
        self._line(f"{tree.planned_builds} derivations to build{also}")

    def _tell_ends(self) -> None:
        for state in (State.BUILT, State.FAILED, State.FAILED_DEPENDENCY):
            fresh = []
            for each in reversed(self._tree.by_state[state].values()):
                if self._told.get(each.drv_path) is state:
                    break
                fresh.append(each)
            for each in reversed(fresh):
                self._told[each.drv_path] = state
                self._line(_ended(each, self._clock()))

    def _line(self, text: str) -> None:
        self._last = self._clock()
        self._write(f"[{span(self._last - self._began):>6}] {text}")


def closing_lines(tree: BuildTree, *, timed: bool = True) -> list[str]:
    """What there is to say at the end: one line when it went well, and everything that helps when it did not."""
    lines: list[str] = []
    if not tree.succeeded:
        failed = list(tree.by_state[State.FAILED].values())
        for each in failed[:MOST_EXTRACTS]:
            lines += _extract(each)
        named = {each.drv_path for each in failed} | set(tree.by_state[State.FAILED_DEPENDENCY])
        for text in tree.errors.texts:
            if not any(drv_path in text for drv_path in named):
                lines += ["", *text.split("\n")]
        if failed:
            lines += ["", f"{len(failed)} failed:", *(line for each in failed for line in _failed(each))]
        dependents = list(tree.by_state[State.FAILED_DEPENDENCY].values())
        if dependents:
            lines += [
                f"{len(dependents)} not built, as a dependency failed:",
                *(f"  {each.name}" for each in dependents),
            ]
    return [*lines, verdict(tree, timed=timed)]


def verdict(tree: BuildTree, *, timed: bool = True) -> str:
    """One line: how it ended, and what was done."""
    counts = [(tree.count(State.BUILT), "built"), (tree.count(State.FAILED), "failed")]
    counts.append((tree.count(State.FAILED_DEPENDENCY), "not built for a failed dependency"))
    counts.append((tree.count(State.CUT_OFF), "cut off"))
    counts.append((tree.transfers.count(Way.DOWNLOAD), "downloaded"))
    counts.append((tree.transfers.count(Way.COPY), "copied"))
    nothing = "nothing to do" if tree.succeeded else "nothing was done"
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or nothing
    took = ""
    if timed and tree.started_at is not None and tree.finished_at is not None:
        took = f" in {span(tree.finished_at - tree.started_at)}"
    word = {True: "succeeded", False: "failed", None: "unknown how it ended"}[tree.succeeded]
    return f"{word}: {said}{took}"


def _ended(derivation: Derivation, now: float) -> str:
    seconds = derivation.seconds(now)
    took = f" in {span(seconds)}" if seconds is not None else ""
    where = f" on {derivation.machine}" if derivation.machine else ""
    match derivation.state:
        case State.FAILED:
            return f"{derivation.name} FAILED{where}{took}: {derivation.reason or 'no reason given'}"
        case State.FAILED_DEPENDENCY:
            return f"{derivation.name} not built: a dependency failed"
        case _:
            return f"{derivation.name} built{where}{took}"


def _extract(derivation: Derivation) -> list[str]:
    shown = derivation.log.last(EXTRACT)
    if not shown:
        return []
    count = derivation.log.count
    which = f"last {len(shown)} of {count:,} lines" if count > len(shown) else f"all {count} lines"
    return ["", f"{derivation.name}, {which}:", *(f"  {line}" for line in shown)]


def _failed(derivation: Derivation) -> list[str]:
    phase = f" in {derivation.phase}" if derivation.phase else ""
    where = f" on {derivation.machine}" if derivation.machine else ""
    lines = [f"  {derivation.name}: {derivation.reason or 'no reason given'}{phase}{where}"]
    if derivation.got_hash:
        lines += [f"    specified {derivation.wanted_hash or 'nothing'}", f"    got       {derivation.got_hash}"]
    return lines
