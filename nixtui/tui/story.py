"""An operation as Markdown, for the ticket that is written afterwards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nixtui.operations.report import in_words, word
from nixtui.tui import units
from nixtui.tui.ledger import Ledger
from nixtui.tui.paint import clean, plain

if TYPE_CHECKING:
    from nixtui.operations.operation import Operation
    from nixtui.tui.cockpit import Operations
    from nixtui.tui.records import Record


async def ledger_of(record: "Record", operations: "Operations") -> Ledger:
    """A record's whole story: of what began here as it told it, of all else from the journal."""
    running = record.operation
    ledger = Ledger(record.plan, running.events if running else await operations.events(record.id))
    if record.report is not None:
        ledger.take_report(record.report)
    return ledger


def markdown(ledger: Ledger, started_at: float) -> str:
    """Title, time, one row per target, and what explains those that did not go well."""
    outcome = word(ledger.report.outcome, ledger.plan.kind) if ledger.report else "still running"
    rows = [
        "| host | from | to | outcome | detail |",
        "| --- | --- | --- | --- | --- |",
    ]
    logs: list[str] = []
    for state in ledger.targets.values():
        report = state.report
        if report is not None:
            ended, detail = in_words(report.outcome, report.detail, ledger.plan.kind)
        else:
            ended, detail = plain(state.line(started_at)).strip(), state.target.refused
        cells = (state.target.name, state.target.before or "", state.target.after or "", ended, detail or "")
        rows.append("| " + " | ".join(clean(cell).replace("|", "\\|") for cell in cells) + " |")
        if report is not None and not report.outcome.is_success and report.log:
            logs += [f"\n{clean(state.target.name)}:\n", "```", *(clean(each) for each in report.log), "```"]
    head = f"**{clean(ledger.plan.title)}** — {outcome}, begun {units.moment(started_at)} UTC"
    return "\n".join([head, "", *rows, *logs])


MOST_TOLD = 8


def farewell(begun: Sequence["Operation"]) -> list[str]:
    """What was done, for the scrollback of the terminal when the app is left: one line per operation, a few at most."""
    told = [each for each in begun if each.started_at is not None]
    lines = [_told(each) for each in told[-MOST_TOLD:]]
    if len(told) > MOST_TOLD:
        lines.insert(0, f"({len(told) - MOST_TOLD} earlier operations: nixtui journal)")
    if any(each.report is None for each in told):
        lines.append("Left running; what hosts make of it the next nixtui asks them, or: nixtui journal")
    return lines


def _told(operation: "Operation") -> str:
    report, plan = operation.report, operation.plan
    ended = word(report.outcome, plan.kind) if report else "left running"
    return f"{operation.id[:8]}  {clean(plan.title)}  {ended}"
