"""How long it will take: each build by the past ones of its package, the whole by its critical path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.tree import BuildTree

MAX_EDGES: Final = 20_000
"""Looked at for one estimate, some 5 ms; in a larger graph the work that is left tells enough."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """`seconds` is `None` when nothing is known; `unknown` builds have no past and are not in it, so it is a least."""

    seconds: float | None
    unknown: int


class Estimates:
    """`typical` is seconds by package and machine (empty: here), as `BuildHistory` has them."""

    def __init__(self, typical: Mapping[tuple[str, str], float]) -> None:
        self._typical = typical

    def of(self, derivation: Derivation) -> float | None:
        """How long a build usually takes, where it runs; a machine where it never ran may be as fast as this one."""
        here = self._typical.get((derivation.package, ""))
        return self._typical.get((derivation.package, derivation.machine), here)

    def left_of(self, derivation: Derivation, now: float) -> float | None:
        """What is left of it; nothing for one that takes longer than ever, and for one that is over."""
        if derivation.state.is_over:
            return 0.0
        typical = self.of(derivation)
        if typical is None:
            return None
        return max(0.0, typical - (derivation.seconds(now) or 0.0)) if derivation.state is State.RUNNING else typical

    def remaining(self, tree: BuildTree, now: float) -> Remaining:
        """The whole build: no less than its longest chain, and no less than what is left shared by what runs now."""
        running = tree.by_state[State.RUNNING]
        pending = {**running, **tree.by_state[State.PLANNED]}
        left = {path: self.left_of(each, now) for path, each in pending.items()}
        known = [each for each in left.values() if each is not None]
        if not pending:
            return Remaining(0.0, 0)
        if not known:
            return Remaining(None, len(left))
        shared = sum(known) / max(1, len(running))
        return Remaining(max(shared, _longest_chain(pending, left)), len(left) - len(known))


def _longest_chain(pending: Mapping[str, Derivation], left: Mapping[str, float | None]) -> float:
    """Seconds along the chain of inputs that takes longest. What goes in circles is walked once."""
    total: dict[str, float] = {}
    edges = 0
    for top in pending.values():
        stack = [(top, False)]
        while stack:
            each, below_done = stack.pop()
            path = each.drv_path
            needs = [needed for needed in each.needs if needed.drv_path in pending]
            edges += len(each.needs) + 1
            if edges > MAX_EDGES:
                return max(total.values(), default=0.0)
            own = left[path] or 0.0
            if below_done:
                total[path] = own + max((total.get(needed.drv_path, 0.0) for needed in needs), default=0.0)
            elif path not in total:
                total[path] = own
                stack.append((each, True))
                stack.extend((needed, False) for needed in needs if needed.drv_path not in total)
    return max(total.values(), default=0.0)
