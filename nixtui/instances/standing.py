"""What EC2 knows of instances beyond themselves: checks, images by name, groups and what those would start.

Everything of a region is asked at once. What cannot be asked is told beside the rest and hides nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance, list_instances
from nixtui.aws.logins import EVERYWHERE, Logins, once
from nixtui.aws.session import Session
from nixtui.images.catalogue import Regions, read_image
from nixtui.model.image import Image, RegionTrouble

T = TypeVar("T")

_PASSED = frozenset({"ok", "not-applicable"})

_AT_ONCE = 200
"""Images that one DescribeImages is asked for: as many values as one filter takes."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """An auto scaling group. `version` is as its owner wrote it (`7`, `$Latest`), `number` what that is at present, and
    `image` what it would start now.

    `image` is `None` where that is not known. Where an SSM parameter decides it is `resolve:ssm:…`, and `resolved` the
    image that the parameter names at present. `login` is the AWS profile by which it was seen, where that has a name.
    """

    name: str
    region: str
    template: str | None = None
    template_name: str | None = None
    version: str | None = None
    number: str | None = None
    image: str | None = None
    resolved: str | None = None
    wanted: int = 0
    members: tuple[str, ...] = ()
    mixed: bool = False
    login: str | None = None

    @property
    def starts(self) -> str | None:
        """The image that the next instance would have; `None` where that cannot be told."""
        return self.resolved if self.image and self.image.startswith(_ALIAS) else self.image


_ALIAS = "resolve:ssm:"


class Checks(msgspec.Struct, frozen=True):
    """Status checks (`ok`, `impaired`, `initializing`, …) and scheduled events, each as a sentence."""

    system: str
    instance: str
    events: tuple[str, ...] = ()

    @property
    def failed(self) -> str | None:
        """`system`, `instance`, `system and instance`; `None` where neither is known to have failed."""
        told = (("system", self.system), ("instance", self.instance))
        return " and ".join(name for name, state in told if state == "impaired") or None

    @property
    def odd(self) -> str | None:
        """The first state that is not a passed check's; `None` where both passed."""
        return next((each for each in (self.system, self.instance) if each not in _PASSED), None)

    def __str__(self) -> str:
        return f"system {self.system}, instance {self.instance}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One instance with what is known around it. `None` where nothing is known.

    `group_image` is what its group would start now, where that can be seen.
    """

    instance: Instance
    checks: Checks | None = None
    image: Image | None = None
    image_name: str | None = None
    group: Group | None = None
    group_image: Image | None = None

    @property
    def drift(self) -> str | None:
        """What would happen at its next replacement that nobody expects; `None` where nothing would."""
        group = self.group
        if group is None or group.starts is None or group.starts == self.instance.image:
            return None
        return f"a replacement would come up on {group.starts}, not on {self.instance.image}"


class Survey(msgspec.Struct, frozen=True):
    """The instances of some regions, and what was not told: (region, what, why), where `why` knows by which login.

    `regions` are those that were asked.
    """

    standings: tuple[Standing, ...]
    groups: tuple[Group, ...]
    problems: tuple[tuple[str, str, AwsError], ...]
    regions: tuple[str, ...] = ()

    @property
    def blind(self) -> frozenset[tuple[str | None, str]]:
        """Logins and regions whose instances are not known."""
        return frozenset((why.login, region) for region, what, why in self.problems if what == "instances")

    def is_blind(self, login: str | None, region: str) -> bool:
        """Whether the instances are not known that this login has in a region."""
        return not self.blind.isdisjoint({(login, region), (login, EVERYWHERE)})


class Instances(msgspec.Struct, frozen=True, kw_only=True):
    """A survey as screens take it. `expires_at` is when the login ends (Unix seconds), where it does.

    `logins` are named where there are several, and `ends_first` is the one of them that `expires_at` is about.
    """

    standings: tuple[Standing, ...]
    regions: tuple[str, ...]
    troubles: tuple[RegionTrouble, ...] = ()
    expires_at: float | None = None
    logins: tuple[str, ...] = ()
    ends_first: str | None = None


async def survey_all(logins: Logins, regions: Regions, filters: Mapping[str, str]) -> Survey:
    """The same of several logins, all asked at once; one that is no good hides nothing of the others.

    An account's instances are there once, whichever of its logins told them.
    """

    async def ask(session: Session) -> Survey:
        try:
            where = await regions(session)
        except AwsError as error:
            return Survey((), (), ((EVERYWHERE, "instances", error),))
        return await survey(session, where, filters)

    return joined(await asyncio.gather(*(ask(session) for session in logins.sessions)))


def joined(found: Iterable[Survey]) -> Survey:
    """Several as one, by region and name; an instance that two of them tell is the first one's."""
    surveys = list(found)
    standings = once((each.instance.whereabouts, each) for some in surveys for each in some.standings)
    return Survey(
        tuple(sorted(standings, key=_in_order)),
        tuple(group for some in surveys for group in some.groups),
        tuple(problem for some in surveys for problem in some.problems),
        tuple(dict.fromkeys(region for some in surveys for region in some.regions)),
    )


