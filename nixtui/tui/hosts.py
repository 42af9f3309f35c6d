"""Hosts as rows: the words, glyphs and colours for every state a host can be in, and the columns of the fleet."""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache

import msgspec

from nixtui.fleet.since import since
from nixtui.fleet.state import FleetState
from nixtui.fleet.verdict import disk_trouble
from nixtui.model.selector import Subject, is_stale
from nixtui.model.status import NEARLY_FULL, HostState, HostStatus
from nixtui.tui import units
from nixtui.tui.drift import drift_line, drift_weight
from nixtui.tui.last_actions import LastAction, action_line
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, clean, dimmed, line, said, width
from nixtui.tui.widgets.columns import Column


class HostRow(Subject, frozen=True):
    """A host, how it was seen, and now: what a selector is asked about, and what only a table shows besides.

    `loads` are those of the last ten minutes, oldest first; `last` is what was done to it last.
    """

    loads: Sequence[float | None] = ()
    last: LastAction | None = None


def host_row(fleet: FleetState, name: str, now: float, last: LastAction | None = None) -> HostRow:
    """A host of the fleet as a row, without its loads. Raises `KeyError` when it left."""
    machine = fleet.machine(name)
    if last is not None and machine is not None and machine.created_at is not None and last.at < machine.created_at:
        last = None  # what was done to the machine that had this name before
    return HostRow(fleet.host(name), fleet.status(name), now, fleet.peers.is_outlier(name), machine, last=last)


_MEMORY_FULL, _DISK_FULL = 0.92, 0.85
_LONGEST_NAME = 34
_UNKNOWN: Line = (Span(UNKNOWN, Role.FAINT),)


class Severity(IntEnum):
    """The order of a fleet by what needs a person first."""

    KEY_CHANGED = 0
    FAILED = 1
    UNREACHABLE = 2
    LOCKED_OUT = 3
    CHANGING = 4
    DRIFTING = 5
    REBOOT = 6
    OUTLIER = 7
    UNSEEN = 8
    FINE = 9


class Condition(msgspec.Struct, frozen=True):
    """A host in a glyph, a few words and a role; `severity` orders it."""

    severity: Severity
    glyph: str
    words: str
    role: Role

    @property
    def line(self) -> Line:
        """`▲ failed: nginx.service`."""
        return line((f"{self.glyph} {self.words}", self.role))


def condition(row: Subject) -> Condition:
    """The one thing to say about a host. What was not seen lately is never called well."""
    status = row.status
    match status.state:
        case HostState.HOST_KEY_CHANGED:
            return Condition(Severity.KEY_CHANGED, "✖", "host key changed", Role.BAD)
        case HostState.UNREACHABLE:
            return Condition(Severity.UNREACHABLE, "✖", "unreachable", Role.BAD)
        case HostState.AUTH_FAILED:
            return Condition(Severity.LOCKED_OUT, "✖", "login refused", Role.BAD)
        case HostState.HOST_KEY_UNKNOWN:
            return Condition(Severity.LOCKED_OUT, "?", "host key unknown", Role.WARN)
        case HostState.CONNECTING:
            words = "connecting" if status.observed_at is None else "reconnecting"
            return Condition(Severity.UNSEEN, "◌", words, Role.MUTED)
    if is_stale(status, row.now):
        word = "degraded" if status.state is HostState.DEGRADED else "up"
        return Condition(Severity.UNREACHABLE, "?", f"was {word}", Role.MUTED)
    return _answering(status, row.is_outlier)


_UP = Condition(Severity.FINE, "●", "up", Role.GOOD)
_OTHER_REVISION = Condition(Severity.OUTLIER, "⇅", "other revision", Role.WARN)


def _answering(status: HostStatus, is_outlier: bool) -> Condition:
    facts = status.facts
    if facts.failed_units:
        return Condition(Severity.FAILED, "▲", _failed(facts.failed_units), Role.BAD)
    if status.state is HostState.DEGRADED:
        full = disk_trouble(facts)
        words = clean(full) if full is not None and full == status.reason else "degraded"
        return Condition(Severity.FAILED, "▲", words, Role.BAD)
    if facts.lock is not None:
        return Condition(Severity.CHANGING, "◐", f"changing, by {clean(facts.lock.operator)}", Role.ACCENT)
    if status.is_drifting:
        return Condition(Severity.DRIFTING, "≠", "not its profile", Role.WARN)
    if facts.reboot_needed:
        return Condition(Severity.REBOOT, "◆", "reboot needed", Role.WARN)
    return _OTHER_REVISION if is_outlier else _UP


