"""`nixtui instance replace-root INSTANCE --image AMI`: the disk of another image in a running instance."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose
from nixtui.cli.instances.placing import by_hosts
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.catalogue import find_image
from nixtui.instances.replacing import Replacement, plan_replacement, replacing_job, running_task
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("instance", metavar="INSTANCE", help="an id or the name of exactly one")
    parser.add_argument("--image", metavar="AMI", required=True)
    parser.add_argument("--keep-volume", action="store_true", help="keep the old root volume, detached")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, replace, watch, report."""
    async with logins_of(arguments, nixtui) as logins:
        return await propose(nixtui, await prepare(arguments, nixtui, logins), arguments)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    (standing,) = await choose(arguments, nixtui, logins, [arguments.instance])
    session = logins.of(standing.instance.login)
    image = await find_image(session, arguments.image, standing.instance.region)
    identity = nixtui.new_identity()
    replacement = Replacement(standing, image, identity, keep=arguments.keep_volume)
    plan = plan_replacement(replacement, await running_task(session, standing.instance))
    plan = await by_hosts(plan, nixtui, [[standing.instance]])
    return Prepared(identity, plan, replacing_job(replacement, session))