def _in_order(standing: Standing) -> tuple[str, str, str]:
    return standing.instance.region, standing.instance.name, standing.instance.identity


async def survey(session: Session, regions: Sequence[str], filters: Mapping[str, str]) -> Survey:
    """The instances of these regions that match `filters` (EC2's names) and are not gone, by region and name."""
    answers = await asyncio.gather(*(_survey(session, region, filters) for region in dict.fromkeys(regions)))
    return joined(answers)


_NO_INSTANCES: list[Instance] = []
_NO_CHECKS: dict[str, Checks] = {}
_NO_GROUPS: list[Group] = []
_NO_IMAGES: dict[str, Image] = {}
_NO_NAMES: dict[str, str] = {}


async def _survey(session: Session, region: str, filters: Mapping[str, str]) -> Survey:
    problems: list[tuple[str, str, AwsError]] = []

    async def told(what: str, ask: Callable[[], Coroutine[Any, Any, T]], nothing: T) -> T:
        try:
            return await ask()
        except AwsError as error:
            problems.append((region, what, error))
            return nothing

    instances, checks, groups = await asyncio.gather(
        told("instances", lambda: list_instances(session, region, filters), _NO_INSTANCES),
        told("status checks", lambda: _checks(session, region), _NO_CHECKS),
        told("auto scaling groups", lambda: list_groups(session, region), _NO_GROUPS),
    )
    wanted = {each.image for each in instances if each.image}
    wanted |= {group.starts for group in groups if group.starts}
    images = await told("images", lambda: images_of(session, region, wanted), _NO_IMAGES)
    gone = [each.identity for each in instances if each.image and each.image not in images]
    names = (
        await told("names of images that are gone", lambda: _names(session, region, gone), _NO_NAMES)
        if gone
        else _NO_NAMES
    )
    by_name = {group.name: group for group in groups}

    def standing(instance: Instance) -> Standing:
        image, group = images.get(instance.image or ""), by_name.get(instance.group or "")
        return Standing(
            instance=instance,
            checks=checks.get(instance.identity),
            image=image,
            image_name=image.name if image else names.get(instance.identity),
            group=group,
            group_image=images.get(group.starts or "") if group else None,
        )

    return Survey(tuple(standing(each) for each in instances), tuple(groups), tuple(problems), (region,))


async def _checks(session: Session, region: str) -> dict[str, Checks]:
    found = await session.pages(
        "ec2",
        "DescribeInstanceStatus",
        region,
        "InstanceStatuses",
        PaginationConfig={"PageSize": 1000},
    )
    return {str(each["InstanceId"]): _read_checks(each) for each in found}


def _read_checks(told: Mapping[str, Any]) -> Checks:
    events = tuple(
        f"{each.get('Code', 'event')} from {_when(each.get('NotBefore'))}: {each.get('Description', '')}"
        for each in told.get("Events", ())
        if "[Completed]" not in str(each.get("Description", "")) and "[Canceled]" not in str(each.get("Description"))
    )
    return Checks(
        str(told.get("SystemStatus", {}).get("Status", "unknown")),
        str(told.get("InstanceStatus", {}).get("Status", "unknown")),
        events,
    )


