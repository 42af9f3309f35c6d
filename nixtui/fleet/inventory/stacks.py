"""Hosts that are instances of declared stacks, by the tags that they were made with."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance, list_instances
from nixtui.aws.logins import Logins, open_logins
from nixtui.config.schema import Reached, StackSection
from nixtui.fleet.inventory.recognising import TAG_INSTANCE, TAG_REGION
from nixtui.fleet.inventory.source import STACKS, Found, PartialHost, SourceProblem, admit
from nixtui.model.machine import InstanceId
from nixtui.model.stack import HOST_TAG, TAG_FLEET, TAG_HOST, TAG_STACK, fleet_name


class StackSource:
    """The declared hosts of `stacks` that are there. `fleet` is the name of theirs, as in the tags.

    An instance that nobody declared is no host by itself: whoever may tag instances would otherwise add to the fleet.
    """

    name = STACKS

    def __init__(
        self, stacks: Mapping[str, StackSection], fleet: str, logins: Sequence[str], environ: Mapping[str, str]
    ) -> None:
        self._stacks = stacks
        self._fleet = fleet
        self._logins = logins
        self._environ = environ
        self._known: dict[tuple[str | None, str], list[Instance]] = {}

    async def hosts(self) -> AsyncIterator[Found]:
        """All of them at once. What a region told last still counts where it does not tell now."""
        async with open_logins(self._environ, configured=self._logins) as logins:
            places = list(dict.fromkeys((stack.profile, str(stack.region)) for stack in self._stacks.values()))
            asked = await asyncio.gather(*(self._ask(logins, *place) for place in places))
        yield self._found([problem for problem in asked if problem is not None])

    async def _ask(self, logins: Logins, profile: str | None, region: str) -> SourceProblem | None:
        wanted = [name for name, stack in self._stacks.items() if (stack.profile, stack.region) == (profile, region)]
        try:
            session = logins.of(profile) if profile is not None else logins.only
            told = await list_instances(session, region, {f"tag:{TAG_STACK}": ",".join(wanted)})
        except AwsError as error:
            return SourceProblem(source=STACKS, reason=error.reason, remedy=error.remedy)
        self._known[profile, region] = told
        return None

    def _found(self, problems: Iterable[SourceProblem]) -> Found:
        hosts, odd = [], []
        for name, stack in self._stacks.items():
            for host in stack.hosts:
                match [
                    each for each in self._known.get((stack.profile, stack.region), ()) if self._is(each, name, host)
                ]:
                    case [instance]:
                        found = stack_host(name, stack, host, instance)
                        hosts += [found] if found.address else []
                        odd += [] if found.address else [_without_address(found.name, stack, instance)]
                    case [_, *_] as several:
                        odd.append(_several(fleet_name(name, host), name, several))
        admitted = admit(STACKS, tuple(hosts))
        return Found(admitted.hosts, (*problems, *odd, *admitted.problems))

    def _is(self, instance: Instance, stack: str, host: str) -> bool:
        tags = instance.tags
        return (tags.get(TAG_STACK), tags.get(TAG_HOST), tags.get(TAG_FLEET)) == (stack, host, self._fleet)


def stack_host(name: str, stack: StackSection, host: str, instance: Instance | None = None) -> PartialHost:
    """A declared host as the fleet has it; without an instance, as it would be."""
    section = stack.hosts[host]
    declared = {**section.tags, HOST_TAG: name}
    own: dict[str, str] = {}
    address = None
    if instance is not None:
        public, private = instance.public_address, instance.private_address
        address = public if stack.address is Reached.PUBLIC else private
        known = {"zone": instance.zone, "type": instance.kind, "ami": instance.image, "instance-state": instance.state}
        own = {**{key: value for key, value in known.items() if value}, **instance.tags}
        declared |= {TAG_INSTANCE: instance.identity, TAG_REGION: instance.region}
    return PartialHost(
        name=fleet_name(name, host),
        address=address,
        port=stack.port,
        user=stack.user,
        flake_attr=section.flake_attr or host,
        tags={**own, **declared},
        instance=InstanceId(instance.identity, instance.region) if instance else None,
        login=instance.login if instance else None,
    )


def _without_address(called: str, stack: StackSection, instance: Instance) -> SourceProblem:
    """By its bare name it could be another machine."""
    return SourceProblem(
        source=STACKS,
        host=called,
        reason=f"{instance.identity}, which is {instance.state}, has no {stack.address.value} address",
        remedy="it is left out until it has one",
    )


def _several(called: str, stack: str, instances: Sequence[Instance]) -> SourceProblem:
    return SourceProblem(
        source=STACKS,
        host=called,
        reason=f"{len(instances)} instances say that they are it: {', '.join(each.identity for each in instances)}",
        remedy=f"see nixtui stack show {stack}, and terminate all but one",
    )
