"""`nixtui delete-generations SELECTOR…`: delete old generations of hosts, never one that matters."""

from argparse import ArgumentParser, Namespace
from contextlib import suppress
from typing import Any

from nixtui.activation.retention import deletion_job, measure, plan_deletion
from nixtui.activation.rollback import Seen
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.output import print_json
from nixtui.cli.proposing import add_consent, decide, dry_exit, propose
from nixtui.model.retention import BadRetention, Retention, parse_retention
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Report


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument("--keep", metavar="N", help="keep the newest N generations")
    parser.add_argument("--older-than", metavar="AGE", help="delete only those older than 30d, 12h, 4w")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report. What runs, booted, boots next, is the profile, came before or is pinned always stays."""
    try:
        rule = parse_retention(" ".join(each for each in (arguments.keep, arguments.older_than) if each))
        if arguments.keep and rule.keep is None:
            raise BadRetention(f'--keep takes a number, not "{arguments.keep}"')
    except BadRetention as error:
        raise UsageError(f"{error}: --keep 5, --older-than 30d") from error
    hosts = await nixtui.select(arguments.selectors)
    prepared = await prepare_deletion(nixtui, await nixtui.ask_generations(hosts), rule)
    if not arguments.json:
        return await propose(nixtui, prepared, arguments)
    if arguments.dry_run:
        print_json(_plan_as_json(prepared.plan))
        return dry_exit(prepared.plan)
    report = await decide(nixtui, prepared, arguments)
    with suppress(BrokenPipeError):
        print_json(_report_as_json(report, prepared.plan))
    return exit_for(report)


async def prepare_deletion(nixtui: Assembly, seen: list[Seen], rule: Retention) -> Prepared:
    """The plan with its work; asks the hosts what it would free."""
    deletion = plan_deletion(
        seen,
        rule,
        nixtui.activation,
        freed=await measure(seen, rule, nixtui.reach),
        operation=nixtui.new_identity(),
        operator=nixtui.operator,
    )
    return Prepared(deletion.operation, deletion.plan, deletion_job(deletion, nixtui.reach))


def _of_host(row: Target) -> dict[str, Any]:
    """Which generations of a host go, and how much that may free; the keys are a contract."""
    numbers, freed = row.facts.get("numbers", ""), row.facts.get("freed")
    return {
        "name": row.name,
        "environment": row.environment,
        "generations": [int(number) for number in numbers.split()],
        "freed_bytes": int(freed) if freed else None,
    }


def _plan_as_json(plan: Plan) -> dict[str, Any]:
    return {
        "dry_run": True,
        "title": plan.title,
        "hosts": [
            {
                **_of_host(row),
                "outcome": row.refused_as.value if row.refused else None,
                "detail": row.refused,
                "remedy": row.remedy,
            }
            for row in plan.targets
        ],
        "steps": [{"title": step.title, "commands": list(step.commands)} for step in plan.steps],
        "warnings": [*plan.warnings, *plan.irreversible],
    }


def _report_as_json(report: Report, plan: Plan) -> dict[str, Any]:
    rows = {row.name: row for row in plan.targets}
    return {
        "operation": report.operation,
        "outcome": report.outcome.value,
        "hosts": [
            {
                **_of_host(rows[each.name]),
                "outcome": each.outcome.value,
                "detail": each.detail,
                "remedy": each.remedy,
                "seconds": each.seconds,
            }
            for each in report.targets
        ],
    }
