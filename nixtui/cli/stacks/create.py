"""`nixtui stack create NAME`: launch what is missing of a stack, and see it up."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.cli.stacks.declared import as_host, by_rules, declared, login_of, stack_of
from nixtui.model.host import Host, Way
from nixtui.operations.operation import Prepared
from nixtui.stacks.confirming import Confirming
from nixtui.stacks.creating import creating_job, look_before, plan_creation
from nixtui.stacks.members import Member, list_members
from nixtui.stacks.settling import Settling
from nixtui.stacks.wanted import wanted_of


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a [stacks.NAME] of nixtui.toml")
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Look, plan, ask, launch, wait, report."""
    prepared = await prepare(arguments, nixtui, nixtui.ec2.logins)
    more = {"stack": arguments.name, "region": declared(nixtui, arguments.name).region}
    return await propose(nixtui, prepared, arguments, more=more)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, tell: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    name, section = arguments.name, declared(nixtui, arguments.name)
    session = login_of(logins, name, section)
    if not section.hosts:
        raise UsageError(f"stack {name} declares no host; write [stacks.{name}.hosts.HOST] into nixtui.toml")
    tell(f"looking at stack {name} in {section.region} …")
    stack = await stack_of(nixtui, session, name, section)
    wanted = await wanted_of(session, stack, section, nixtui.configuration.directory)
    members = await list_members(session, section.region, name)

    def host_of(member: Member) -> Host:
        return as_host(nixtui, name, member.host, member.instance)

    async def connect(host: Host) -> object:
        return None if nixtui.way(host) is Way.SSM else await nixtui.pool.connect(host)

    settling = Settling(session, Confirming(host_of, connect))
    creation = await look_before(stack, wanted, members, settling)
    plan = plan_creation(creation)
    instances = [each.member.instance if each.member else None for each in creation.parts]
    hosts = [as_host(nixtui, name, each.wanted.host, one) for each, one in zip(creation.parts, instances, strict=True)]
    plan = await by_rules(plan, nixtui, hosts, instances)
    return Prepared(nixtui.new_identity(), plan, creating_job(creation, plan, settling))