def _failed(units_failed: Sequence[str]) -> str:
    names = ", ".join(clean(each).removesuffix(".service") for each in units_failed)
    count = "" if len(units_failed) == 1 else f"{len(units_failed)} "
    return f"{count}failed: {names}"


def columns(names: Sequence[str]) -> tuple[Column[HostRow], ...]:
    """The columns of the fleet, in the order they are read; their priority is what matters on call."""
    longest = max((width((Span(clean(name)),)) for name in names), default=0)
    return (
        Column("host", "HOST", min(max(longest, 8), 24), _host, 0, min(longest, _LONGEST_NAME), sort=_by_name),
        Column("state", "STATE", 20, _state, 0, 34, sort=_by_state),
        Column("since", "SINCE", 5, _since, 1, right=True, sort=since),
        Column("generation", "GEN", 6, _generation, 2, right=True, sort=lambda row: row.status.facts.generation),
        Column("age", "AGE", 4, _age, 3, right=True, sort=lambda row: row.status.facts.switched_at),
        Column("drift", "DRIFT", 11, _drift, 4, sort=drift_weight),
        Column("revision", "REV", 8, _revision, 8, sort=lambda row: row.status.facts.configuration_revision),
        Column("load", "LOAD", 12, _load, 5, right=True, sort=lambda row: row.status.facts.load),
        Column("memory", "MEM", 4, _memory, 7, right=True, sort=_by_memory),
        Column("disk", "DISK", 4, _disk, 6, right=True, sort=_by_disk),
        Column("last", "LAST ACTION", 25, _last, 9, 34, sort=lambda row: row.last.at if row.last else None),
        Column("environment", "ENV", 7, _environment, 10, 10, sort=lambda row: row.host.environment),
        Column("version", "NIXOS", 14, _version, 11, 20, sort=lambda row: row.status.facts.nixos_version),
        Column("kernel", "KERNEL", 8, _kernel, 12, 12, sort=lambda row: row.status.facts.kernel_running),
        Column("uptime", "UP", 4, _uptime, 13, right=True, sort=lambda row: row.status.facts.uptime_s),
        Column("units", "UNITS", 5, _units, 14, right=True, sort=_by_units),
        Column("seen", "SEEN", 5, _seen, 1, right=True, sort=_by_seen),
    )


@lru_cache(maxsize=65536)
def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts `web-2` before `web-12`, as people count."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part)) if part.isascii() and part.isdecimal() else (1, part) for part in parts)


def _by_name(row: HostRow) -> tuple[tuple[int, int | str], ...]:
    return natural(row.host.name)


def _by_state(row: HostRow) -> int:
    return condition(row).severity


def _by_memory(row: HostRow) -> float | None:
    memory = row.status.facts.memory
    return memory.used_fraction if memory else None


def _by_disk(row: HostRow) -> float | None:
    disk = row.status.facts.fullest_disk
    return disk.used_fraction if disk else None


def _by_seen(row: HostRow) -> float | None:
    return row.status.observed_at


def _by_units(row: HostRow) -> int | None:
    """Most failed units first."""
    failed = row.status.facts.failed_units
    return None if failed is None else -len(failed)


def is_old(row: HostRow) -> bool:
    """True when a host's figures are what they were, not what they are."""
    return not row.status.state.is_answering or is_stale(row.status, row.now)


def _host(row: HostRow) -> Line:
    severity = condition(row).severity
    return (said(row.host.name, Role.STRONG if severity <= Severity.LOCKED_OUT else Role.TEXT),)


def _state(row: HostRow) -> Line:
    found = condition(row)
    if found.severity is Severity.FINE:  # four hundred green words would hide the one red
        return line((found.glyph, found.role), (f" {found.words}", Role.MUTED))
    return found.line


def _now_or_then(row: HostRow, spans: Line) -> Line:
    return dimmed(spans) if is_old(row) else spans


