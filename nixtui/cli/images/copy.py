"""`nixtui image copy AMI --to REGION`: copy an AMI into other regions."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import choose_image
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent
from nixtui.images.changing import copy
from nixtui.images.naming import refuse_region


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("image", metavar="AMI")
    parser.add_argument("--to", metavar="REGION", nargs="+", required=True)
    parser.add_argument("--kms-key", metavar="ARN", help="encrypt the copies with this key")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, copy, report."""
    for region in arguments.to:
        if reason := refuse_region(region):
            raise UsageError(f'--to: "{region}" {reason}')
    async with logins_of(arguments, nixtui) as logins:
        image = await choose_image(logins, arguments.image)
        changes = [copy(image, to, kms_key=arguments.kms_key) for to in dict.fromkeys(arguments.to)]
        title = f"Copy {image.name} ({image.identity}) from {image.region}"
        return await propose_changes(arguments, nixtui, logins, "copy", title, changes)
