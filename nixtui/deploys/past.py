"""What earlier deploys left to do, read from the journal: nothing else is remembered that could contradict it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nixtui.deploys.phase import Phase
from nixtui.deploys.plan import KIND
from nixtui.operations.journal import Entry
from nixtui.operations.report import Outcome, TargetReport

_WENT_WRONG = frozenset({Outcome.REVERTED, Outcome.FAILED})

_MISSED = frozenset({Outcome.UNREACHABLE})

_TO_TRY_AGAIN = frozenset({Outcome.UNREACHABLE, Outcome.FAILED, Outcome.REVERTED, Outcome.REFUSED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Missed:
    """A deploy that a host has missed: which, when it began (Unix seconds), and to which system, where that was known.

    `after` is how the plan called the system.
    """

    host: str
    operation: str
    started_at: float
    system: str | None
    after: str | None


def quarantined(entries: Iterable[Entry]) -> dict[str, str]:
    """Systems whose last word was a failure, with that in words. `entries` come newest first.

    What was stopped by the operator, or did not get as far as running there, says nothing about the system.
    """
    found: dict[str, str | None] = {}
    for entry in entries:
        for target, report in _ended(entry):
            system = target.get("system")
            if not system or system in found or report.phase != Phase.ACTIVATION.value:
                continue
            if report.outcome.is_success:
                found[system] = None
            elif report.outcome in _WENT_WRONG and not (entry.report and entry.report.interrupted):
                found[system] = f"it failed on {report.name} in operation {entry.operation}: {report.detail}"
    return {system: why for system, why in found.items() if why is not None}


def missed(entries: Iterable[Entry]) -> list[Missed]:
    """Hosts that could not be reached when they were last to change, the longest ago first."""
    found: dict[str, Missed | None] = {}
    for entry in entries:
        if entry.kind not in (KIND, "rollback"):
            continue
        for target, report in _ended(entry):
            if report.name in found:
                continue
            is_missed = entry.kind == KIND and report.outcome in _MISSED
            system = target.get("system") or None
            found[report.name] = (
                Missed(report.name, entry.operation, entry.started_at, system, report.after) if is_missed else None
            )
    return sorted((each for each in found.values() if each is not None), key=lambda each: each.started_at)


def to_try_again(entry: Entry) -> dict[str, str]:
    """The hosts of a deploy that did not get where it led, with the system it had for them (where one was built)."""
    if entry.report is None:
        return {row.name: row.facts.get("system", "") for row in entry.plan.targets}
    return {
        report.name: target.get("system", "") for target, report in _ended(entry) if report.outcome in _TO_TRY_AGAIN
    }


def _ended(entry: Entry) -> Sequence[tuple[Mapping[str, str], TargetReport]]:
    """What the plan knew of each target of a deploy or rollback, with how it ended; nothing while it runs."""
    if entry.report is None:
        return []
    facts = {row.name: row.facts for row in entry.plan.targets}
    return [(facts.get(report.name, {}), report) for report in entry.report.targets]
