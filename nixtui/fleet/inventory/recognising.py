"""Which instance of EC2 is which host of another source: by what that source says, then by name, then by address."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from nixtui.fleet.inventory.source import PartialHost
from nixtui.model.machine import InstanceId

TAG_INSTANCE: Final = "ec2"
"""`tags.ec2 = "i-…"` of a host in the file says which instance it is."""

TAG_REGION: Final = "region"


def recognised(known: Mapping[str, Sequence[PartialHost]]) -> Mapping[str, Sequence[PartialHost]]:
    """The same, with each instance under the name that another source has for it.

    A name is given once: where two instances would have it, the first keeps it and the other its own. Names that an
    instance has anyway come before addresses, which may be old. An address that instances of two logins have says
    nothing: networks of two accounts are often numbered alike.
    """
    if not any(host.instance for hosts in known.values() for host in hosts):
        return known
    known = _once(known)
    others = [host for hosts in known.values() for host in hosts if host.instance is None]
    by_tag = {host.tags[TAG_INSTANCE]: host.name for host in others if TAG_INSTANCE in host.tags}
    names = {host.name for host in others}
    by_address = {host.address.lower(): host.name for host in others if host.address}
    for address in _of_several_logins(known):
        by_address.pop(address, None)
    claims = {by_tag[each] for each in _identities(known) if each in by_tag}
    given = claims | {host.name for hosts in known.values() for host in hosts if host.instance and host.name in names}

    def renamed(host: PartialHost) -> PartialHost:
        if host.instance is None:
            return host
        claimed = by_tag.get(host.instance.identity)
        if claimed is None and host.name in claims:
            claimed = host.instance.identity
        elif claimed is None and host.name not in names:
            found = (by_address.get(each.lower()) for each in host.reached_at)
            claimed = next((name for name in found if name is not None and name not in given), None)
            given.update({claimed} if claimed else ())
        return host if claimed is None else msgspec.structs.replace(host, name=claimed)

    return {source: [renamed(host) for host in hosts] for source, hosts in known.items()}


def _once(known: Mapping[str, Sequence[PartialHost]]) -> Mapping[str, Sequence[PartialHost]]:
    """An instance that two sources know has the name that the first has for it."""
    names: dict[InstanceId, str] = {}
    for hosts in known.values():
        for host in hosts:
            if host.instance is not None:
                names.setdefault(host.instance, host.name)

    def named(host: PartialHost) -> PartialHost:
        name = names[host.instance] if host.instance is not None else host.name
        return host if name == host.name else msgspec.structs.replace(host, name=name)

    return {source: [named(host) for host in hosts] for source, hosts in known.items()}


def _of_several_logins(known: Mapping[str, Sequence[PartialHost]]) -> Iterator[str]:
    logins: dict[str, set[str | None]] = {}
    for hosts in known.values():
        for host in hosts:
            for address in host.reached_at if host.instance else ():
                logins.setdefault(address.lower(), set()).add(host.login)
    return (address for address, found in logins.items() if len(found) > 1)


def _identities(known: Mapping[str, Sequence[PartialHost]]) -> set[str]:
    return {host.instance.identity for hosts in known.values() for host in hosts if host.instance}


def claimed_instance(tags: Mapping[str, str]) -> InstanceId | None:
    """The instance that a host's own tags name: known without asking EC2, and where EC2 cannot be asked."""
    identity, region = tags.get(TAG_INSTANCE, ""), tags.get(TAG_REGION)
    return InstanceId(identity, region) if identity.startswith("i-") and region else None
