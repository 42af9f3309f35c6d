"""From a plan to its report on the command line: shown, asked about, carried out, printed. The same for every job."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.narration import plan_lines, report_lines
from nixtui.cli.output import narrate, print_json
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Refused
from nixtui.operations.report import Outcome, Report, TargetReport, overall

Shape = Callable[[str | None], Any]
"""How JSON has a target's `before` and `after`."""


def add_consent(parser: ArgumentParser) -> None:
    """Declare what every command takes that changes hosts."""
    parser.add_argument("--dry-run", action="store_true", help="print the plan with its commands and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask (where the environment allows it)")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")


def _as_it_is(label: str | None) -> str | None:
    return label


async def propose(nixtui: Assembly, prepared: Prepared, arguments: Namespace, shape: Shape = _as_it_is) -> Exit:
    """Show the plan, ask, do it, print the report. With `--dry-run` only print the plan."""
    plan = prepared.plan
    if arguments.dry_run:
        return show_plan(plan, as_json=arguments.json, shape=shape)
    report = await decide(nixtui, prepared, arguments)
    print_report(report, plan, as_json=arguments.json, shape=shape)
    return exit_for(report)


async def decide(nixtui: Assembly, prepared: Prepared, arguments: Namespace) -> Report:
    """Ask and do; what was refused, or leaves nothing to do, is a report as well."""
    plan = prepared.plan
    if not plan.acting_on:
        return _nothing(prepared, None)
    if not arguments.json or not arguments.yes:
        for line in plan_lines(plan, commands=False):
            narrate(line)
    try:
        consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
        return await carry_out(nixtui, prepared.identity, plan, prepared.job, consent)
    except Refused as refusal:
        narrate(f"refused: {refusal}")
        return _nothing(prepared, str(refusal))


def _nothing(prepared: Prepared, refusal: str | None) -> Report:
    """The report of a plan that was not carried out: each target's own reason, or the refusal of the whole."""
    targets = tuple(
        TargetReport(
            name=row.name,
            outcome=row.refused_as if row.refused else Outcome.REFUSED,
            before=row.before,
            after=row.after,
            detail=row.refused or refusal,
        )
        for row in prepared.plan.targets
    )
    outcome = Outcome.REFUSED if refusal else overall(target.outcome for target in targets)
    return Report(operation=prepared.identity, outcome=outcome, targets=targets)


def show_plan(plan: Plan, *, as_json: bool, shape: Shape = _as_it_is) -> Exit:
    """`--dry-run`."""
    if as_json:
        print_json(
            {
                "dry_run": True,
                "title": plan.title,
                "hosts": [
                    {
                        "name": row.name,
                        "environment": row.environment,
                        "from": shape(row.before),
                        "to": shape(row.after),
                        "wave": row.wave,
                        "outcome": row.refused_as.value if row.refused else None,
                        "detail": row.refused,
                        "warnings": list(row.warnings),
                    }
                    for row in plan.targets
                ],
                "steps": [{"title": step.title, "commands": list(step.commands)} for step in plan.steps],
                "warnings": [*plan.warnings, *plan.irreversible],
            }
        )
    else:
        for line in plan_lines(plan, commands=True):
            print(line)
    return Exit.DONE


def print_report(report: Report, plan: Plan, *, as_json: bool, shape: Shape = _as_it_is) -> None:
    """The report; whoever stopped reading does not change how it ended."""
    with suppress(BrokenPipeError):
        if as_json:
            print_json(_as_json(report, plan, shape))
            return
        for line in report_lines(report):
            print(line)


def _as_json(report: Report, plan: Plan, shape: Shape) -> dict[str, Any]:
    facts = {row.name: row.facts for row in plan.targets}
    systems = any("new" in each for each in facts.values())

    def host(each: TargetReport) -> dict[str, Any]:
        named = facts.get(each.name, {})
        paths = {"from_system": named.get("previous"), "to_system": named.get("new")} if systems else {}
        return {
            "name": each.name,
            "outcome": each.outcome.value,
            "from": shape(each.before),
            "to": shape(each.after),
            **paths,
            "exit_code": each.exit_code,
            "detail": each.detail,
            "remedy": each.remedy,
            "seconds": each.seconds,
        }

    return {
        "operation": report.operation,
        "outcome": report.outcome.value,
        "hosts": [host(each) for each in report.targets],
    }
