"""`nixtui rollback SELECTOR…`: take hosts to a generation they have, under the guard."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.activation.rollback import Action, rollback_job
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.narration import plan_lines, report_lines
from nixtui.cli.output import narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.host import Host
from nixtui.model.target import BadTarget, parse_target
from nixtui.operations.operation import Prepared


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
    if arguments.break_lock and not arguments.dry_run:
        broken = await _break_locks(nixtui, hosts, arguments)
        if broken is not Exit.DONE:
            return broken
    rollback = nixtui.plan_rollback(await nixtui.ask_generations(hosts), target, Action(arguments.action))
    prepared = Prepared(rollback.operation, rollback.plan, rollback_job(rollback, nixtui.reach))
    return await propose(nixtui, prepared, arguments, _number)


async def _break_locks(nixtui: Assembly, hosts: list[Host], arguments: Namespace) -> Exit:
    plan = plan_break_lock(hosts)
    for line in plan_lines(plan, commands=False):
        narrate(line)
    consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
    job = break_lock_job(hosts, nixtui.reach, nixtui.operator)
    report = await carry_out(nixtui, nixtui.new_identity(), plan, job, consent)
    for line in report_lines(report):
        narrate(line)
    return exit_for(report)


def _number(label: str | None) -> int | None:
    return int(label) if label and label.isdecimal() else None
