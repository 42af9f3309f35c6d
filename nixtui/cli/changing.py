"""What every command that changes something has in common: the plan, a yes, the act, the report, an exit status."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out, tell_what_was_cut_off
from nixtui.cli.consent import ask_consent
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.narration import plan_lines
from nixtui.cli.output import narrate, print_json
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Refused
from nixtui.operations.report import Outcome, Report, TargetReport, overall, word


def add_consent(parser: ArgumentParser) -> None:
    """The options that all of them have."""
    parser.add_argument("--dry-run", action="store_true", help="print the plan with its commands and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask (where the environment allows it)")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def change(
    nixtui: Assembly, prepared: Prepared, arguments: Namespace, show: Callable[[Report, Plan], None]
) -> Exit:
    """Plan shown, asked, done, and the report printed by `show`, or as JSON where that is wanted."""
    plan = prepared.plan
    if arguments.dry_run:
        _show_plan(plan, as_json=arguments.json)
        return Exit.DONE
    await tell_what_was_cut_off(nixtui)
    if plan.acting_on:
        if not arguments.json or not arguments.yes:
            for line in plan_lines(plan, commands=True):
                narrate(line)
        try:
            consent = await ask_consent(plan, nixtui.policy, yes=arguments.yes, reason=arguments.reason)
            report = await carry_out(nixtui, prepared.identity, plan, prepared.job, consent)
        except Refused as refusal:
            narrate(f"refused: {refusal}")
            report = _nothing(prepared, str(refusal))
    else:
        report = _nothing(prepared, None)
    with suppress(BrokenPipeError):  # whoever stopped reading does not change how it ended
        show(report, plan)
    return exit_for(report)


def report_json(report: Report, plan: Plan) -> dict[str, Any]:
    """The part that all reports have."""
    return {
        "operation": report.operation,
        "outcome": word(report.outcome, plan.kind),
        "hosts": [
            {
                "name": each.name,
                "outcome": word(each.outcome, plan.kind),
                "exit_code": each.exit_code,
                "detail": each.detail,
                "remedy": each.remedy,
                "seconds": each.seconds,
            }
            for each in report.targets
        ],
    }


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


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if not as_json:
        for line in plan_lines(plan, commands=True):
            print(line)
        return
    hosts = [
        {
            "name": row.name,
            "environment": row.environment,
            "from": row.before,
            "to": row.after,
            "wave": row.wave,
            "outcome": row.refused_as.value if row.refused else None,
            "detail": row.refused,
            "warnings": list(row.warnings),
        }
        for row in plan.targets
    ]
    steps = [{"title": step.title, "commands": list(step.commands)} for step in plan.steps]
    print_json(
        {
            "dry_run": True,
            "title": plan.title,
            "hosts": hosts,
            "steps": steps,
            "warnings": [*plan.warnings, *plan.irreversible],
        }
    )
