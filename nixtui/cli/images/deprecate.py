"""`nixtui image deprecate AMI… --after AGE`: have others no longer find an AMI from a time on."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import choose_images
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.output import rfc3339
from nixtui.cli.proposing import add_consent
from nixtui.images.changing import deprecate
from nixtui.model.store import BadAge, parse_age

_LONGEST_S = 3650 * 86400
"""Ten years; public images may only be deprecated two years ahead, which EC2 says itself."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("images", metavar="AMI", nargs="+")
    parser.add_argument("--after", metavar="AGE", required=True, help="from so long on: 90d, 2w")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, deprecate, report."""
    try:
        seconds = parse_age(arguments.after)
    except BadAge as error:
        raise UsageError(str(error)) from error
    if seconds > _LONGEST_S:
        raise UsageError("an image can be deprecated ten years ahead at most")
    at = rfc3339(nixtui.clock() + seconds) or ""
    async with logins_of(arguments, nixtui) as logins:
        images = await choose_images(logins, arguments.images, owned=True)
        changes = [deprecate(image, at) for image in images]
        return await propose_changes(arguments, nixtui, logins, "deprecate", f"Deprecate images at {at}", changes)
