"""What the journal of operations has in it when a demo starts: who deployed what, as the hosts' generations tell it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from nixtui.demo.history import DAY_S, Commit, History
from nixtui.demo.installation import Installation
from nixtui.demo.root import Installed
from nixtui.demo.story import Character, Door
from nixtui.operations.events import AnyEvent, OperationFinished, StepFinished, StepStarted, TargetFinished
from nixtui.operations.journal import Intent, Journal
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall

Fleet = Sequence[tuple[Character, Installation | None]]
"""Every host, with what is on its disk; `None` for those that nobody reaches."""

_DEPLOYS: Final = 4
"""As many of the last commits are in the journal."""
_STEPS: Final = ("copying", "locked", "armed", "testing", "verifying", "committing")
_PEOPLE: Final = {"ops-1": "bastion", "ops-2": "laptop-2"}


@dataclass(frozen=True, slots=True)
class _Past:
    """An operation that ended. Times are Unix seconds."""

    identity: str
    operator: str
    kind: str
    title: str
    environment: str
    reports: Sequence[TargetReport]
    started_at: float
    finished_at: float

    @property
    def plan(self) -> Plan:
        targets = [
            Target(
                name=each.name, environment=self.environment, before=each.before, after=each.after, wave=min(wave, 2)
            )
            for wave, each in enumerate(self.reports, 1)
        ]
        return Plan(kind=self.kind, title=self.title, targets=tuple(targets), steps=tuple(map(Step, _STEPS)))

    @property
    def report(self) -> Report:
        outcome = overall(each.outcome for each in self.reports)
        stopped = any(each.outcome is Outcome.REFUSED for each in self.reports)
        return Report(operation=self.identity, outcome=outcome, targets=tuple(self.reports), interrupted=stopped)

    def events(self) -> Iterator[AnyEvent]:
        for each in self.reports:
            seconds = each.seconds or 0.0
            if each.outcome is Outcome.COMMITTED:
                yield from _steps(each.name, self.started_at, seconds)
            yield TargetFinished(at=self.started_at + seconds, target=each.name, report=each)
        yield OperationFinished(at=self.finished_at, report=self.report)


def _steps(target: str, at: float, seconds: float) -> Iterator[AnyEvent]:
    share = round(seconds / len(_STEPS), 2)
    for number, step in enumerate(_STEPS):
        begun = at + number * share
        yield StepStarted(at=begun, target=target, step=step)
        yield StepFinished(at=begun + share, target=target, step=step, ok=True, seconds=share)


async def write_past(directory: Path, history: History, fleet: Fleet, random: Random) -> None:
    """Fill the journal in `directory`."""
    past = [*_deploys(history, fleet, random), *_reverted_rollbacks(history, fleet, random)]
    for operator, origin in _PEOPLE.items():
        async with Journal(directory, operator=operator, origin=origin, token=f"past-{operator}") as journal:
            for each in sorted(past, key=lambda each: each.started_at):
                if each.operator == operator:
                    await _record(journal, each)


async def _record(journal: Journal, past: _Past) -> None:
    await journal.begin(Intent(past.identity, past.plan, None, past.started_at))
    for event in past.events():
        journal.append(past.identity, event)
    await journal.finish(past.report, past.finished_at)


def _deploys(history: History, fleet: Fleet, random: Random) -> Iterator[_Past]:
    """One for each of the last commits and environment: the hosts that have a generation of it got it then."""
    for commit in history.commits[-_DEPLOYS:]:
        for environment in ("staging", "prod"):
            got = {
                who.name: generation
                for who, host in fleet
                if host is not None and who.environment == environment and who.door is Door.OPEN
                for generation in host.generations
                if generation.commit is commit
            }
            if got:
                rest = _left_out(fleet, environment, got, stopped=commit is history.commits[-1])
                yield _deploy(commit, environment, got, rest, random)


def _left_out(fleet: Fleet, environment: str, got: Mapping[str, Installed], *, stopped: bool) -> list[TargetReport]:
    """The other hosts of those roles that could not be reached, or were not begun because the deploy was stopped."""
    roles = {who.role for who, _ in fleet if who.name in got}
    rest = [who for who, _ in fleet if who.environment == environment and who.role in roles and who.name not in got]
    closed = [each.name for each in rest if each.door is Door.CLOSED]
    waiting = [each.name for each in rest if each.door is Door.OPEN] if stopped else []
    return [
        *(TargetReport(name=name, outcome=Outcome.UNREACHABLE, detail="it refuses connections") for name in closed),
        *(
            TargetReport(name=name, outcome=Outcome.REFUSED, detail="not begun: cancelled by the operator")
            for name in waiting
        ),
    ]


def _deploy(
    commit: Commit, environment: str, got: Mapping[str, Installed], rest: Sequence[TargetReport], random: Random
) -> _Past:
    reports = [
        TargetReport(
            name=name,
            outcome=Outcome.COMMITTED,
            before=str(generation.number - 1),
            after=str(generation.number),
            exit_code=0,
            detail="runs, boots and is the profile",
            seconds=round(random.uniform(6, 17), 1),
        )
        for name, generation in got.items()
    ]
    hosts = len(reports) + len(rest)
    return _Past(
        identity=_identity(random),
        operator="ops-2",
        kind="deploy",
        title=f"Deploy {commit.revision[:7]} to {reports[0].name if hosts == 1 else f'{hosts} hosts'}",
        environment=environment,
        reports=[*reports, *rest],
        started_at=min(generation.made_at for generation in got.values()) - 10,
        finished_at=max(generation.made_at for generation in got.values()) + 4,
    )


def _reverted_rollbacks(history: History, fleet: Fleet, random: Random) -> Iterator[_Past]:
    """Somebody tried before: hosts whose previous generation cannot start its units went back by themselves."""
    for who, host in fleet:
        if host is None or len(host.generations) < 2:
            continue
        *_, previous, last = host.generations
        for unit in who.faults.get(previous.commit.number, ()):
            at = history.commits[-1].deployed_at - 2.2 * DAY_S
            report = TargetReport(
                name=who.name,
                outcome=Outcome.REVERTED,
                before=str(last.number),
                after=str(previous.number),
                exit_code=4,
                detail=f"it went back: {unit} failed, which did not fail before; "
                "the system is active but units failed (exit 4); the old system runs again",
                seconds=4.9,
                log=(f"warning: the following units failed: {unit}",),
            )
            yield _Past(
                identity=_identity(random),
                operator="ops-1",
                kind="rollback",
                title=f"Roll back {who.name}: {last.number} → {previous.number}",
                environment=who.environment,
                reports=[report],
                started_at=at,
                finished_at=at + 4.9,
            )


def _identity(random: Random) -> str:
    return f"{random.getrandbits(32):08x}"
