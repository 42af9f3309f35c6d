"""Which host of the fleet an instance is, and so how careful one must be with it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from nixtui.aws.instances import Instance
from nixtui.model.environment import Confirmation, Environment
from nixtui.model.host import Host
from nixtui.operations.plan import Plan

EC2_TAG = "ec2"
"""The tag of a host that has its instance's id, where the inventory knows it."""


def hosts_of(instances: Iterable[Instance], hosts: Iterable[Host]) -> Mapping[str, Host]:
    """The host that each instance is, by the instance's id.

    An id beats a name, and a name an address: addresses are used again. A name that several instances have tells
    nothing, and a host that is known to be one instance is no other.
    """
    listed, known = list(instances), list(hosts)
    by_identity = {host.tags[EC2_TAG]: host for host in known if EC2_TAG in host.tags}
    others = [host for host in known if EC2_TAG not in host.tags]
    by_name = {host.name: host for host in others}
    by_address = {host.address: host for host in others}
    often = Counter(each.name for each in listed)
    found: dict[str, Host] = {}
    for each in listed:
        host = by_identity.get(each.identity)
        if host is None and often[each.name] == 1:
            host = by_name.get(each.name)
        for address in (each.private_address, each.public_address):
            host = host or (by_address.get(address) if address else None)
        if host is not None:
            found[each.identity] = host
    return found


def strictest(hosts: Iterable[Host], rules: Mapping[str, Environment]) -> str | None:
    """Of the environments that these hosts are in, the one that asks for most; one without rules counts as that."""

    def asks(name: str) -> tuple[bool, bool, bool, bool]:
        if (rule := rules.get(name)) is None:
            return True, True, True, True
        return rule.read_only, rule.confirm is Confirmation.TYPE, rule.ask_reason, not rule.allow_yes

    return max(sorted({host.environment for host in hosts if host.environment}), key=asks, default=None)


def placed(plan: Plan, environments: Sequence[str | None]) -> Plan:
    """The plan with the environment of each target, in their order: what its rules are applied by."""
    targets = (
        msgspec.structs.replace(target, environment=name)
        for target, name in zip(plan.targets, environments, strict=True)
    )
    return msgspec.structs.replace(plan, targets=tuple(targets))
