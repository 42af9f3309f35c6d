"""`nixtui image discard SNAPSHOT`: delete a snapshot that no image uses."""

import re
from argparse import ArgumentParser, Namespace

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.changes import propose_changes
from nixtui.cli.images.choosing import choose_snapshot
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent
from nixtui.images.changing import Call, Change


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("snapshot", metavar="SNAPSHOT")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, delete, report. EC2 itself refuses to delete what an image uses."""
    if not re.fullmatch(r"snap-[0-9a-f]{8,}", arguments.snapshot):
        raise UsageError(f'"{arguments.snapshot}" is no snapshot; they are named snap-… and hexadecimal digits')
    async with logins_of(arguments, nixtui) as logins:
        session, region = await choose_snapshot(logins, arguments.snapshot)
        call = Call("ec2", "DeleteSnapshot", region, {"SnapshotId": arguments.snapshot}, session.profile)
        change = Change(name=arguments.snapshot, calls=(call,), before=f"in {region}", after="gone")
        title = f"Delete snapshot {arguments.snapshot}"
        return await propose_changes(arguments, nixtui, session, "discard", title, [change], ("it is gone",))
