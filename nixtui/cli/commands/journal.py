"""`nixtui journal [OPERATION]`: what was done, by whom, with what result."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import tell_what_was_cut_off
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.narration import event_line, plan_lines, report_lines
from nixtui.cli.output import print_json, print_table, rfc3339, shown
from nixtui.model.target import Ago, AtTime, BadTarget, parse_target
from nixtui.operations.journal import Entry, Journal

HEADINGS = ("OPERATION", "STARTED", "OPERATOR", "OUTCOME", "TITLE")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("operation", metavar="OPERATION", nargs="?", help="one operation, by the beginning of its id")
    parser.add_argument("--since", metavar="T", help="only newer ones: 2h, 14:00, 2026-11-20T14:00")
    parser.add_argument("--json", action="store_true", help="an array, newest first")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Say what became of operations that were cut off, then print."""
    journal = await nixtui.journal()
    await tell_what_was_cut_off(nixtui)
    if arguments.operation:
        return await _one(journal, arguments)
    entries = await journal.entries(since=_since(arguments.since, nixtui))
    if arguments.json:
        print_json([as_json(entry) for entry in entries])
    else:
        print_table(HEADINGS, [_row(entry) for entry in entries])
    return Exit.DONE


def as_json(entry: Entry) -> dict[str, Any]:
    """One operation as scripts get it; the keys are a contract."""
    return {
        "operation": entry.operation,
        "kind": entry.kind,
        "title": entry.title,
        "started_at": rfc3339(entry.started_at),
        "finished_at": rfc3339(entry.finished_at),
        "operator": entry.operator,
        "origin": entry.origin,
        "reason": entry.reason,
        "targets": [target.name for target in entry.plan.targets],
        "outcome": None if entry.outcome is None else entry.outcome.value,
    }


async def _one(journal: Journal, arguments: Namespace) -> Exit:
    entry = await journal.entry(arguments.operation)
    if entry is None:
        raise UsageError(f'no one operation begins with "{arguments.operation}"; see: nixtui journal')
    events = await journal.events(entry.operation)
    if arguments.json:
        targets = [] if entry.report is None else entry.report.targets
        hosts = [{"name": each.name, "outcome": each.outcome.value, "detail": each.detail} for each in targets]
        print_json({**as_json(entry), "hosts": hosts, "events": [event_line(each) for each in events]})
        return Exit.DONE
    print(f"{entry.operation}  {rfc3339(entry.started_at)}  {entry.operator}@{entry.origin}")
    if entry.reason:
        print(f"reason: {entry.reason}")
    for line in plan_lines(entry.plan, commands=True):
        print(line)
    for event in events:
        if told := event_line(event):
            print(f"  {rfc3339(event.at)}  {told}")
    for line in report_lines(entry.report) if entry.report else ["it runs, or was cut off and its hosts are not done"]:
        print(line)
    return Exit.DONE


def _row(entry: Entry) -> tuple[str, ...]:
    outcome = entry.outcome.value if entry.outcome else "running"
    return entry.operation, shown(rfc3339(entry.started_at)), entry.operator, outcome, entry.title


def _since(text: str | None, nixtui: Assembly) -> float:
    if text is None:
        return 0.0
    try:
        moment = parse_target(f"@{text.removeprefix('@')}", now=datetime.now(UTC))
    except BadTarget as error:
        raise UsageError(str(error)) from error
    match moment:
        case Ago(seconds):
            return nixtui.clock() - seconds
        case AtTime(moment=at):
            return at
    raise AssertionError(moment)