def _since(row: HostRow) -> Line:
    """How long it has been in its state: for what is wrong, since when. In steps, as `units.seen`."""
    began = since(row)
    if began is None:
        return _UNKNOWN
    is_well = condition(row).severity >= Severity.UNSEEN
    return line((units.seen(row.now - began), Role.MUTED if is_well else Role.TEXT))


def _drift(row: HostRow) -> Line:
    return _now_or_then(row, drift_line(row))


def _last(row: HostRow) -> Line:
    return action_line(row.last, row.now)


def _units(row: HostRow) -> Line:
    failed = row.status.facts.failed_units
    if failed is None:
        return _UNKNOWN
    return _now_or_then(row, line((str(len(failed)), Role.BAD if failed else Role.FAINT)))


def _generation(row: HostRow) -> Line:
    facts = row.status.facts
    if facts.generation is None:
        return _UNKNOWN
    marker = Span("≠", Role.WARN) if row.status.is_drifting else Span("")
    return _now_or_then(row, line(marker, str(facts.generation)))


def _age(row: HostRow) -> Line:
    switched_at = row.status.facts.switched_at
    return _UNKNOWN if switched_at is None else _now_or_then(row, line((units.age(row.now - switched_at), Role.MUTED)))


def _environment(row: HostRow) -> Line:
    return (said(row.host.environment, Role.MUTED),)


def _revision(row: HostRow) -> Line:
    revision = row.status.facts.configuration_revision
    return _now_or_then(row, (said(revision[:8] if revision else None, Role.MUTED),))


def _version(row: HostRow) -> Line:
    return _now_or_then(row, (said(row.status.facts.nixos_version, Role.MUTED),))


def _kernel(row: HostRow) -> Line:
    return _now_or_then(row, (said(row.status.facts.kernel_running, Role.MUTED),))


def _uptime(row: HostRow) -> Line:
    uptime = row.status.facts.uptime_s
    return _UNKNOWN if uptime is None else _now_or_then(row, line((units.age(uptime), Role.MUTED)))


def load_line(loads: Sequence[float | None], cells: int) -> str:
    """Ten minutes of load, the newest at the right; blank where the host was not seen. Full height is at least 4."""
    share = max(1, len(loads) // cells)
    groups = [loads[at : at + share] for at in range(0, share * cells, share)]
    peaks = [max((each for each in group if each is not None), default=None) for group in groups]
    top = max(4.0, *(peak or 0.0 for peak in peaks)) if peaks else 4.0
    return "".join(" " if peak is None else units.spark((peak,), top) for peak in peaks).rjust(cells)


_SPARKS = 6
"""Cells of a row's sparkline: a hundred seconds each."""


def _load(row: HostRow) -> Line:
    load = row.status.facts.load
    if load is None:
        return _UNKNOWN
    figure = f"{min(load[0], 9999):.{2 if load[0] < 10 else 1 if load[0] < 100 else 0}f}"
    return _now_or_then(row, line((load_line(row.loads, _SPARKS), Role.ACCENT), f" {figure:>5}"))


def _memory(row: HostRow) -> Line:
    memory = row.status.facts.memory
    if memory is None or not memory.total:
        return _UNKNOWN
    role = Role.WARN if memory.used_fraction >= _MEMORY_FULL else Role.TEXT
    return _now_or_then(row, line((units.percent(memory.used_fraction), role)))


def disk_role(fraction: float) -> Role:
    """Red from 95 %: builds and activations start to fail; yellow from 85 %."""
    return Role.BAD if fraction >= NEARLY_FULL else Role.WARN if fraction >= _DISK_FULL else Role.TEXT


def _disk(row: HostRow) -> Line:
    """The fullest one. Which that is the side panel says, and STATE once it has no room left."""
    disk = row.status.facts.fullest_disk
    if disk is None:
        return _UNKNOWN
    return _now_or_then(row, line((units.percent(disk.used_fraction), disk_role(disk.used_fraction))))


def _seen(row: HostRow) -> Line:
    observed_at = row.status.observed_at
    if observed_at is None:
        return line(("never", Role.FAINT))
    old = is_stale(row.status, row.now)
    return line((units.seen(row.now - observed_at), Role.WARN if old else Role.MUTED))
