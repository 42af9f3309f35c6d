"""What EC2 knows of the instances that hosts are."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.instances.standing import Standing, Survey, survey
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId, Machine


async def survey_hosts(session: Session, hosts: Iterable[Host]) -> Survey:
    """The instances that these hosts are, by their ids; all of a region where those are too many for one filter."""
    wanted: dict[str, set[str]] = {}
    for host in hosts:
        if host.instance is not None:
            wanted.setdefault(host.instance.region, set()).add(host.instance.identity)
    asked = ((region, sorted(each)) for region, each in wanted.items())
    return _joined(
        await asyncio.gather(
            *(
                survey(session, [region], {"instance-id": ",".join(each)} if len(each) <= _AT_ONCE else {})
                for region, each in asked
            )
        )
    )


async def survey_fleet(
    session: Session, regions: Sequence[str], filters: Mapping[str, str], hosts: Iterable[Host]
) -> Survey:
    """The instances of `regions` that match `filters`, and those that hosts name beyond that."""
    found = await survey(session, regions, filters)
    seen = {each.instance.identity for each in found.standings}
    others = [
        host
        for host in hosts
        if host.instance and host.instance.identity not in seen and host.instance.region not in found.blind
    ]
    return _joined([found, await survey_hosts(session, others)])


def _joined(found: Sequence[Survey]) -> Survey:
    return Survey(
        tuple(standing for each in found for standing in each.standings),
        tuple(group for each in found for group in each.groups),
        tuple(problem for each in found for problem in each.problems),
    )


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
        image_system=standing.image.store_path if standing.image else None,
        template=template,
        template_version=version,
        group=instance.group,
        group_template_version=(group.number or group.version) if group else None,
        group_image=group.starts if group else None,
        group_image_name=standing.group_image.name if standing.group_image else None,
        group_system=standing.group_image.store_path if standing.group_image else None,
    )


def machines(found: Survey) -> tuple[Machine, ...]:
    """All of a survey."""
    silent = {region for region, what, _ in found.problems if what == "images"}
    return tuple(machine(each, images_known=each.instance.region not in silent) for each in found.standings)


def troubles(problems: Iterable[tuple[str, str, AwsError]]) -> tuple[str, ...]:
    """What a survey was not told, once for each reason: ten regions that refuse the same say so in one line."""
    regions: dict[tuple[str, str], list[str]] = {}
    for region, what, error in problems:
        regions.setdefault((what, _told(error, region)), []).append(region)
    return tuple(f"ec2: {what} ({', '.join(where)}): {reason}" for (what, reason), where in regions.items())


def _told(error: AwsError, region: str) -> str:
    return str(error).replace(f" in {region}", "")
