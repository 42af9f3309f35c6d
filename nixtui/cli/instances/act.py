"""`nixtui instance start|stop|reboot|terminate INSTANCE…`."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.instances.placing import by_hosts
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.changing import changing_job, plan_changes
from nixtui.instances.acting import ACTS
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instances", metavar="INSTANCE", nargs="+", help="an id or the name of exactly one")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find them, plan, ask, do it, report."""
    word = arguments.word
    async with logins_of(arguments, nixtui) as logins:
        chosen = await choose(arguments, nixtui, logins, arguments.instances)
        changes = [ACTS[word](each) for each in chosen]
        lost = ("terminated instances and their root volumes are gone",) if word == "terminate" else ()
        plan = plan_changes(f"instance-{word}", f"{word.capitalize()} instances", changes, lost)
        plan = await by_hosts(plan, nixtui, [[each.instance] for each in chosen])
        return await propose(
            nixtui, Prepared(nixtui.new_identity(), plan, changing_job(plan, changes, logins)), arguments
        )
