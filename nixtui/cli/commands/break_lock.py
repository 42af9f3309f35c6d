"""`nixtui break-lock SELECTOR…`: end whatever operation holds the lock of hosts; each goes back to where it began."""

from argparse import ArgumentParser, Namespace

from nixtui.activation.locks import break_lock_job, plan_break_lock
from nixtui.cli.assembly import Assembly
from nixtui.cli.changing import add_consent, change, report_json
from nixtui.cli.exits import Exit
from nixtui.cli.narration import report_lines
from nixtui.cli.output import print_json
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.report import Report


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, tag:role=web")
    add_consent(parser)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    hosts = await nixtui.select(arguments.selectors)
    job = break_lock_job(hosts, nixtui.reach, nixtui.operator)
    prepared = Prepared(nixtui.new_identity(), plan_break_lock(hosts), job)

    def show(report: Report, plan: Plan) -> None:
        if arguments.json:
            print_json(report_json(report, plan))
        else:
            for line in report_lines(report, plan.kind):
                print(line)

    return await change(nixtui, prepared, arguments, show)
