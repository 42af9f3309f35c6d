"""`nixtui image retire AMI…`: deregister AMIs and delete their snapshots, where nothing uses them."""

from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.login import add_login, open_session
from nixtui.cli.proposing import add_consent
from nixtui.images.catalogue import find_image
from nixtui.images.changing import retire
from nixtui.images.keeping import find_keeping, losses
from nixtui.images.references import find_references


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("images", metavar="AMI", nargs="+")
    parser.add_argument("--force", action="store_true", help="also where something uses them")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Find out what would break and what can be had back, plan, ask, retire, report."""
    async with open_session(arguments, nixtui) as session:
        region = await session.region()
        images = [await find_image(session, each, region) for each in dict.fromkeys(arguments.images)]
        references = await find_references(session, images)
        keeping = await find_keeping(session, images)
        changes = [
            retire(image, references[image.identity], keeping[image.identity], force=arguments.force)
            for image in images
        ]
        acting = [image for image, change in zip(images, changes, strict=True) if change.refused is None]
        lost = losses(keeping[image.identity] for image in acting)
        return await propose_changes(arguments, nixtui, session, "retire", "Retire images", changes, lost)
