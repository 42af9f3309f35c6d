"""Hosts that are instances: those of `[ec2]`, in all of its logins and regions at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance, list_instances
from nixtui.aws.logins import EVERYWHERE, Logins, in_short, once, open_logins
from nixtui.aws.session import Session
from nixtui.config.schema import Ec2Section, Source
from nixtui.fleet.inventory.recognising import TAG_INSTANCE, TAG_REGION
from nixtui.fleet.inventory.source import Found, PartialHost, SourceProblem, admit
from nixtui.model.machine import InstanceId
from nixtui.model.naming import printable, refuse_name

_NAME = Source.EC2.value


class Ec2Source:
    """Each instance is a host by its name tag, else by its id.

    Two with the same name are told apart by their ids, so that one's keys and history are never taken for the other's.
    The address is the private one where there is one: fleets are reached through a VPN or a bastion more often than
    over public addresses, which most instances have none of.
    """

    name = _NAME

    def __init__(self, section: Ec2Section, environ: Mapping[str, str]) -> None:
        self._section = section
        self._environ = environ
        self._known: dict[tuple[str | None, str], list[Instance]] = {}

    async def hosts(self) -> AsyncIterator[Found]:
        """What has been told so far, each time another region of a login has. Of one that does not tell now, what it
        told last still counts: its hosts have not gone because AWS cannot be asked.
        """
        async with open_logins(self._environ, configured=self._section.logins) as logins:
            problems: list[tuple[str, AwsError]] = []
            places: list[tuple[Session, str]] = []
            for session in logins.sessions:
                try:
                    regions = self._section.regions or (await session.region(),)
                except AwsError as error:
                    problems.append((EVERYWHERE, error))
                else:
                    places += [(session, region) for region in dict.fromkeys(regions)]
            asked = [asyncio.ensure_future(self._ask(*place)) for place in places]
            try:
                for answer in asyncio.as_completed(asked):
                    session, region, told = await answer
                    if isinstance(told, AwsError):
                        problems.append((region, told))
                    else:
                        self._known[session.profile, region] = told
                    if len(asked) > 1 or problems:
                        yield self._found(problems, logins)
                yield self._found(problems, logins)
            finally:
                for each in asked:
                    each.cancel()
                await asyncio.gather(*asked, return_exceptions=True)

    async def _ask(self, session: Session, region: str) -> tuple[Session, str, list[Instance] | AwsError]:
        try:
            return session, region, await list_instances(session, region, self._section.filters)
        except AwsError as error:
            return session, region, error

    def _found(self, problems: Sequence[tuple[str, AwsError]], logins: Logins) -> Found:
        told = (
            (each.whereabouts, each)
            for session in logins.sessions  # in their order: of two of one account the first is who is gone by
            for (login, _), some in self._known.items()
            if login == session.profile
            for each in some
        )
        instances = once(told)
        instances.sort(key=lambda each: (each.region, each.identity))
        hosts, odd = as_hosts(instances, self._section.name_tag)
        admitted = admit(_NAME, hosts)
        return Found(admitted.hosts, (*_problems(problems, logins), *odd, *admitted.problems))


def as_hosts(instances: Sequence[Instance], name_tag: str) -> tuple[tuple[PartialHost, ...], tuple[SourceProblem, ...]]:
    """The instances as hosts, and what is odd about their names."""
    named = [(instance, instance.tags.get(name_tag) or instance.identity) for instance in instances]
    often = Counter(name for _, name in named)
    hosts, problems = [], []
    for instance, name in named:
        known_as = name
        if reason := refuse_name(name):
            problems.append(_renamed(instance, f"the name {printable(name)} {reason}"))
            known_as = instance.identity
        elif often[name] > 1:
            known_as = f"{name}-{instance.identity.removeprefix('i-')}"
        hosts.append(_host(instance, known_as))
    problems += [_shared(name, count) for name, count in often.items() if count > 1 and not refuse_name(name)]
    return tuple(hosts), tuple(problems)


def _host(instance: Instance, name: str) -> PartialHost:
    which = {TAG_INSTANCE: instance.identity, TAG_REGION: instance.region}
    own = {"zone": instance.zone, "type": instance.kind, "ami": instance.image, "instance-state": instance.state}
    known = (instance.private_address, instance.public_address, instance.private_name, instance.public_name)
    return PartialHost(
        name=name,
        address=instance.private_address or instance.public_address,
        # who may tag an instance must not make it pass for another one
        tags={**{key: value for key, value in own.items() if value}, **instance.tags, **which},
        instance=InstanceId(instance.identity, instance.region),
        login=instance.login,
        reached_at=tuple(each for each in known if each),
    )


def _renamed(instance: Instance, reason: str) -> SourceProblem:
    return SourceProblem(source=_NAME, host=instance.identity, reason=reason, remedy="it is known by its id", note=True)


def _shared(name: str, count: int) -> SourceProblem:
    return SourceProblem(
        source=_NAME,
        host=name,
        reason=f"{count} instances have this name",
        remedy="each is known by it and its id",
        note=True,
    )


def _problems(problems: Sequence[tuple[str, AwsError]], logins: Logins) -> list[SourceProblem]:
    if not logins.several:
        return [SourceProblem(source=_NAME, reason=error.reason, remedy=error.remedy) for _, error in problems]
    short = in_short((region, None, error) for region, error in problems)
    return [
        SourceProblem(source=_NAME, reason=f"{where}: {error.reason}", remedy=error.remedy) for where, error in short
    ]
