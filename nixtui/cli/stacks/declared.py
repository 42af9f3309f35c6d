"""The stacks that the configuration declares, and which hosts of the fleet their instances are."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from nixtui.aws.instances import Instance
from nixtui.aws.logins import Logins
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.config.schema import StackHostSection, StackSection
from nixtui.fleet.inventory.file import FileSource
from nixtui.fleet.inventory.merge import merge
from nixtui.fleet.inventory.source import STACKS, PartialHost
from nixtui.fleet.inventory.stacks import stack_host
from nixtui.instances.belonging import hosts_of, placed, strictest
from nixtui.model.host import Host
from nixtui.model.stack import fleet_name
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Refused
from nixtui.stacks.members import Member, Stack, stack_here


def declared(nixtui: Assembly, name: str) -> StackSection:
    """`[stacks.NAME]`. Raises `UsageError`."""
    stacks = nixtui.configuration.stacks
    if name in stacks:
        return stacks[name]
    if not stacks:
        raise UsageError(f'no stack is declared, so none is "{name}"; write [stacks.{name}] into nixtui.toml')
    near = get_close_matches(name, stacks, 1)
    hint = f'did you mean "{near[0]}"?' if near else f"declared are: {', '.join(stacks)}"
    raise UsageError(f'no stack is declared as "{name}" in nixtui.toml; {hint}')


def chosen(section: StackSection, stack: str, names: Sequence[str]) -> list[str]:
    """The hosts of these names, all where none is named. Raises `UsageError`."""
    for name in names:
        if name not in section.hosts:
            raise UsageError(f'stack {stack} declares no host "{name}"; it has: {", ".join(section.hosts) or "none"}')
    return list(dict.fromkeys(names)) or list(section.hosts)


def fleet_of(nixtui: Assembly) -> str:
    """The name of the fleet as tags have it; empty where it has none."""
    return nixtui.configuration.fleet.name or ""


def login_of(logins: Logins, name: str, section: StackSection) -> Session:
    """The login that the stack names, else the one there is. Raises `UsageError`, `AwsError` where it is none."""
    if section.profile is not None:
        return logins.of(section.profile)
    if logins.several:
        first = logins.several[0]
        raise UsageError(f'there are several logins; write profile = "{first}" or another into [stacks.{name}]')
    return logins.only


async def stack_of(nixtui: Assembly, session: Session, name: str, section: StackSection) -> Stack:
    """The stack in this login's account. Raises `AwsError`."""
    return await stack_here(session, name, section.region, fleet_of(nixtui))


def as_host(nixtui: Assembly, stack: str, host: str, instance: Instance | None) -> Host:
    """A host of a stack as the fleet has it, without asking anybody: the file's own words about it come first."""
    section = nixtui.configuration.stacks[stack]
    if host in section.hosts:
        partial = stack_host(stack, section, host, instance)
    else:  # what nobody declares is only what its tags say
        bare = StackHostSection(image="", type="", tags=instance.tags if instance else {})  # type: ignore[arg-type] # nobody launches it
        partial = stack_host(stack, StackSection(region=section.region, hosts={host: bare}), host, instance)
    known: dict[str, Sequence[PartialHost]] = {
        "file": [each for each in FileSource(nixtui.configuration.hosts).found().hosts if each.name == partial.name],
        STACKS: [partial],
    }
    (found,) = merge(known, nixtui.configuration.environments)
    return found


async def by_rules(plan: Plan, nixtui: Assembly, hosts: Sequence[Host], instances: Sequence[Instance | None]) -> Plan:
    """The plan with the environment of each target: of the host that it is or would be, and of any host of the fleet
    that its instance is; the one that asks for most.
    """
    rules = nixtui.policy.environments
    if not rules:
        return plan
    fleet = await nixtui.hosts()

    def all_of(host: Host, instance: Instance | None) -> Iterable[Host]:
        return [host, *(hosts_of([instance], fleet).values() if instance is not None else ())]

    pairs = zip(hosts, instances, strict=True)
    return placed(plan, [strictest(all_of(*each), rules) for each in pairs])


async def there(nixtui: Assembly, stack: str, hosts: Sequence[str]) -> list[Host]:
    """These hosts of a stack as the fleet has them. Raises `Refused` where one is not there."""
    fleet = {each.name: each for each in await nixtui.hosts()}
    found = [fleet.get(fleet_name(stack, each)) for each in hosts]
    missing = [
        fleet_name(stack, host)
        for host, each in zip(hosts, found, strict=True)
        if each is None or each.instance is None
    ]
    if missing:
        raise Refused(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there, or not known to be",
            f"nixtui stack show {stack} says more; nixtui stack create {stack} makes what is missing",
        )
    return [each for each in found if each is not None]


def alive(stack: Stack, members: Iterable[Member]) -> list[Member]:
    """Those of this very stack that are not gone."""
    return [each for each in members if stack.has(each) and not each.is_gone]
