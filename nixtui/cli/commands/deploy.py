"""`nixtui deploy [SELECTOR…]`: build, copy and activate systems, under the guard and in waves."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.deploying import Deploying
from nixtui.cli.exits import Exit
from nixtui.cli.output import narrate
from nixtui.cli.proposing import add_consent, number, propose
from nixtui.deploys.copying import AT_ONCE, CopySettings
from nixtui.deploys.job import deploy_job
from nixtui.deploys.plan import Action, Choice, findings
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="*", help="hosts: a name, web-*, tag:role=web, all")
    parser.add_argument(
        "--action",
        choices=[action.value for action in Action],
        default=Action.SWITCH.value,
        help="switch live under the guard (default), only set what boots next, test it until the next reboot, or only "
        "copy it and ask what would change",
    )
    parser.add_argument("--specialisation", metavar="NAME", help="activate this specialisation of the system")
    parser.add_argument(
        "--substitute-on-destination",
        action="store_true",
        help="let hosts fetch from their own substituters what these have",
    )
    parser.add_argument("--copies", metavar="N", type=int, default=AT_ONCE, help="copy to so many hosts at once")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Build, look, ask, do, report."""
    hosts = await nixtui.select(arguments.selectors or ["all"])
    deploying = Deploying(nixtui)
    narrate(f"building {len(hosts)} systems …")
    built = await deploying.build(hosts)
    narrate(f"looking at {len(hosts)} hosts …")
    candidates = await deploying.examine(hosts, built)
    choice = Choice(action=Action(arguments.action), specialisation=arguments.specialisation)
    deploy = deploying.plan(candidates, choice)
    copying = CopySettings(at_once=max(1, arguments.copies), substitute=arguments.substitute_on_destination)
    known = {each.host.name: findings(each) for each in candidates}
    prepared = Prepared(deploy.operation, deploy.plan, deploy_job(deploy, deploying.means(copying)))
    return await propose(nixtui, prepared, arguments, number, known=known)
