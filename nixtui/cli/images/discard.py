"""`nixtui image discard SNAPSHOT`: delete a snapshot that no image uses."""

import re
from argparse import ArgumentParser, Namespace

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.choosing import choose_snapshot
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.changing import Call, Change, changing_job, plan_changes
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("snapshot", metavar="SNAPSHOT")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, delete, report."""
    async with logins_of(arguments, nixtui) as logins:
        return await propose(nixtui, await prepare(arguments, nixtui, logins), arguments)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. EC2 itself refuses to delete what an image uses. Raises `UsageError` and `AwsError`."""
    if not re.fullmatch(r"snap-[0-9a-f]{8,}", arguments.snapshot):
        raise UsageError(f'"{arguments.snapshot}" is no snapshot; they are named snap-… and hexadecimal digits')
    session, region = await choose_snapshot(logins, arguments.snapshot)
    call = Call("ec2", "DeleteSnapshot", region, {"SnapshotId": arguments.snapshot}, session.profile)
    change = Change(name=arguments.snapshot, calls=(call,), before=f"in {region}", after="gone")
    plan = plan_changes("image-discard", f"Delete snapshot {arguments.snapshot}", [change], ("it is gone",))
    return Prepared(nixtui.new_identity(), plan, changing_job(plan, [change], session))
