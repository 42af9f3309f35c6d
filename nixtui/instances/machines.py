"""What EC2 knows of the instances that hosts are."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins, in_short, reason_anywhere
from nixtui.aws.session import ByLogin, Session
from nixtui.images.catalogue import Regions
from nixtui.images.creating.recipe import TAG_SYSTEM
from nixtui.instances.standing import Standing, Survey, joined, survey, survey_all
from nixtui.model.host import Host
from nixtui.model.image import Image
from nixtui.model.machine import InstanceId, Machine


async def survey_hosts(logins: ByLogin, hosts: Iterable[Host]) -> Survey:
    """The instances that these hosts are, by their ids; all of a region where those are too many for one filter.

    Every login is asked for those of which no login is known.
    """
    wanted: dict[tuple[Session, str], set[str]] = {}
    for host in hosts:
        if host.instance is not None:
            for session in _sessions_of(host, logins):
                wanted.setdefault((session, host.instance.region), set()).add(host.instance.identity)
    asked = ((where, sorted(each)) for where, each in wanted.items())
    return joined(
        await asyncio.gather(
            *(
                survey(session, [region], {"instance-id": ",".join(each)} if len(each) <= _AT_ONCE else {})
                for (session, region), each in asked
            )
        )
    )


async def survey_fleet(logins: Logins, regions: Regions, filters: Mapping[str, str], hosts: Iterable[Host]) -> Survey:
    """The instances of `regions` that match `filters`, and those that hosts name beyond that."""
    found = await survey_all(logins, regions, filters)
    seen = {each.instance.identity for each in found.standings}

    def could_be_told(host: Host, region: str) -> bool:
        return not all(found.is_blind(session.profile, region) for session in _sessions_of(host, logins))

    others = [
        host
        for host in hosts
        if host.instance and host.instance.identity not in seen and could_be_told(host, host.instance.region)
    ]
    return joined([found, await survey_hosts(logins, others)])


def _sessions_of(host: Host, logins: ByLogin) -> Sequence[Session]:
    """The login that knows its instance; all of them where none is known to."""
    known = [session for session in logins.sessions if session.profile == host.login]
    return known or logins.sessions


_AT_ONCE = 200
"""As many values as one filter takes."""


def machine(standing: Standing, *, images_known: bool = True) -> Machine:
    """An instance as the fleet has it. Where images were not told, nothing says that one of them is gone."""
    instance, checks, group = standing.instance, standing.checks, standing.group
    template, version = instance.template or (None, None)
    return Machine(
        instance=InstanceId(instance.identity, instance.region),
        state=instance.state,
        name=instance.name,
        kind=instance.kind,
        zone=instance.zone,
        created_at=instance.created_at,
        system_check=checks.system if checks else None,
        instance_check=checks.instance if checks else None,
        events=checks.events if checks else (),
        image=instance.image,
        image_name=standing.image_name,
        image_registered=standing.image is not None if images_known and instance.image else None,
        image_system=_system_of(standing.image),
        template=template,
        template_version=version,
        group=instance.group,
        group_template_version=(group.number or group.version) if group else None,
        group_image=group.starts if group else None,
        group_image_name=standing.group_image.name if standing.group_image else None,
        group_system=_system_of(standing.group_image),
        login=instance.login,
        account=instance.account,
    )


def _system_of(image: Image | None) -> str | None:
    """The system that boots from it, where its tag says so. Its store path is the image's own, which no host runs."""
    return image.tags.get(TAG_SYSTEM) if image else None


def machines(found: Survey) -> tuple[Machine, ...]:
    """All of a survey."""
    silent = {(why.login, region) for region, what, why in found.problems if what == "images"}
    return tuple(
        machine(each, images_known=(each.instance.login, each.instance.region) not in silent)
        for each in found.standings
    )


def troubles(problems: Iterable[tuple[str, str, AwsError]], *, several: bool = False) -> tuple[str, ...]:
    """What a survey was not told, once for each reason: ten regions that refuse the same say so in one line.

    With `several` logins each is said by name.
    """
    if several:
        return tuple(f"ec2: {where}: {error}" for where, error in in_short(problems))
    regions: dict[tuple[str, str], list[str]] = {}
    for region, what, error in problems:
        regions.setdefault((what, reason_anywhere(error, region)), []).append(region)
    return tuple(f"ec2: {what} ({', '.join(where)}): {reason}" for (what, reason), where in regions.items())
