"""`nixtui image restore AMI…|SNAPSHOT…`: have back what lies in the recycle bin."""

import re
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.login import add_login, open_session
from nixtui.cli.proposing import add_consent
from nixtui.images.recycling import list_bin, restore, restored_with


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("things", metavar="AMI|SNAPSHOT", nargs="+", help="an image comes with its snapshots")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look into the bin, plan, ask, restore, report."""
    for each in arguments.things:
        if not re.fullmatch(r"(ami|snap)-[0-9a-f]{8,}", each):
            raise UsageError(f'"{each}" is no image and no snapshot; they are named ami-… and snap-…')
    async with open_session(arguments, nixtui) as session:
        region = await session.region()
        binned, problems = await list_bin(session, [region])
        if problems:
            raise problems[0][1]
        changes = restored_with([restore(each, region, binned) for each in dict.fromkeys(arguments.things)])
        return await propose_changes(arguments, nixtui, session, "restore", "Restore from the recycle bin", changes)
