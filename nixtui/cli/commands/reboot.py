"""`nixtui reboot SELECTOR…`: restart hosts in waves, and see each come back as it should."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.changing import add_consent, change, report_json
from nixtui.cli.exits import Exit
from nixtui.cli.narration import report_lines
from nixtui.cli.output import print_json
from nixtui.operations.plan import Plan
from nixtui.operations.report import Report


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="hosts: a name, web-*, is:reboot, all")
    add_consent(parser)


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    hosts = await nixtui.select(arguments.selectors)
    prepared = await nixtui.prepare_reboot(hosts)

    def show(report: Report, plan: Plan) -> None:
        if arguments.json:
            print_json(report_json(report, plan))
        else:
            for line in report_lines(report, plan.kind):
                print(line)

    return await change(nixtui, prepared, arguments, show)