def _when(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


async def images_of(session: Session, region: str, identities: Iterable[str]) -> dict[str, Image]:
    """Images by their ids, asked by a filter, as naming one that is gone would make EC2 refuse them all.

    Raises `AwsError`.
    """
    ordered = sorted(identities)
    found: list[Any] = []
    for start in range(0, len(ordered), _AT_ONCE):
        filters = [{"Name": "image-id", "Values": ordered[start : start + _AT_ONCE]}]
        answer = await session.call("ec2", "DescribeImages", region, Filters=filters, IncludeDeprecated=True)
        found += answer.get("Images", ())
    return {image.identity: image for image in (read_image(each, region, session.profile) for each in found)}


async def _names(session: Session, region: str, instances: Sequence[str]) -> dict[str, str]:
    """Names of images that are deregistered, or no longer shared, by the instances that were started from them."""
    found = await session.pages(
        "ec2", "DescribeInstanceImageMetadata", region, "InstanceImageMetadata", InstanceIds=list(instances[:1000])
    )
    named = ((str(each["InstanceId"]), each.get("ImageMetadata", {}).get("Name")) for each in found)
    return {identity: str(name) for identity, name in named if name}


async def list_groups(session: Session, region: str, names: Sequence[str] = ()) -> list[Group]:
    """Auto scaling groups, all or by name, with what each would start now. Raises `AwsError`."""
    more = {"AutoScalingGroupNames": list(names)} if names else {}
    found = await session.pages("autoscaling", "DescribeAutoScalingGroups", region, "AutoScalingGroups", **more)
    groups = [_read_group(each, region, session.profile) for each in found]
    asked = {(group.template, group.version) for group in groups if group.template and group.version}
    ordered = sorted((template or "", version or "") for template, version in asked)
    answers = await asyncio.gather(*(template_image(session, region, *each) for each in ordered))
    known = dict(zip(ordered, answers, strict=True))

    aliases = [each for each, told in known.items() if told and told[1] and told[1].startswith(_ALIAS)]
    named = await asyncio.gather(*(template_image(session, region, *each, resolve=True) for each in aliases))
    resolved = {each: told[1] for each, told in zip(aliases, named, strict=True) if told}

    def completed(group: Group) -> Group:
        key = group.template or "", group.version or ""
        number, image = known.get(key) or (None, None)
        named = resolved.get(key)
        starts = named if named and named.startswith("ami-") else None  # who may not read the parameter gets its name
        return msgspec.structs.replace(group, number=number, image=image, resolved=starts)

    return [completed(group) for group in groups]


async def template_image(
    session: Session, region: str, template: str, version: str, *, resolve: bool = False
) -> tuple[str, str | None] | None:
    """Number and image of a version of a launch template; `None` where that cannot be seen.

    With `resolve` the image that an SSM parameter names, which takes the right to read that.
    """
    more = {"ResolveAlias": True} if resolve else {}
    try:
        answer = await session.call(
            "ec2", "DescribeLaunchTemplateVersions", region, LaunchTemplateId=template, Versions=[version], **more
        )
    except AwsError:
        return None
    versions = answer.get("LaunchTemplateVersions", ())
    if not versions:
        return None
    return str(versions[0]["VersionNumber"]), versions[0].get("LaunchTemplateData", {}).get("ImageId")


def _read_group(told: Mapping[str, Any], region: str, login: str | None) -> Group:
    mixed = told.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    template = told.get("LaunchTemplate") or mixed or {}
    identity = template.get("LaunchTemplateId")
    return Group(
        name=str(told["AutoScalingGroupName"]),
        region=region,
        template=identity,
        template_name=template.get("LaunchTemplateName"),
        version=str(template.get("Version", "$Default")) if identity else None,
        wanted=int(told.get("DesiredCapacity", 0)),
        members=tuple(str(each["InstanceId"]) for each in told.get("Instances", ())),
        mixed=mixed is not None,
        login=login,
    )
