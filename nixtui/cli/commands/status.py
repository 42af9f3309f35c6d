"""`nixtui status [SELECTOR…]`: hosts as they are now, once or as they change."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import tell_what_was_cut_off
from nixtui.cli.ec2 import machine_json, words_of
from nixtui.cli.exits import Exit
from nixtui.cli.output import Table, age, narrate, plain, print_json, print_table, rfc3339, shown, time_of_day
from nixtui.fleet.since import since
from nixtui.fleet.state import FleetState
from nixtui.fleet.verdict import disk_trouble
from nixtui.fleet.watch import FleetWatch
from nixtui.model.host import Host
from nixtui.model.machine import Machine
from nixtui.model.selector import Subject
from nixtui.model.status import DiskUse, HostState, HostStatus

HEADINGS = ("HOST", "STATE", "GEN", "NIXOS", "REV", "KERNEL", "LOAD", "MEM", "DISK", "SEEN", "WHY")
_WATCHED = ("TIME", *HEADINGS)
_LEAST = (9, 8, 16, 4, 23, 8, 7, 5, 4, 4, 4, 0)
"""Cells of the columns while one watches: what they need as a rule, as the first hosts to answer are no measure."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="*", help="a name, web-*, tag:role=web, is:failed, all")
    parser.add_argument("--json", action="store_true", help="one array; with --watch, an array of changed hosts a line")
    parser.add_argument("--watch", action="store_true", help="go on, and print what changes")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look, print, and say in the exit status whether nothing could be reached."""
    hosts = await nixtui.select(arguments.selectors or ["all"])
    if arguments.watch:
        await _watch(nixtui, hosts, as_json=arguments.json)
        return Exit.DONE
    fleet, machines = await asyncio.gather(nixtui.look(hosts), _machines(nixtui, hosts))
    fleet.set_machines(machines)
    await tell_what_was_cut_off(nixtui)
    now = nixtui.clock()
    if arguments.json:
        print_json([_json(host, fleet, now) for host in hosts])
    else:
        print_table(HEADINGS, [row(_subject(host, fleet, now)) for host in hosts])
        _tell_remedies(fleet, hosts, {})
    return _exit([fleet.status(host.name) for host in hosts])


def as_json(subject: Subject) -> dict[str, Any]:
    """One host as scripts get it; the keys are a contract."""
    host, status, facts = subject.host, subject.status, subject.status.facts
    root = facts.disk("/")
    return {
        "name": host.name,
        "address": host.address,
        "environment": host.environment,
        "tags": dict(host.tags),
        "state": status.state.value,
        "state_reason": status.reason,
        "state_remedy": status.remedy,
        "state_since": rfc3339(since(subject)),
        "observed_at": rfc3339(status.observed_at),
        "generation": facts.generation,
        "generations": facts.generations,
        "current_system": facts.current_system,
        "booted_system": facts.booted_system,
        "profile_system": facts.profile_system,
        "nixos_version": facts.nixos_version,
        "configuration_revision": facts.configuration_revision,
        "kernel": facts.kernel_running,
        "reboot_needed": facts.reboot_needed,
        "reboot_reason": facts.reboot_reason,
        "failed_units": None if facts.failed_units is None else list(facts.failed_units),
        "load": None if facts.load is None else facts.load[0],
        "memory_used": None if facts.memory is None else round(facts.memory.used_fraction, 4),
        "disk_used": None if root is None else round(root.used_fraction, 4),
        "uptime_s": facts.uptime_s,
        "boot_id": facts.boot_id,
        "locked_by": None if facts.lock is None else facts.lock.operator,
        "lock_operation": None if facts.lock is None else facts.lock.operation,
    }


def row(subject: Subject) -> Sequence[str]:
    """One host as people read it."""
    host, status, now = subject.host, subject.status, subject.now
    facts = status.facts
    return (
        host.name,
        status.state.value,
        shown(facts.generation) + ("*" if status.is_drifting else ""),
        shown(facts.nixos_version),
        shown(facts.configuration_revision and facts.configuration_revision[:8]),
        shown(facts.kernel_running) + (" (reboot)" if facts.reboot_needed else ""),
        shown(facts.load and f"{facts.load[0]:.2f}"),
        shown(facts.memory and f"{facts.memory.used_fraction:.0%}"),
        shown(facts.fullest_disk and _disk(facts.fullest_disk)),
        age(now - status.observed_at if status.observed_at is not None else None),
        "; ".join(_why(subject)),
    )


def _why(subject: Subject) -> Iterator[str]:
    status, now, facts = subject.status, subject.now, subject.status.facts
    if status.reason:
        lasted = f", {age(now - status.since)}" if status.since is not None else ""
        yield f"{status.reason}{lasted}"
    if facts.lock is not None:
        yield f"changing, by {facts.lock.operator}"
    elif status.is_drifting:
        yield "runs another system than its profile"
    full = disk_trouble(facts)
    if full is not None and full != status.reason:
        yield full
    if subject.machine is not None:
        yield from words_of(subject.machine, facts.current_system)


def _disk(disk: DiskUse) -> str:
    """The fullest one, named where it is not `/`; scripts get that of `/`."""
    return f"{disk.used_fraction:.0%}" + ("" if disk.mount == "/" else f" {disk.mount}")


def _tell_remedies(fleet: FleetState, hosts: Sequence[Host], told: dict[str, str]) -> None:
    """What to do about each host, unless that was said of it last."""
    for host in hosts:
        remedy = fleet.status(host.name).remedy
        if remedy and told.get(host.name) != remedy:
            told[host.name] = remedy
            narrate(plain(f"{host.name}: {remedy}"))


async def _watch(nixtui: Assembly, hosts: Sequence[Host], *, as_json: bool) -> None:
    """A row for each change under one heading, with the time of day (UTC) at which it was seen."""
    longest = max((len(host.name) for host in hosts), default=0)
    fleet, table = FleetState(hosts), Table(_WATCHED, (_LEAST[0], max(longest, _LEAST[1]), *_LEAST[2:]))
    told: dict[str, str] = {}
    async with asyncio.TaskGroup() as group:
        group.create_task(FleetWatch(fleet, nixtui, clock=nixtui.clock).run())
        async for changes in fleet.batches(1):
            changed = [host for host in hosts if host.name in changes.names]
            now = nixtui.clock()
            if as_json:
                print_json([_json(host, fleet, now) for host in changed])
            else:
                table.add([(time_of_day(now), *row(_subject(host, fleet, now))) for host in changed])
                _tell_remedies(fleet, changed, told)


def _json(host: Host, fleet: FleetState, now: float) -> dict[str, Any]:
    return {
        **as_json(_subject(host, fleet, now)),
        "other_revision_than_peers": fleet.peers.is_outlier(host.name),
        "revision_of_peers": fleet.peers.usual(host.name),
        "ec2": machine_json(host, fleet.machine(host.name), fleet.status(host.name).facts.current_system),
    }


def _subject(host: Host, fleet: FleetState, now: float) -> Subject:
    machine = fleet.machine(host.name)
    return Subject(host, fleet.status(host.name), now, fleet.peers.is_outlier(host.name), machine)


async def _machines(nixtui: Assembly, hosts: Sequence[Host]) -> Sequence[Machine]:
    machines, troubles = await nixtui.ec2.machines(hosts)
    for trouble in troubles:
        narrate(plain(trouble))
    return machines


def _exit(statuses: Sequence[HostStatus]) -> Exit:
    """Being degraded is an answer; not being reached is not."""
    reached = [status.state in (HostState.UP, HostState.DEGRADED) for status in statuses]
    if all(reached):
        return Exit.DONE
    return Exit.PARTIAL if any(reached) else Exit.UNREACHABLE
