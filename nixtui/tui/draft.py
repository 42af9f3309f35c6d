"""A plan as it is being made and told: for whom, how they were when the key was pressed, what to know before a yes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nixtui.model.status import HostStatus
from nixtui.operations.plan import Plan, Target
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap


@dataclass(slots=True, kw_only=True)
class Draft:
    """`seen` is how the hosts were when the key was pressed. `plan` is `None` while it is not known, and `plan_problem`
    says why it never will be. `shown` names what is shown instead of the summary.
    """

    names: tuple[str, ...]
    environments: tuple[str, ...]
    seen: Mapping[str, HostStatus]
    asked_at: float
    plan: Plan | None = None
    plan_problem: str | None = None
    shown: set[str] = field(default_factory=set)

    @property
    def only(self) -> Target | None:
        """The one target of a plan that has one."""
        return self.plan.targets[0] if self.plan and len(self.plan.targets) == 1 else None


def command_lines(plan: Plan, cells: int) -> Iterator[Line]:
    """Every step with the exact commands."""
    for number, step in enumerate(plan.steps, start=1):
        yield from wrap(f"{number}. {step.title}", cells, Role.STRONG)
        for command in step.commands:
            yield from wrap(command, cells, Role.TEXT, indent="   ")


def waiting(problem: str | None, what: str, draft: Draft, now: float, cells: int) -> Iterator[Line]:
    """What is waited for and since when, or why it will not come."""
    if problem is not None:
        yield from wrap(f"✖ {problem}", cells, Role.BAD)
        return
    seconds = now - draft.asked_at
    yield line((f"{clean(what)} … ", Role.ACCENT), (units.age(seconds) if seconds >= 1 else "", Role.MUTED))


def warnings(draft: Draft, cells: int) -> Iterator[Line]:
    """What to know before saying yes; nothing when nothing would be done."""
    plan = draft.plan
    if plan is None or not plan.acting_on:
        return
    yield EMPTY
    own: Sequence[str] = draft.only.warnings if draft.only else ()
    for warning in (*own, *plan.warnings):
        yield from wrap(f"! {warning}", cells, Role.WARN)
    for loss in plan.irreversible:
        yield from wrap(f"! cannot be undone: {loss}", cells, Role.BAD)


def outline(draft: Draft, cells: int, now: float, *, asking: str, known: Sequence[Line] = ()) -> list[Line]:
    """A plan in short, or what is waited for (`asking` somebody something).

    Where it is `known` what would change, that and the warnings come first and the steps, which are always the same
    ones, last: on a small screen the end has to be scrolled to.
    """
    plan = draft.plan
    if plan is None:
        return list(waiting(draft.plan_problem, asking, draft, now, cells))
    if draft.only is not None and draft.only.refused is not None:
        remedy = draft.only.remedy
        told = wrap(f"✖ {draft.only.refused}", cells, Role.WARN)
        return [*told, *(wrap(f"→ {remedy}", cells, Role.ACCENT) if remedy else ())]
    steps = [each for number, step in enumerate(plan.steps, 1) for each in wrap(f"{number}. {step.title}", cells)]
    if not known:
        return [*steps, *warnings(draft, cells)]
    return [*_change(draft.only), *known, *warnings(draft, cells), EMPTY, *steps]


def _change(row: Target | None) -> Iterator[Line]:
    """`298 → 26.05.20261126.ac9932d`: from which generation or version, to which."""
    if row is not None and row.after is not None:
        yield line((clean(row.before or "–"), Role.MUTED), (" → ", Role.FAINT), (clean(row.after), Role.STRONG))
