"""`nixtui instance swap OLD NEW`: one auto scaling group in the place of another, with the way back."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence

from nixtui.aws.balancers import alarms_on, drain_seconds, find_target_group, states_of
from nixtui.aws.errors import AwsError
from nixtui.aws.instances import list_instances
from nixtui.aws.logins import Logins
from nixtui.aws.scaling import Scaled, scaled
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.drift import drifts_of
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose_groups
from nixtui.cli.instances.placing import by_members
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.instances.standing import images_of, list_groups
from nixtui.instances.swapping import Swap, plan_swap, swapping_job, verdict
from nixtui.operations.operation import Prepared

_DRAIN_MARGIN_S = 120.0
"""After the time that targets may take to drain, for the balancer to notice."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("old", metavar="OLD_GROUP", help="the auto scaling group that has the traffic")
    parser.add_argument("new", metavar="NEW_GROUP", help="the one that is to have it")
    parser.add_argument("--bake", metavar="SECONDS", type=float, default=300.0, help="watch it alone so long (300)")
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=900.0, help="for it to become healthy (900)")
    parser.add_argument("--min-healthy", metavar="PERCENT", type=int, default=100, help="of its instances (100)")
    parser.add_argument("--alarm", metavar="NAME", action="append", default=[], help="a CloudWatch alarm that ends it")
    parser.add_argument("--scale-down", action="store_true", help="set OLD_GROUP to 0 instances at the end")
    parser.add_argument("--every", metavar="SECONDS", type=float, default=5.0, help="look so often (5)")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look, plan, ask, swap, watch, report."""
    async with logins_of(arguments, nixtui) as logins:
        prepared = await prepare(arguments, nixtui, logins)
        return await propose(nixtui, prepared, arguments, known=prepared.known)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    if not 1 <= arguments.min_healthy <= 100:
        raise UsageError("--min-healthy is from 1 to 100")
    session = await _session_of_both(logins, arguments.old, arguments.new)
    region = await session.region()
    old, new = await asyncio.gather(scaled(session, region, arguments.old), scaled(session, region, arguments.new))
    swap = await _swap(arguments, session, old, new)
    plan = plan_swap(swap, await alarms_on(session, swap.alarms, region))
    known = [*await _images(nixtui, session, region, (old, new)), verdict(swap)]
    plan = await by_members(plan, nixtui, session, region, [*old.members, *new.members])
    return Prepared(nixtui.new_identity(), plan, swapping_job(swap, session), {new.name: known})


async def _session_of_both(logins: Logins, old: str, new: str) -> Session:
    """Raises `UsageError`, `AwsError`."""
    if not logins.several:
        return logins.only
    (group, _) = await choose_groups(logins, [old, new])
    return logins.of(group.login)


async def _swap(arguments: Namespace, session: Session, old: Scaled, new: Scaled) -> Swap:
    region = old.region
    arns = list(dict.fromkeys(each.arn for each in (*old.targets, *new.targets)))
    found = await asyncio.gather(*(find_target_group(session, arn, region) for arn in arns))
    drains = await asyncio.gather(*(drain_seconds(session, arn, region) for arn in arns))
    states = await asyncio.gather(*(states_of(session, arn, region) for arn in arns))
    told = zip(arns, states, strict=True)
    idle = [arn for arn, each in told if each and {state for state, _ in each.values()} == {"unused"}]
    return Swap(
        old=old,
        new=new,
        names=dict(found),
        idle=tuple(idle),
        bake_s=max(0.0, arguments.bake),
        patience_s=max(0.0, arguments.wait),
        drain_s=max(drains, default=0.0) + _DRAIN_MARGIN_S,
        least_healthy=arguments.min_healthy,
        alarms=tuple(arguments.alarm),
        every_s=max(0.01, arguments.every),
        scale_down=arguments.scale_down,
    )


async def _images(nixtui: Assembly, session: Session, region: str, groups: Sequence[Scaled]) -> list[str]:
    """What each group runs and what its next instance would start from, with how that stands to the flake."""
    try:
        told = await list_groups(session, region, [each.name for each in groups])
        starting = {each.name: each.starts for each in told}
        members = [member for group in groups for member in group.members]
        asked = {"instance-id": ",".join(members[:200])}
        runs = {each.identity: each.image for each in (await list_instances(session, region, asked) if members else [])}
        images = await images_of(session, region, {each for each in (*runs.values(), *starting.values()) if each})
    except AwsError as error:
        return [f"what the groups run cannot be seen: {error.reason}"]
    drifts = await drifts_of(list(images.values()), nixtui, None)

    def called(identity: str) -> str:
        if (image := images.get(identity)) is None:
            return identity
        drift = drifts.get(image.key)
        stands = f", {drift.short}" if drift is not None and drift.state != "unknown" else ""
        return f"{image.name} ({identity}{stands})"

    def line(group: Scaled) -> str:
        counted = Counter(runs.get(member) or "an image that is not known" for member in group.members)
        has = "; ".join(f"{count} × {called(image)}" for image, count in counted.items()) or "no instances"
        starts = starting.get(group.name)
        other = starts is not None and [starts] != list(counted)
        return f"{group.name} runs {has}" + (f"; the next would start {called(starts)}" if starts and other else "")

    return [line(group) for group in groups]
