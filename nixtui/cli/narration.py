"""Plans, running operations and reports as text on a terminal."""

from collections.abc import Mapping, Sequence

from nixtui.cli.output import narrate, plain
from nixtui.operations.events import AnyEvent, LogLine, Note, StepFinished, StepStarted
from nixtui.operations.plan import Plan
from nixtui.operations.report import Outcome, Report, TargetReport, in_words

GLYPHS = {
    Outcome.COMMITTED: "✔",
    Outcome.TESTED: "◒",
    Outcome.UNCHANGED: "=",
    Outcome.REVERTED: "↩",
    Outcome.FAILED: "✖",
    Outcome.REFUSED: "⊘",
    Outcome.UNREACHABLE: "✖",
    Outcome.UNKNOWN: "?",
    Outcome.PARTIAL: "◐",
}


def plan_lines(plan: Plan, *, commands: bool, known: Mapping[str, Sequence[str]] = {}) -> list[str]:
    """The plan for people: who, from where to where, what stands in the way, and the commands when asked for.

    `known` are lines about single targets that one decides by.
    """
    lines = [plan.title]
    waves = max((target.wave for target in plan.targets), default=0)
    for target in plan.targets:
        way = f"{target.before or '–'} → {target.after or '–'}" if target.before or target.after else ""
        place = f" ({target.environment})" if target.environment else ""
        wave = f"  wave {target.wave}" if waves > 1 and target.wave else ""
        reason = f"  {target.refused_as.value}: {target.refused}" if target.refused else ""
        lines.append(f"  {target.name}{place}  {way}{wave}{reason}")
        lines.extend([f"    → {target.remedy}"] if target.remedy else [])
        lines.extend(f"    {line}" for line in known.get(target.name, ()))
        lines.extend(f"    ! {warning}" for warning in target.warnings)
    lines.extend(f"  ! {warning}" for warning in plan.warnings)
    lines.extend(f"  ! cannot be undone: {loss}" for loss in plan.irreversible)
    for step in plan.steps if commands else ():
        lines.append(f"  {step.title}")
        lines.extend(f"    $ {command}" for command in step.commands)
    return [plain(line) for line in lines]


def narrate_event(event: AnyEvent) -> None:
    """One event as a line on standard error; what a screen would draw over is left out."""
    if line := event_line(event):
        narrate(line)


def event_line(event: AnyEvent) -> str | None:
    """One event as a line; `None` for those that say nothing without a screen."""
    who = f"{event.target}: " if event.target else ""
    match event:
        case StepStarted(step=step):
            return plain(f"{who}{step} …")
        case StepFinished(step=step, ok=ok, seconds=seconds, detail=detail):
            return plain(f"{who}{step} {'✔' if ok else '✖'} {seconds:.1f} s" + (f"  {detail}" if detail else ""))
        case LogLine(text=text):
            return plain(f"{who}| {text}")
        case Note(text=text):
            return plain(f"{who}{text}")
        case _:
            return None


def report_lines(report: Report, kind: str = "") -> list[str]:
    """The report for people, one target a line, with what is left to do."""
    lines = []
    for target in report.targets:
        lines.append(_target_line(target, kind))
        lines.extend(f"    | {line}" for line in target.log[-12:])
        if target.remedy:
            lines.append(f"    → {target.remedy}")
    return [plain(line) for line in lines]


def _target_line(target: TargetReport, kind: str) -> str:
    way = f"  {target.before or '–'} → {target.after or '–'}" if target.after else ""
    took = f" in {target.seconds:.1f} s" if target.seconds is not None else ""
    ended, why = in_words(target.outcome, target.detail, kind)
    detail = f": {why}" if why else ""
    return f"{GLYPHS[target.outcome]} {target.name}{way}  {ended}{took}{detail}"
