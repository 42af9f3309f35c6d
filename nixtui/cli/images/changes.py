"""What the commands share that change images which exist."""

from argparse import Namespace
from collections.abc import Sequence

from nixtui.aws.session import ByLogin
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.proposing import propose
from nixtui.images.changing import Change, changing_job, plan_changes
from nixtui.operations.operation import Prepared


async def propose_changes(
    arguments: Namespace,
    nixtui: Assembly,
    logins: ByLogin,
    kind: str,
    title: str,
    changes: Sequence[Change],
    irreversible: tuple[str, ...] = (),
) -> Exit:
    """Show the plan, ask, do it, each call by its login, report."""
    plan = plan_changes(f"image-{kind}", title, changes, irreversible)
    prepared = Prepared(nixtui.new_identity(), plan, changing_job(plan, changes, logins))
    return await propose(nixtui, prepared, arguments)
