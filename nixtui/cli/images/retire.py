"""`nixtui image retire AMI…`: deregister AMIs and delete their snapshots, where nothing uses them."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import choose_images
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent
from nixtui.images.changing import retire
from nixtui.images.keeping import find_all_keeping, losses
from nixtui.images.references import find_all_references


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("images", metavar="AMI", nargs="+")
    parser.add_argument("--force", action="store_true", help="also where something uses them")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find out what would break and what can be had back, plan, ask, retire, report."""
    async with logins_of(arguments, nixtui) as logins:
        images = await choose_images(logins, arguments.images, owned=True)
        references = await find_all_references(logins, images)
        keeping = await find_all_keeping(logins, images)
        changes = [
            retire(image, references[image.identity], keeping[image.identity], force=arguments.force)
            for image in images
        ]
        acting = [image for image, change in zip(images, changes, strict=True) if change.refused is None]
        lost = losses(keeping[image.identity] for image in acting)
        return await propose_changes(arguments, nixtui, logins, "retire", "Retire images", changes, lost)
