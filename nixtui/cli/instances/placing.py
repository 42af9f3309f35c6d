"""The rules of the hosts that instances are: whoever may not touch a host may not terminate its instance either."""

from collections.abc import Sequence

from nixtui.aws.instances import Instance, list_instances
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.instances.belonging import hosts_of, placed, strictest
from nixtui.operations.plan import Plan

_AT_ONCE = 200
"""As many values as one filter takes."""


async def by_hosts(plan: Plan, nixtui: Assembly, instances: Sequence[Sequence[Instance]]) -> Plan:
    """The plan with the environment of each target, which is all of `instances` at its place.

    Nobody is asked about hosts where there are no environments.
    """
    rules = nixtui.policy.environments
    if not rules:
        return plan
    hosts = await nixtui.hosts()
    # Each by itself: a name that another instance has as well may still be this host's, and too careful is safe.
    found = [[host for each in some for host in hosts_of([each], hosts).values()] for some in instances]
    return placed(plan, [strictest(each, rules) for each in found])


async def by_members(plan: Plan, nixtui: Assembly, session: Session, region: str, members: Sequence[str]) -> Plan:
    """The same for a plan whose one target is what has these members, instances by id or address. Raises `AwsError`."""
    if not nixtui.policy.environments:
        return plan
    instances: list[Instance] = []
    for name, some in (
        ("instance-id", [each for each in members if each.startswith("i-")]),
        ("private-ip-address", [each for each in members if not each.startswith("i-")]),
    ):
        for start in range(0, len(some), _AT_ONCE):
            instances += await list_instances(session, region, {name: ",".join(some[start : start + _AT_ONCE])})
    return await by_hosts(plan, nixtui, [instances])
