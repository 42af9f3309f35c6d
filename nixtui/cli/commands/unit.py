"""`nixtui unit start|stop|restart UNIT SELECTOR…`, and `nixtui unit show UNIT HOST`."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands import units as listing
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import age, plain, print_json, shown, size
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.unit import BadUnitName, UnitDetail, unit_name
from nixtui.remote.units import unit_detail
from nixtui.upkeep.prospect import look_at_unit
from nixtui.upkeep.units import UnitChange, Verb, prepare_units


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("verb", choices=[*(verb.value for verb in Verb), "show"])
    parser.add_argument("unit", metavar="UNIT", help="nginx, nginx.service, logrotate.timer")
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument("--cut-access", action="store_true", help="stop also what our own way into the host needs")
    parser.add_argument("--lines", type=int, default=20, metavar="N", help="with show: lines of its journal")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report, or the unit, as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report; or only show."""
    try:
        unit = unit_name(arguments.unit)
    except BadUnitName as error:
        raise UsageError(str(error)) from error
    if arguments.verb == "show":
        return await _show(arguments, unit, nixtui)
    hosts = await nixtui.select(arguments.selectors)
    change = UnitChange(Verb(arguments.verb), unit, cut_access=arguments.cut_access)
    prepared = prepare_units(
        change,
        await look_at_unit(hosts, unit, nixtui.reach),
        nixtui.activation.rollout,
        reach=nixtui.reach,
        operation=nixtui.new_identity(),
        operator=nixtui.operator,
    )
    return await propose(nixtui, prepared, arguments)


async def _show(arguments: Namespace, unit: str, nixtui: Assembly) -> Exit:
    if len(arguments.selectors) > 1:
        raise UsageError("a unit is shown of one host at a time")
    host = await nixtui.one(arguments.selectors[0])
    async with nixtui.reach(host) as transport:
        found = await unit_detail(transport, unit, max(0, arguments.lines))
    if arguments.json:
        print_json(as_json(found))
    else:
        for line in _lines(found):
            print(plain(line))
    return Exit.DONE if found.exists else Exit.FAILED


def as_json(found: UnitDetail) -> dict[str, Any]:
    """One unit in detail as scripts get it; the keys are a contract."""
    return {
        **listing.as_json(found.unit),
        "enabled": found.enabled,
        "path": found.path,
        "main_pid": found.main_pid,
        "memory": found.memory,
        "tasks": found.tasks,
        "cpu_s": found.cpu_s,
        "stops_with": list(found.stops_with),
        "started_by": list(found.started_by),
        "journal": list(found.journal),
    }


def _lines(found: UnitDetail) -> list[str]:
    unit = found.unit
    since = "" if unit.since is None else f" for {age(found.clock - unit.since)}"
    memory = "–" if found.memory is None else size(found.memory)
    return [
        f"{unit.name}  {unit.description}",
        f"  {unit.active} ({unit.sub}){since}, result {shown(unit.result)}, {shown(unit.restarts)} restarts",
        f"  {shown(found.enabled)}, {shown(found.path)}",
        f"  pid {shown(found.main_pid)}, memory {memory}, tasks {shown(found.tasks)}",
        *(f"  | {line}" for line in found.journal),
    ]
