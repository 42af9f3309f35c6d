"""`nixtui stack destroy NAME`: terminate every instance of a stack, named by its id and looked at once more."""

import time
from argparse import ArgumentParser, Namespace

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.cli.stacks.declared import as_host, by_rules, declared, login_of, stack_of
from nixtui.operations.operation import Prepared
from nixtui.stacks.destroying import Destroying, look_before, plan_destruction
from nixtui.stacks.members import list_members


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a [stacks.NAME] of nixtui.toml")
    parser.add_argument("--undeclared", action="store_true", help="also its hosts that nixtui.toml does not declare")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look, plan, have the name typed, terminate, wait, report."""
    prepared = await prepare(arguments, nixtui, nixtui.ec2.logins)
    more = {"stack": arguments.name, "region": declared(nixtui, arguments.name).region}
    return await propose(nixtui, prepared, arguments, more=more)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, tell: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    name, section = arguments.name, declared(nixtui, arguments.name)
    session = login_of(logins, name, section)
    stack = await stack_of(nixtui, session, name, section)
    members = await list_members(session, section.region, name)
    doomed = await look_before(session, stack, members, list(section.hosts), undeclared=arguments.undeclared)
    if not doomed:
        tell(f"nothing is left of stack {name} in {section.region}")
    plan = plan_destruction(stack, doomed)
    instances = [each.member.instance for each in doomed]
    hosts = [as_host(nixtui, name, each.member.host or each.member.identity, each.member.instance) for each in doomed]
    plan = await by_rules(plan, nixtui, hosts, instances)
    job = Destroying(session, stack, time.monotonic).job(doomed, plan)
    return Prepared(nixtui.new_identity(), plan, job)
