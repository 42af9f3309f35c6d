"""`nixtui instance refresh GROUP --image AMI`: roll an auto scaling group onto an image, watch it, end it."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.choosing import choose_group
from nixtui.cli.instances.placing import by_members
from nixtui.cli.output import plain, print_json
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.catalogue import find_image
from nixtui.images.changing import changing_job, plan_changes
from nixtui.instances.refreshing import (
    Refresh,
    Rollout,
    end_change,
    latest_refresh,
    no_way_back,
    plan_refresh,
    refresh_job,
)
from nixtui.instances.standing import Group
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("group", metavar="GROUP", help="an auto scaling group")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", metavar="AMI", help="roll onto this image")
    what.add_argument("--status", action="store_true", help="how the newest refresh stands")
    what.add_argument("--cancel", action="store_true", help="stop the refresh that runs where it is")
    what.add_argument("--rollback", action="store_true", help="take the refresh that runs back")
    parser.add_argument("--min-healthy", metavar="PERCENT", type=int, default=90, help="in service meanwhile (90)")
    parser.add_argument("--warmup", metavar="SECONDS", type=int, help="until a new instance counts")
    parser.add_argument("--checkpoint", metavar="PERCENT", type=int, action="append", default=[], help="wait here")
    parser.add_argument("--checkpoint-delay", metavar="SECONDS", type=int, default=3600, help="so long (3600)")
    parser.add_argument("--bake", metavar="SECONDS", type=int, default=0, help="watch so long after the last one")
    parser.add_argument("--alarm", metavar="NAME", action="append", default=[], help="a CloudWatch alarm that ends it")
    parser.add_argument("--no-auto-rollback", action="store_true", help="stay where it is when it fails")
    parser.add_argument("--every", metavar="SECONDS", type=float, default=10.0, help="look so often (10)")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, roll, watch, report."""
    _check(arguments)
    async with logins_of(arguments, nixtui) as logins:
        group = await choose_group(logins, arguments.group)
        session = logins.of(group.login)
        refresh = await latest_refresh(session, group.region, group.name)
        if arguments.status:
            return _show(refresh, as_json=arguments.json)
        if arguments.cancel or arguments.rollback:
            return await _end(arguments, nixtui, session, group, refresh)
        rollout = Rollout(
            group=group,
            image=await find_image(session, arguments.image, group.region),
            min_healthy=arguments.min_healthy,
            warmup_s=arguments.warmup,
            checkpoints=tuple(arguments.checkpoint),
            checkpoint_s=arguments.checkpoint_delay,
            bake_s=arguments.bake,
            alarms=tuple(arguments.alarm),
            auto_rollback=not arguments.no_auto_rollback,
        )
        plan = plan_refresh(rollout, refresh if refresh and refresh.is_running else None)
        plan = await by_members(plan, nixtui, session, group.region, group.members)
        prepared = Prepared(
            nixtui.new_identity(), plan, refresh_job(rollout, session, every_s=max(0.01, arguments.every))
        )
        why_not = no_way_back(group)
        more = {"rollback_possible": why_not is None, "rollback_impossible_because": why_not}
        return await propose(nixtui, prepared, arguments, more=more)


def _check(arguments: Namespace) -> None:
    for name, value, most in (
        ("--min-healthy", arguments.min_healthy, 100),
        ("--warmup", arguments.warmup or 0, 172800),
        ("--checkpoint-delay", arguments.checkpoint_delay, 172800),
        ("--bake", arguments.bake, 172800),
        *(("--checkpoint", each, 100) for each in arguments.checkpoint),
    ):
        if not 0 <= value <= most:
            raise UsageError(f"{name} is from 0 to {most}")


async def _end(arguments: Namespace, nixtui: Assembly, session: Session, group: Group, refresh: Refresh | None) -> Exit:
    change = end_change(group, refresh, back=arguments.rollback)
    title = f"{'Roll back' if arguments.rollback else 'Cancel'} the instance refresh of {group.name}"
    plan = plan_changes("instance-refresh-end", title, [change])
    plan = await by_members(plan, nixtui, session, group.region, group.members)
    job = changing_job(plan, [change], session)
    return await propose(nixtui, Prepared(nixtui.new_identity(), plan, job), arguments)


def _show(refresh: Refresh | None, *, as_json: bool) -> Exit:
    if as_json:
        fields = ("status", "percent", "left", "reason")
        print_json(refresh and {"refresh_id": refresh.identity, **{name: getattr(refresh, name) for name in fields}})
    elif refresh is None:
        print("it was never refreshed")
    else:
        reason = f", {plain(refresh.reason)}" if refresh.reason else ""
        print(f"{refresh.identity}  {refresh.status}  {refresh.percent} %{reason}")
    return Exit.DONE
