"""`nixtui journal [OPERATION]`: what was done, by whom, with what result."""

from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import tell_what_was_cut_off
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.narration import event_line, plan_lines, report_lines
from nixtui.cli.output import print_json, print_table, rfc3339, shown
from nixtui.cli.proposing import as_it_is, hosts_json, number
from nixtui.model.target import BadTarget, parse_moment
from nixtui.operations.events import AnyEvent, WentOn
from nixtui.operations.journal import Entry, Journal
from nixtui.operations.plan import left_out

HEADINGS = ("OPERATION", "STARTED", "OPERATOR", "OUTCOME", "TITLE")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("operation", metavar="OPERATION", nargs="?", help="one operation, by the beginning of its id")
    parser.add_argument("--since", metavar="T", help="only newer ones: 2h, 14:00, 2026-11-20T14:00")
    parser.add_argument("--json", action="store_true", help="an array, newest first")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Say what became of operations that were cut off, then print."""
    journal = await nixtui.journal()
    cut_off = await tell_what_was_cut_off(nixtui)
    if arguments.operation:
        return await _one(journal, arguments, cut_off)
    entries = await journal.entries(since=_since(arguments.since, nixtui))
    if arguments.json:
        print_json([as_json(entry, cut_off) for entry in entries])
    else:
        print_table(HEADINGS, [_row(entry, cut_off) for entry in entries])
    return Exit.DONE


def as_json(entry: Entry, cut_off: Collection[str] = ()) -> dict[str, Any]:
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
        "cut_off": entry.operation in cut_off,
    }


async def _one(journal: Journal, arguments: Namespace, cut_off: Collection[str]) -> Exit:
    entry = await journal.entry(arguments.operation)
    if entry is None:
        raise UsageError(f'no one operation begins with "{arguments.operation}"; see: nixtui journal')
    events = await journal.events(entry.operation)
    if arguments.json:
        print_json(
            {
                **as_json(entry, cut_off),
                "hosts": _hosts(entry),
                "events": [told for each in events for told in _told(each)],
            }
        )
        return Exit.DONE
    print(f"{entry.operation}  {rfc3339(entry.started_at)}  {entry.operator}@{entry.origin}")
    if entry.reason:
        print(f"reason: {entry.reason}")
    known = {row.name: row.known for row in entry.plan.targets}
    for line in plan_lines(entry.plan, commands=True, known=known):
        print(line)
    for event in events:
        for told in _told(event):
            print(f"  {rfc3339(event.at)}  {told}")
    for line in report_lines(entry.report) if entry.report else [_unfinished(entry, cut_off)]:
        print(line)
    return Exit.DONE


def _told(event: AnyEvent) -> list[str]:
    """An event in lines; of an operation that went on, also what it was before, with its commands and its end."""
    if isinstance(event, WentOn):
        before, ended = event.before, event.report
        lines = plan_lines(before, commands=True) + (report_lines(ended, before.kind) if ended is not None else [])
        return [f"up to here: {lines[0]}", *lines[1:]]
    told = event_line(event)
    return [told] if told else []


def _hosts(entry: Entry) -> list[dict[str, Any]]:
    """Each host as the command that did it has it in its own report; without an `outcome` while there is none."""
    shape = number if entry.kind == "rollback" else as_it_is
    if entry.report is not None:
        return hosts_json(entry.report.targets, entry.plan, shape)
    rows = hosts_json([left_out(row) for row in entry.plan.targets], entry.plan, shape)
    return [{**row, "outcome": None} for row in rows]


def _unfinished(entry: Entry, cut_off: Collection[str]) -> str:
    if entry.operation in cut_off:
        return "cut off: the nixtui that did it is gone, and not every host has told how it ended; see again later"
    return "running: a nixtui is still at it"


def _row(entry: Entry, cut_off: Collection[str]) -> tuple[str, ...]:
    outcome = entry.outcome.value if entry.outcome else "cut off" if entry.operation in cut_off else "running"
    return entry.operation, shown(rfc3339(entry.started_at)), entry.operator, outcome, entry.title


def _since(text: str | None, nixtui: Assembly) -> float:
    if text is None:
        return 0.0
    try:
        return parse_moment(text, nixtui.clock())
    except BadTarget as error:
        raise UsageError(str(error)) from error
