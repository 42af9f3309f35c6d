"""`nixtui pin HOST TARGET`: keep a system of a host whatever is cleared up, or with `--remove` no longer."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from nixtui.activation.pinning import pinning_job, plan_pinning
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.proposing import add_consent, propose
from nixtui.model.target import parse_target
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST")
    parser.add_argument("target", metavar="TARGET", help="154, previous, current, @2h, rev:…, path:…")
    parser.add_argument("--remove", action="store_true", help="take the pin away")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, do, report."""
    target = parse_target(arguments.target, now=datetime.now(UTC))
    seen = await nixtui.ask_generations([await nixtui.one(arguments.host)])
    pinning = plan_pinning(seen, target, remove=arguments.remove)
    return await propose(
        nixtui, Prepared(nixtui.new_identity(), pinning.plan, pinning_job(pinning, nixtui.reach)), arguments
    )
