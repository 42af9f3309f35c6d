"""`nixtui instance shift LISTENER --to GROUP`: move traffic from one target group to another, with the way back."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.balancers import alarms_on, find_listener, find_target_group, health_of
from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.choosing import or_name_one
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.instances.placing import by_members
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.instances.shifting import Shift, plan_shift, shifting_job
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("listener", metavar="LISTENER", help="the ARN of a listener, or of a rule of one")
    parser.add_argument("--to", metavar="GROUP", required=True, help="a target group, by name or ARN")
    parser.add_argument("--stage", metavar="PERCENT", type=int, action="append", default=[], help="first so much of it")
    parser.add_argument("--bake", metavar="SECONDS", type=float, default=60.0, help="watch each stage so long (60)")
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=600.0, help="for it to become healthy (600)")
    parser.add_argument("--min-healthy", metavar="PERCENT", type=int, default=100, help="of its targets (100)")
    parser.add_argument("--alarm", metavar="NAME", action="append", default=[], help="a CloudWatch alarm that ends it")
    parser.add_argument("--every", metavar="SECONDS", type=float, default=5.0, help="look so often (5)")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, move, watch, report."""
    async with logins_of(arguments, nixtui) as logins:
        return await propose(nixtui, await prepare(arguments, nixtui, logins), arguments)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    if not all(1 <= each <= 99 for each in arguments.stage) or not 1 <= arguments.min_healthy <= 100:
        raise UsageError("--stage is from 1 to 99, --min-healthy from 1 to 100")
    if not arguments.listener.startswith("arn:"):
        raise UsageError(f'"{arguments.listener}" is no ARN of a listener; aws elbv2 describe-listeners tells it')
    session = await _owner(logins, arguments.listener)
    region = arguments.region or arguments.listener.split(":")[3] or await session.region()
    listener = await find_listener(session, arguments.listener, region)
    group, name = await find_target_group(session, arguments.to, region)
    others = [(await find_target_group(session, arn, region)) for arn in listener.weights if arn != group]
    shift = Shift(
        listener=listener,
        group=group,
        group_name=name,
        names={group: name, **dict(others)},
        stages=(*sorted(set(arguments.stage)), 100),
        bake_s=max(0.0, arguments.bake),
        patience_s=max(0.0, arguments.wait),
        least_healthy=arguments.min_healthy,
        alarms=tuple(arguments.alarm),
        every_s=max(0.01, arguments.every),
    )
    health = await health_of(session, group, region)
    plan = plan_shift(shift, health, await alarms_on(session, shift.alarms, region))
    before = [await health_of(session, each, region) for each in shift.old]
    touched = dict.fromkeys(target for each in (health, *before) for target in each.targets)
    plan = await by_members(plan, nixtui, session, region, list(touched))
    return Prepared(nixtui.new_identity(), plan, shifting_job(shift, session))


async def _owner(logins: Logins, arn: str) -> Session:
    """Of several logins the one whose account the listener is in, which its ARN tells. Raises `UsageError`."""
    if not logins.several:
        return logins.only
    whose, problems = arn.split(":")[4] if arn.count(":") > 4 else "", list[AwsError]()
    for session in logins.sessions:
        try:
            if await session.account() == whose:
                return session
        except AwsError as error:
            problems.append(error)
    if problems:
        raise or_name_one(problems[0], logins)
    raise UsageError(f"the listener is in account {whose}, which none of {', '.join(logins.several)} is a login of")
