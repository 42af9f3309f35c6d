"""An operation as Markdown, for the ticket that is written afterwards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    outcome = ledger.report.outcome.value if ledger.report else "still running"
    rows = [
        "| host | from | to | outcome | detail |",
        "| --- | --- | --- | --- | --- |",
    ]
    logs: list[str] = []
    for state in ledger.targets.values():
        report = state.report
        word = report.outcome.value if report else plain(state.line(started_at)).strip()
        detail = (report.detail if report else state.target.refused) or ""
        cells = (state.target.name, state.target.before or "", state.target.after or "", word, detail)
        rows.append("| " + " | ".join(clean(cell).replace("|", "\\|") for cell in cells) + " |")
        if report is not None and not report.outcome.is_success and report.log:
            logs += [f"\n{clean(state.target.name)}:\n", "```", *(clean(each) for each in report.log), "```"]
    head = f"**{clean(ledger.plan.title)}** — {outcome}, begun {units.moment(started_at)} UTC"
    return "\n".join([head, "", *rows, *logs])


def farewell(begun: Sequence["Operation"]) -> list[str]:
    """What was done, for the scrollback of the terminal when the app is left: one line per operation."""
    return [
        f"{each.id[:8]}  {clean(each.plan.title)}  {each.report.outcome.value if each.report else 'still running'}"
        for each in begun
        if each.started_at is not None
    ]
