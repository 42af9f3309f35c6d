"""The units of a host, and one of them in detail."""

import re
from typing import Final

from nixtui.model.unit import Unit, UnitDetail, Units
from nixtui.remote.systemd import Parts, Properties, blocks, whole
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 30.0
MOST_UNITS: Final = 4000
MOST_LINES: Final = 500
"""Of a unit's journal."""

_ROW: Final = re.compile(r"\s*(?P<name>\S+)\s+(?P<load>\S+)\s+(?P<active>\S+)\s+(?P<sub>\S+) *(?P<rest>.*)")


async def units(transport: Transport) -> Units:
    """All units but devices, slices and scopes. Raises a `RemoteError`."""
    return parse_units(transport.host.name, await transport.run(load_script("units", "facts"), timeout=TIMEOUT_S))


async def unit_detail(transport: Transport, name: str, lines: int = 20) -> UnitDetail:
    """One unit with its last lines. `name` is a `model.unit.unit_name`. Raises a `RemoteError`."""
    script = load_script("unit", "facts")
    completed = await transport.run(script, name, str(min(lines, MOST_LINES)), timeout=TIMEOUT_S)
    return parse_unit(transport.host.name, name, completed)


def parse_units(host: str, completed: Completed) -> Units:
    """The answer of `scripts/units.sh`: failed units first, then those that change, then services.

    Units that other units only name and the host does not have are left out.
    """
    parts = Parts(host, "units", completed, "its units")
    trouble = {block["Id"]: block for block in blocks(parts["trouble"]) if "Id" in block}
    rows = [match for text in parts["list"][:MOST_UNITS] if (match := _ROW.match(text))]
    column = max((match.start("rest") for match in rows), default=0)
    found = [_unit(match, column, trouble.get(match["name"], {}), parts) for match in rows]
    found = [each for each in found if each.load != "not-found" or each.active != "inactive"]
    found.sort(key=_order)
    return Units(items=tuple(found), clock=parts.clock)


_KINDS: Final = (".service", ".timer", ".socket", ".mount", ".automount", ".swap", ".path", ".target")


def _order(unit: Unit) -> tuple[bool, bool, int, bool, str]:
    """What failed, what changes, then services before what only orders them, running before dead ones."""
    kind = next((place for place, suffix in enumerate(_KINDS) if unit.name.endswith(suffix)), len(_KINDS))
    return (not unit.is_failed, not unit.is_changing, kind, unit.active != "active", unit.name)


def _unit(row: re.Match[str], column: int, more: Properties, parts: Parts) -> Unit:
    """While systemd has jobs there is a column more before the descriptions, which all begin at the same one."""
    return Unit(
        name=row["name"],
        load=row["load"],
        active=row["active"],
        sub=row["sub"],
        description=(row.string[column:] if row.start("rest") < column else row["rest"]).strip(),
        result=more.get("Result"),
        since=parts.since(more.get("StateChangeTimestampMonotonic")),
        exit_status=whole(more.get("ExecMainStatus")),
        restarts=whole(more.get("NRestarts")),
    )


def parse_unit(host: str, name: str, completed: Completed) -> UnitDetail:
    """The answer of `scripts/unit.sh`."""
    parts = Parts(host, "unit", completed, f"about {name}")
    show = next(blocks(parts["show"]), {})
    nanoseconds = whole(show.get("CPUUsageNSec"))
    unit = Unit(
        name=show.get("Id", name),
        load=show.get("LoadState", "not-found"),
        active=show.get("ActiveState", "unknown"),
        sub=show.get("SubState", "unknown"),
        description=show.get("Description", ""),
        result=show.get("Result") or None,
        since=parts.since(show.get("StateChangeTimestampMonotonic")),
        exit_status=whole(show.get("ExecMainStatus")),
        restarts=whole(show.get("NRestarts")),
    )
    journal = [text for text in parts["journal"] if text.strip()]
    return UnitDetail(
        unit=unit,
        clock=parts.clock,
        enabled=show.get("UnitFileState") or None,
        path=show.get("FragmentPath") or None,
        kind=show.get("Type") or None,
        restart=show.get("Restart") or None,
        main_pid=whole(show.get("MainPID")) or None,
        memory=whole(show.get("MemoryCurrent")),
        tasks=whole(show.get("TasksCurrent")),
        cpu_s=None if nanoseconds is None else nanoseconds / 1e9,
        can_start=show.get("CanStart") != "no" and show.get("RefuseManualStart") != "yes",
        can_stop=show.get("CanStop") != "no" and show.get("RefuseManualStop") != "yes",
        stops_with=_names(show, "RequiredBy", "BoundBy", "ConsistsOf"),
        started_by=_names(show, "TriggeredBy"),
        journal=tuple(journal[-MOST_LINES:]),
    )


def _names(show: Properties, *keys: str) -> tuple[str, ...]:
    """Targets are left out: they stop with many things, and nobody misses them."""
    names = dict.fromkeys(name for key in keys for name in show.get(key, "").split())
    return tuple(name for name in names if not name.endswith(".target"))[:32]


async def recent_lines(transport: Transport, lines: int = 200) -> tuple[str, ...]:
    """The last lines of the whole journal, oldest first. Raises a `RemoteError`."""
    completed = await transport.run(load_script("recent", "facts"), str(min(lines, MOST_LINES)), timeout=TIMEOUT_S)
    parts = Parts(transport.host.name, "recent", completed, "the end of its journal")
    return tuple(text for text in parts["journal"] if text.strip())[-MOST_LINES:]
