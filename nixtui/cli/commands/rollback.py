"""`nixtui rollback SELECTOR…`: take hosts to a generation they have, under the guard."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.activation.rollback import Action, Seen, rollback_job
from nixtui.activation.verdict import held_by
from nixtui.cli.assembly import EC2_LIMIT_S, Assembly
from nixtui.cli.changing import report_json
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.foresight import foresee
from nixtui.cli.narration import report_lines
from nixtui.cli.output import narrate, plain, rfc3339
from nixtui.cli.proposing import add_consent, decide, number, print_report, propose
from nixtui.model.host import Host
from nixtui.model.target import BadTarget, parse_target
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan, Step
from nixtui.operations.report import Outcome, Report


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument(
        "--to",
        metavar="TARGET",
        default="previous",
        help="previous (default), a generation number, @14:00, @2h, rev:98fe21c, path:/nix/store/…; times are UTC",
    )
    parser.add_argument(
        "--action",
        choices=[action.value for action in Action],
        default=Action.SWITCH.value,
        help="switch live under the guard (default), test it until the next reboot, only set the boot entry, or set it "
        "and reboot",
    )
    add_consent(parser)
    parser.add_argument(
        "--break-lock", action="store_true", help="first end whatever operation holds the lock of a host"
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    try:
        target = parse_target(arguments.to, now=datetime.now(UTC))
    except BadTarget as error:
        raise UsageError(str(error)) from error
    hosts = await nixtui.select(arguments.selectors)
    action = Action(arguments.action)
    more: dict[str, Any] = {}
    if arguments.break_lock and not arguments.dry_run:
        broken, breaking = await _break_locks(nixtui, hosts, arguments)
        more["break_lock"] = report_json(broken, breaking)
        if broken.interrupted or broken.outcome is Outcome.REFUSED:
            return _not_begun(broken, breaking, arguments, more)
    seen = await _asked(nixtui, hosts)
    held = [each for each in seen if each.generations is not None and each.generations.lock is not None]
    if arguments.break_lock and arguments.dry_run:
        more["break_lock"] = {"dry_run": True, "hosts": [_would_break(each) for each in held]}
        seen = [_unlocked(each) for each in seen]
    rollback = nixtui.plan_rollback(seen, target, action)
    if arguments.break_lock and arguments.dry_run:
        rollback = replace(rollback, plan=_with_breaking(rollback.plan, held))
    wanted = arguments.dry_run or (not arguments.yes and sys.stdin.isatty())  # else nobody reads it
    known = await foresee(nixtui, rollback, seen) if wanted else {}
    prepared = Prepared(rollback.operation, rollback.plan, rollback_job(rollback, nixtui.reach))
    return await propose(nixtui, prepared, arguments, number, known=known, more=more)


async def _asked(nixtui: Assembly, hosts: list[Host]) -> list[Seen]:
    """The generations of all, and what EC2 knows of those that are instances; nobody waits long for that."""
    seen, (machines, troubles) = await asyncio.gather(
        nixtui.ask_generations(hosts), nixtui.ec2.machines(hosts, limit_s=EC2_LIMIT_S)
    )
    for trouble in troubles:
        narrate(plain(trouble))
    known = {each.instance: each for each in machines}
    return [replace(each, machine=known.get(each.host.instance) if each.host.instance else None) for each in seen]


async def _break_locks(nixtui: Assembly, hosts: list[Host], arguments: Namespace) -> tuple[Report, Plan]:
    """Every host's lock, as far as it can be reached; which hosts the rollback then finds free, its own plan says."""
    plan = plan_break_lock(hosts)
    job = break_lock_job(hosts, nixtui.reach, nixtui.operator)
    report = await decide(nixtui, Prepared(nixtui.new_identity(), plan, job), arguments)
    for line in report_lines(report, plan.kind):
        narrate(line)
    return report, plan


def _not_begun(broken: Report, plan: Plan, arguments: Namespace, more: dict[str, Any]) -> Exit:
    """Stopped before the rollback was planned."""
    print_report(broken, plan, as_json=arguments.json, shape=number, more=more)
    return exit_for(broken)


def _would_break(seen: Seen) -> dict[str, Any]:
    lock = seen.generations.lock if seen.generations else None
    return {
        "name": seen.host.name,
        "operation": lock.operation if lock else None,
        "operator": lock.operator if lock else None,
        "since": rfc3339(lock.since) if lock and lock.since else None,
    }


def _unlocked(seen: Seen) -> Seen:
    known = seen.generations
    return seen if known is None else replace(seen, generations=msgspec.structs.replace(known, lock=None))


def _with_breaking(plan: Plan, held: list[Seen]) -> Plan:
    """The plan with what `--break-lock` does before it. What it leaves running may differ from what runs now."""
    locks = [(each.host.name, each.generations) for each in held]
    told = tuple(
        f"{name}: {held_by(known.lock.operation, known.lock.operator, known.lock.since, known.clock)[0]}; that is "
        "ended first, and the host goes back to where it began"
        for name, known in locks
        if known is not None and known.lock is not None
    )
    first = Step("break the lock: end the operation that holds it" + ("" if held else "; none is held now"))
    return msgspec.structs.replace(plan, steps=(first, *plan.steps), warnings=(*told, *plan.warnings))
