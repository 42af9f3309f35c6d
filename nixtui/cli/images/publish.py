"""`nixtui image publish AMI…`: tell which AMI is current."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.choosing import choose_image
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.naming import refuse_region
from nixtui.images.publishing import Publication, plan_publication, publishing_job
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("images", metavar="[REGION:]AMI", nargs="+", help="one for each region and architecture")
    parser.add_argument("--parameter", metavar="NAME", help="an SSM parameter in each image's region")
    parser.add_argument("--tfvars", metavar="FILE", type=Path, help="Terraform variables, NAME.auto.tfvars.json")
    parser.add_argument("--variable", metavar="NAME", default="nixos_amis", help="the Terraform variable")
    parser.add_argument("--manifest", metavar="FILE", type=Path, help="all that is known, as JSON")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, publish, report."""
    async with logins_of(arguments, nixtui) as logins:
        return await propose(nixtui, await prepare(arguments, nixtui, logins), arguments)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    cwd = nixtui.surroundings.cwd
    images = []
    for text in dict.fromkeys(arguments.images):
        region, _colon, identity = text.rpartition(":")
        if region and (reason := refuse_region(region)):
            raise UsageError(f'"{region}" {reason}')
        images.append(await choose_image(logins, identity, region or None))
    publication = Publication(
        parameter=arguments.parameter,
        tfvars=cwd / arguments.tfvars if arguments.tfvars else None,
        manifest=cwd / arguments.manifest if arguments.manifest else None,
        variable=arguments.variable,
    )
    plan = plan_publication(publication, images)
    return Prepared(nixtui.new_identity(), plan, publishing_job(publication, images, logins))
