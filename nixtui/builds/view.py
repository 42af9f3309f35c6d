"""The rows of the tree that are worth a line: what failed, what runs, and the way to them; what is done is folded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.durations import span
from nixtui.builds.tree import BuildTree

_DEEPEST: Final = 40
"""Levels that are drawn; the way down to a compiler can be longer, and no terminal is wide enough for it."""

GLYPHS: Final = {
    State.FAILED: "✗",
    State.FAILED_DEPENDENCY: "✗",
    State.CUT_OFF: "■",
    State.RUNNING: "▶",
    State.PLANNED: "·",
    State.BUILT: "✓",
}
WORDS: Final = {
    State.FAILED: "failed",
    State.FAILED_DEPENDENCY: "not built: a dependency failed",
    State.CUT_OFF: "cut off",
    State.RUNNING: "building",
    State.PLANNED: "waiting",
    State.BUILT: "built",
}
_ORDER: Final = {state: place for place, state in enumerate(State)}
"""As they are declared: the worst first, what is done last."""


@dataclass(slots=True)
class Row:
    """A derivation and how deep it stands; `folded` counts those inputs that have no row of their own."""

    derivation: Derivation
    depth: int = 0
    folded: dict[State, int] = field(default_factory=dict)

    def text(self, now: float, *, timed: bool = True, typical: float | None = None) -> str:
        """One line, without colours. `typical` is how long such a build usually takes, in seconds."""
        each = self.derivation
        words = [each.reason or WORDS[each.state]] if each.state is not State.RUNNING else []
        if each.state is State.FAILED:
            words = ["failed: " + each.reason if each.reason else "failed"]
        if each.state is State.RUNNING:
            words.append(each.phase or "building")
        elif each.state is State.FAILED and each.phase:
            words.append(f"in {each.phase}")
        if each.machine and each.state in (State.RUNNING, State.FAILED, State.CUT_OFF):
            words.append(f"on {each.machine}")
        if each.waits_for and each.state is State.PLANNED:
            words = [each.waits_for]
        seconds = each.seconds(now) if timed else None
        if seconds is not None:
            words.append(span(seconds))
        if typical is not None and not each.state.is_over:
            words.append(f"(∅ {span(typical)})")
        if self.folded:
            words.append("[" + ", ".join(f"{self.folded[state]} {state_word(state)}" for state in self.folded) + "]")
        return f"{'  ' * self.depth}{GLYPHS[each.state]} {each.name}  {' '.join(words)}"


def state_word(state: State) -> str:
    """A state in a count: `12 built`."""
    return "without a dependency" if state is State.FAILED_DEPENDENCY else WORDS[state]


def rows(tree: BuildTree, most: int) -> list[Row]:
    """At most so many rows: failed ones first and running ones next, each below what needs it, each once."""
    chosen = _chosen(tree, most)
    return _drawn(chosen, most)


def _chosen(tree: BuildTree, most: int) -> dict[str, Derivation]:
    """What gets a row, and the way from it up to what was asked for, as long as there is room."""
    chosen: dict[str, Derivation] = {}
    for derivation in _by_urgency(tree):
        if len(chosen) >= most:
            break
        way = _way_up(derivation, chosen)
        if len(chosen) + len(way) > most:
            way = way[:1]  # without its way it is better than not at all
        chosen.update((each.drv_path, each) for each in way)
    return chosen


def _by_urgency(tree: BuildTree) -> Iterable[Derivation]:
    for state in (State.FAILED, State.RUNNING, State.CUT_OFF, State.FAILED_DEPENDENCY):
        yield from tree.by_state[state].values()  # running: those that run longest came first
    # Of what waits, what the running builds hold up is on the way to them; then what comes next.
    yield from tree.by_state[State.PLANNED].values()


def _way_up(derivation: Derivation, chosen: dict[str, Derivation]) -> list[Derivation]:
    """The derivation and those above it, up to one that has a row already or to the top."""
    way: list[Derivation] = []
    seen: set[str] = set()
    at: Derivation | None = derivation
    while at is not None and at.drv_path not in chosen and at.drv_path not in seen and len(way) < _DEEPEST:
        way.append(at)
        seen.add(at.drv_path)
        above = at.needed_by
        at = next((each for each in above if each.drv_path in chosen), above[0] if above else None)
    return way


def _drawn(chosen: dict[str, Derivation], most: int) -> list[Row]:
    below: dict[str, list[Derivation]] = {}
    tops: list[Derivation] = []
    for derivation in chosen.values():
        parent = next((each for each in derivation.needed_by if each.drv_path in chosen), None)
        if parent is None:
            tops.append(derivation)
        else:
            below.setdefault(parent.drv_path, []).append(derivation)
    urgency = _urgency(chosen)
    drawn: list[Row] = []
    stack = [(each, 0) for each in sorted(tops, key=lambda each: urgency[each.drv_path], reverse=True)]
    placed: set[str] = set()  # files made up by an enemy may go in circles
    while stack and len(drawn) < most:
        derivation, depth = stack.pop()
        if derivation.drv_path in placed:
            continue
        placed.add(derivation.drv_path)
        drawn.append(Row(derivation, min(depth, _DEEPEST), _folded(derivation, chosen)))
        children = sorted(below.get(derivation.drv_path, ()), key=lambda each: urgency[each.drv_path], reverse=True)
        stack.extend((each, depth + 1) for each in children)
    return drawn


def _urgency(chosen: dict[str, Derivation]) -> dict[str, tuple[int, float, int]]:
    """The best of a derivation and everything drawn below it, so that the way to a failure comes before other ways."""
    best: dict[str, tuple[int, float, int]] = {}
    for path, each in chosen.items():
        own = (_ORDER[each.state], each.started_at if each.started_at is not None else float("inf"), each.order)
        at: str | None = path
        seen: set[str] = set()
        while at is not None and at not in seen and (at not in best or own < best[at]):
            seen.add(at)
            best[at] = own
            at = next((above.drv_path for above in chosen[at].needed_by if above.drv_path in chosen), None)
    return best


def _folded(derivation: Derivation, chosen: dict[str, Derivation]) -> dict[State, int]:
    counts: dict[State, int] = {}
    for needed in derivation.needs:
        if needed.drv_path not in chosen:
            counts[needed.state] = counts.get(needed.state, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: _ORDER[item[0]]))
