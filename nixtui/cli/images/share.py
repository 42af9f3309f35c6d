"""`nixtui image share AMI`: let others use an AMI."""

import re
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import choose_image
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent
from nixtui.images.changing import share


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("image", metavar="AMI")
    parser.add_argument("--account", metavar="ID", action="append", default=[], help="an account, twelve digits")
    parser.add_argument("--organisation", metavar="ARN", action="append", default=[], help="an organisation or unit")
    parser.add_argument("--public", action="store_true", help="everybody")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, share, report."""
    for account in arguments.account:
        if not re.fullmatch(r"[0-9]{12}", account):
            raise UsageError(f'--account takes twelve digits, not "{account}"')
    for arn in arguments.organisation:
        if not arn.startswith("arn:"):
            raise UsageError(f'--organisation takes an ARN (arn:aws:organizations::…), not "{arn}"')
    if not (arguments.account or arguments.organisation or arguments.public):
        raise UsageError("nobody is named to share it with; give --account, --organisation or --public")
    async with logins_of(arguments, nixtui) as logins:
        image = await choose_image(logins, arguments.image, owned=True)
        change = share(image, arguments.account, arguments.organisation, public=arguments.public)
        title = f"Share {image.name} ({image.identity})"
        return await propose_changes(arguments, nixtui, logins, "share", title, [change])
