"""`nixtui units HOST`: what systemd has loaded there, failed ones first."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import age, narrate, print_json, print_table, rfc3339
from nixtui.model.unit import Unit
from nixtui.remote.units import units

HEADINGS = ("UNIT", "LOAD", "ACTIVE", "SUB", "SINCE", "DESCRIPTION")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("--failed", action="store_true", help="only those that failed, or that systemd starts again")
    parser.add_argument("--json", action="store_true", help="an array, failed ones first")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Ask and print."""
    host = await nixtui.one(arguments.host)
    async with nixtui.reach(host) as transport:
        found = await units(transport)
    shown = found.failed if arguments.failed else found.items
    if arguments.json:
        print_json([as_json(each) for each in shown])
    elif shown:
        print_table(HEADINGS, [_row(each, found.clock) for each in shown])
    else:
        narrate(f"no unit of {host.name} failed")
    return Exit.DONE


def as_json(unit: Unit) -> dict[str, Any]:
    """One unit as scripts get it; the keys are a contract."""
    return {
        "name": unit.name,
        "load": unit.load,
        "active": unit.active,
        "sub": unit.sub,
        "description": unit.description,
        "failed": unit.is_failed,
        "result": unit.result,
        "since": rfc3339(unit.since),
        "exit_status": unit.exit_status,
        "restarts": unit.restarts,
    }


def _row(unit: Unit, clock: float) -> tuple[str, ...]:
    since = age(None if unit.since is None else clock - unit.since) if unit.is_failed else ""
    return (unit.name, unit.load, unit.active, unit.sub, since, unit.description)
