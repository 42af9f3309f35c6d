"""From what several sources know to one list of hosts."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from nixtui.fleet.inventory.recognising import claimed_instance, recognised
from nixtui.fleet.inventory.source import STACKS, PartialHost
from nixtui.model.environment import Environment
from nixtui.model.host import Host, Way
from nixtui.model.selector import Selector, Subject, parse_selector
from nixtui.model.status import HostStatus


def merge(
    known: Mapping[str, Sequence[PartialHost]],
    environments: Iterable[Environment] = (),
    exclude: Selector | None = None,
) -> tuple[Host, ...]:
    """One host per name, in the order of the sources in `known`, which is also their precedence.

    Of each field the first source that has a value wins; tags are joined key by key under the same rule. A host whose
    only claim is to be a flake attribute that another host is built from (`flake_attr`) is no host of its own, unless
    that other one is a stack's, which comes and goes. An instance that another source knows by another name is that
    host.
    """
    known = recognised(known)
    pieces: dict[str, dict[str, PartialHost]] = {}
    for source, hosts in known.items():
        for host in hosts:
            pieces.setdefault(host.name, {}).setdefault(source, host)
    built = {
        each.flake_attr
        for given in pieces.values()
        for source, each in given.items()
        if each.flake_attr != each.name and source != STACKS
    }
    merged = (
        _host(name, given)
        for name, given in pieces.items()
        if not (name in built and all(_is_only_an_attribute(each) for each in given.values()))
    )
    matchers = [(environment.name, parse_selector(environment.match)) for environment in environments]
    return tuple(_placed(host, matchers) for host in merged if not (exclude and _matches(exclude, host)))


def combine(name: str, parts: Sequence[PartialHost]) -> PartialHost:
    """What several know of one host: of each field, and of each tag, the first value."""
    return PartialHost(
        name=name,
        address=next((each.address for each in parts if each.address is not None), None),
        port=next((each.port for each in parts if each.port is not None), None),
        user=next((each.user for each in parts if each.user is not None), None),
        flake_attr=next((each.flake_attr for each in parts if each.flake_attr is not None), None),
        tags=_tags(parts),
        instance=next((each.instance for each in parts if each.instance is not None), None),
        login=next((each.login for each in parts if each.instance is not None), None),
        transport=next((each.transport for each in parts if each.transport is not None), None),
    )


def _tags(parts: Sequence[PartialHost]) -> Mapping[str, str]:
    """Those of the first source come first: where there is no room for all, what somebody wrote is shown."""
    tags: dict[str, str] = {}
    for each in parts:
        for key, value in each.tags.items():
            tags.setdefault(key, value)
    return tags


def _host(name: str, given: Mapping[str, PartialHost]) -> Host:
    known = combine(name, list(given.values()))
    return Host(
        name=name,
        address=name if known.address is None else known.address,
        port=known.port,
        user=known.user,
        flake_attr=name if known.flake_attr is None else known.flake_attr,
        tags=known.tags,
        sources=tuple(given),
        instance=known.instance or claimed_instance(known.tags),
        login=known.login,
        transport=known.transport or Way.SSH,
    )


def _is_only_an_attribute(host: PartialHost) -> bool:
    return host == PartialHost(name=host.name, flake_attr=host.name)


def _placed(host: Host, matchers: Iterable[tuple[str, Selector]]) -> Host:
    """The host with the first environment whose selector it matches, if one does."""
    environment = next((name for name, selector in matchers if _matches(selector, host)), None)
    return host if environment is None else msgspec.structs.replace(host, environment=environment)


def _matches(selector: Selector, host: Host) -> bool:
    """Only selectors that ask for nothing but the inventory come here, so a host never seen will do."""
    return selector.matches(Subject(host, HostStatus(), now=0.0))
