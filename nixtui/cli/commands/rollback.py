"""`nixtui rollback SELECTOR…`: take hosts to a generation they have, under the guard."""

from argparse import ArgumentParser, Namespace
from contextlib import suppress
from datetime import datetime
from typing import Any

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.activation.rollback import Action, Rollback, rollback_job
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.narration import plan_lines, report_lines
from nixtui.cli.output import narrate, print_json
from nixtui.model.host import Host
from nixtui.model.target import BadTarget, parse_target
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Refused
from nixtui.operations.report import Outcome, Report, TargetReport, overall


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument(
        "--to",
        metavar="TARGET",
        default="previous",
        help="previous (default), a generation number, @14:00, @2h, rev:98fe21c, path:/nix/store/…",
    )
    parser.add_argument(
        "--action",
        choices=[action.value for action in Action],
        default=Action.SWITCH.value,
        help="switch live under the guard (default), test it until the next reboot, only set the boot entry, or set it "
        "and reboot",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan with its commands and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask (where the environment allows it)")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")
    parser.add_argument(
        "--break-lock", action="store_true", help="first end whatever operation holds the lock of a host"
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    try:
        target = parse_target(arguments.to, now=datetime.now().astimezone())
    except BadTarget as error:
        raise UsageError(str(error)) from error
    hosts = await nixtui.select(arguments.selectors)
    if arguments.break_lock and not arguments.dry_run:
        broken = await _break_locks(nixtui, hosts, arguments)
        if broken is not Exit.DONE:
            return broken
    rollback = nixtui.plan_rollback(await nixtui.ask_generations(hosts), target, Action(arguments.action))
    if arguments.dry_run:
        return _show(rollback.plan, as_json=arguments.json)
    if rollback.plan.acting_on:
        if not arguments.json or not arguments.yes:
            for line in plan_lines(rollback.plan, commands=False):
                narrate(line)
        try:
            report = await _carry_out(nixtui, rollback, arguments)
        except Refused as refusal:
            narrate(f"refused: {refusal}")
            report = _nothing(rollback, str(refusal))
    else:
        report = _nothing(rollback, None)
    with suppress(BrokenPipeError):  # whoever stopped reading does not change how it ended
        _print(report, rollback.plan, as_json=arguments.json)
    return exit_for(report)


async def _carry_out(nixtui: Assembly, rollback: Rollback, arguments: Namespace) -> Report:
    consent = await ask_consent(rollback.plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
    return await carry_out(nixtui, rollback.operation, rollback.plan, rollback_job(rollback, nixtui.reach), consent)


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


def _nothing(rollback: Rollback, refusal: str | None) -> Report:
    """The report of a plan that was not carried out: each target's own reason, or the refusal of the whole."""
    targets = tuple(
        TargetReport(
            name=row.name,
            outcome=row.refused_as if row.refused else Outcome.REFUSED,
            before=row.before,
            after=row.after,
            detail=row.refused or refusal,
        )
        for row in rollback.plan.targets
    )
    outcome = Outcome.REFUSED if refusal else overall(target.outcome for target in targets)
    return Report(operation=rollback.operation, outcome=outcome, targets=targets)


def _show(plan: Plan, *, as_json: bool) -> Exit:
    if as_json:
        print_json(
            {
                "dry_run": True,
                "title": plan.title,
                "hosts": [
                    {
                        "name": row.name,
                        "environment": row.environment,
                        "from": _number(row.before),
                        "to": _number(row.after),
                        "wave": row.wave,
                        "outcome": row.refused_as.value if row.refused else None,
                        "detail": row.refused,
                        "warnings": list(row.warnings),
                    }
                    for row in plan.targets
                ],
                "steps": [{"title": step.title, "commands": list(step.commands)} for step in plan.steps],
                "warnings": list(plan.warnings),
            }
        )
    else:
        for line in plan_lines(plan, commands=True):
            print(line)
    return Exit.DONE


def _print(report: Report, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(report, plan))
    else:
        for line in report_lines(report):
            print(line)


def _as_json(report: Report, plan: Plan) -> dict[str, Any]:
    facts = {row.name: row.facts for row in plan.targets}
    return {
        "operation": report.operation,
        "outcome": report.outcome.value,
        "hosts": [
            {
                "name": each.name,
                "outcome": each.outcome.value,
                "from": _number(each.before),
                "to": _number(each.after),
                "from_system": facts[each.name].get("previous"),
                "to_system": facts[each.name].get("new"),
                "exit_code": each.exit_code,
                "detail": each.detail,
                "remedy": each.remedy,
                "seconds": each.seconds,
            }
            for each in report.targets
        ],
    }


def _number(label: str | None) -> int | None:
    return int(label) if label and label.isdecimal() else None
