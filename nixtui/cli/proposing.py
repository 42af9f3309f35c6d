"""A plan on the command line: shown, asked about, carried out and reported, the same way for every job on hosts."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
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


def add_consent(parser: ArgumentParser) -> None:
    """Declare what every such command takes."""
    parser.add_argument("--dry-run", action="store_true", help="print the plan with its commands and stop")
    parser.add_argument("--yes", action="store_true", help="do not ask (where the environment allows it)")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def propose(nixtui: Assembly, prepared: Prepared, arguments: Namespace) -> Exit:
    """Show the plan and stop there, or ask, do and report. `arguments` are those of `add_consent`."""
    plan = prepared.plan
    if arguments.dry_run:
        return _show(plan, as_json=arguments.json)
    if plan.acting_on:
        if not arguments.json or not arguments.yes:
            for line in plan_lines(plan, commands=False):
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
        _print(report, plan, as_json=arguments.json)
    return exit_for(report)


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
                        **_own_facts(row.facts),
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
                **_own_facts(facts[each.name]),
            }
            for each in report.targets
        ],
    }


def _own_facts(facts: Mapping[str, str]) -> dict[str, Any]:
    """What only some jobs know of a host: the generations that go, and what that may free."""
    if "numbers" not in facts:
        return {}
    freed = facts.get("freed")
    return {
        "generations": [int(number) for number in facts["numbers"].split()],
        "freed_bytes": int(freed) if freed else None,
    }


def _number(label: str | None) -> int | None:
    return int(label) if label and label.isdecimal() else None
