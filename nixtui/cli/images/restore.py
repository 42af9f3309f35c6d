"""`nixtui image restore AMI…|SNAPSHOT…`: have back what lies in the recycle bin."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import or_name_one
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent
from nixtui.images.recycling import list_bins, restore, restored_with


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
    async with logins_of(arguments, nixtui) as logins:
        wanted = list(dict.fromkeys(arguments.things))
        binned, problems, regions = await list_bins(logins, _region)
        if problems and not {each.identity for each in binned} >= set(wanted):
            raise or_name_one(problems[0][1], logins)
        where = {each.identity: each.region for each in binned}
        changes = restored_with([restore(each, where.get(each, regions[0]), binned) for each in wanted])
        return await propose_changes(arguments, nixtui, logins, "restore", "Restore from the recycle bin", changes)


async def _region(session: Session) -> Sequence[str]:
    return [await session.region()]
