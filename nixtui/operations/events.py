"""What an operation tells while it runs. Events are values: they go to screens, to the terminal and to the journal."""

from collections.abc import Iterable

import msgspec

from nixtui.operations.plan import Plan
from nixtui.operations.report import Report, TargetReport


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something happened `at` a time (Unix seconds, here), to one `target` or to the whole operation."""

    at: float
    target: str | None = None


class StepStarted(Event, frozen=True):
    """A step of the plan began; `step` is a short word for it (`armed`, `testing`)."""

    step: str


class StepFinished(Event, frozen=True):
    """A step ended, well or not; `detail` says what was seen."""

    step: str
    ok: bool
    seconds: float
    detail: str | None = None


class Progress(Event, frozen=True):
    """How far a step is; `total` is `None` while unknown. `unit` is what is counted (`bytes`, `paths`)."""

    step: str
    done: float
    total: float | None
    unit: str


class LogLine(Event, frozen=True):
    """One line of a command's own output."""

    text: str


class Note(Event, frozen=True):
    """One sentence of narration: what was found, what is waited for."""

    text: str


class Countdown(Event, frozen=True):
    """The target goes back by itself at `until` (Unix seconds, here); `None` when it no longer will.

    `boot_id` is the kernel's id of the boot it was armed in: after a reboot no timer is left.
    """

    until: float | None
    boot_id: str | None = None


class TargetFinished(Event, frozen=True):
    """The last event of a target."""

    report: TargetReport


class OperationFinished(Event, frozen=True):
    """The last event of an operation."""

    report: Report


class WentOn(Event, frozen=True):
    """What was done so far led to another plan, and that is carried out from here on: a build became a deploy.

    `before` is the plan up to here and `report` how it ended; what targets told of it is not about the new one.
    """

    before: Plan
    report: Report | None


AnyEvent = (
    StepStarted | StepFinished | Progress | LogLine | Note | Countdown | TargetFinished | OperationFinished | WentOn
)


def of_last_plan(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """What was told since the plan is the one that the operation has."""
    told: list[AnyEvent] = []
    for event in events:
        if isinstance(event, WentOn):
            told.clear()
        else:
            told.append(event)
    return told
