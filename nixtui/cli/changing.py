"""Commands whose report has a shape of its own: the plan and the question are those of `proposing`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nixtui.cli import proposing
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import tell_what_was_cut_off
from nixtui.cli.exits import Exit, exit_for
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.report import Report, word


def add_consent(parser: ArgumentParser) -> None:
    """The options that all of them have."""
    proposing.add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def change(
    nixtui: Assembly, prepared: Prepared, arguments: Namespace, show: Callable[[Report, Plan], None]
) -> Exit:
    """Plan shown, asked, done, and the report printed by `show`, or as JSON where that is wanted."""
    plan = prepared.plan
    if arguments.dry_run:
        return proposing.show_plan(plan, as_json=arguments.json)
    await tell_what_was_cut_off(nixtui)
    report = await proposing.decide(nixtui, prepared, arguments)
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
