"""`nixtui timers HOST`: timers and backups: when each last ran, how that ended, when it runs next."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339
from nixtui.model.timer import Timer
from nixtui.remote.timers import timers

HEADINGS = ("JOB", "BACKUP", "LAST", "RESULT", "TOOK", "NEXT", "DESCRIPTION")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("--json", action="store_true", help="an array: failed ones, backups, then by what is next")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask and print."""
    host = await nixtui.one(arguments.host)
    async with nixtui.reach(host) as transport:
        found = await timers(transport)
    if arguments.json:
        print_json([as_json(each) for each in found.items])
    elif found.items:
        print_table(HEADINGS, [_row(each, found.clock) for each in found.items])
    else:
        narrate(f"{host.name} has no timer")
    return Exit.DONE


def as_json(timer: Timer) -> dict[str, Any]:
    """One timer as scripts get it; the keys are a contract."""
    return {
        "timer": timer.timer,
        "unit": timer.unit,
        "description": timer.description,
        "backup": timer.is_backup,
        "last": rfc3339(timer.last),
        "next": rfc3339(timer.next),
        "result": timer.result,
        "failed": timer.is_failed,
        "exit_status": timer.exit_status,
        "running": timer.running,
        "took_s": timer.took_s,
        "enabled": timer.enabled,
    }


def _row(timer: Timer, clock: float) -> tuple[str, ...]:
    last = "never" if timer.last is None else f"{age(clock - timer.last)} ago"
    coming = "–" if timer.next is None else f"in {age(timer.next - clock)}"
    took = "–" if timer.took_s is None else age(timer.took_s)
    result = "running" if timer.running else timer.result or "–"
    return (timer.title, "yes" if timer.is_backup else "", last, result, took, coming, timer.description)
