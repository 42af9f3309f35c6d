"""What would break without an image: instances, launch templates, auto scaling groups and parameters that name it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import AwsError
from nixtui.aws.session import ByLogin, Session
from nixtui.model.image import Image


@dataclass(frozen=True, slots=True)
class References:
    """Who uses an image. `unseen` says what could not be asked, and why: that nobody uses it is then not known."""

    instances: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Each use as a sentence."""
        return (
            *(f"instance {each} runs it" for each in self.instances),
            *(f"launch template {each} would start nothing" for each in self.templates),
            *(f"auto scaling group {each} starts it" for each in self.groups),
            *(f"SSM parameter {each} names it" for each in self.parameters),
            *(f"not known: {each}" for each in self.unseen),
        )


async def find_all_references(logins: ByLogin, images: Sequence[Image]) -> Mapping[str, References]:
    """The references of images of any login and region: each login is asked about its own, region by region."""
    found: dict[str, References] = {}
    for login, region in dict.fromkeys((image.login, image.region) for image in images):
        there = [image for image in images if (image.login, image.region) == (login, region)]
        found |= await find_references(logins.of(login), there)
    return found


async def find_references(session: Session, images: Sequence[Image]) -> Mapping[str, References]:
    """The references of each image of one region, by its id."""
    region = images[0].region
    identities = [image.identity for image in images]
    instances, templates, groups, parameters = await asyncio.gather(
        _ask(_instances(session, region, identities)),
        _ask(_templates(session, region)),
        _ask(_groups(session, region)),
        _ask(_parameters(session, region)),
    )
    asked = {
        "instances": instances,
        "launch templates": templates,
        "auto scaling groups": groups,
        "parameters": parameters,
    }
    unseen = tuple(f"{what}: {answer}" for what, answer in asked.items() if isinstance(answer, AwsError))

    def of(answer: "list[tuple[str, str]] | AwsError", identity: str) -> tuple[str, ...]:
        return () if isinstance(answer, AwsError) else tuple(name for image, name in answer if image == identity)

    return {
        identity: References(
            of(instances, identity), of(templates, identity), of(groups, identity), of(parameters, identity), unseen
        )
        for identity in identities
    }


async def _ask(asking: Any) -> "list[tuple[str, str]] | AwsError":
    try:
        found: list[tuple[str, str]] = await asking
    except AwsError as error:
        return error
    return found


async def _instances(session: Session, region: str, identities: Sequence[str]) -> list[tuple[str, str]]:
    filters = [
        {"Name": "image-id", "Values": list(identities)},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    found = await session.pages("ec2", "DescribeInstances", region, "Reservations", Filters=filters)
    return [(each["ImageId"], each["InstanceId"]) for group in found for each in group["Instances"]]


async def _templates(session: Session, region: str) -> list[tuple[str, str]]:
    """The default and the newest version of each: what groups start from, unless they pin another one."""
    found = await session.pages(
        "ec2",
        "DescribeLaunchTemplateVersions",
        region,
        "LaunchTemplateVersions",
        Versions=["$Default", "$Latest"],
    )
    named = {
        (
            str(each.get("LaunchTemplateData", {}).get("ImageId")),
            f"{each['LaunchTemplateName']}:{each['VersionNumber']}",
        )
        for each in found
    }
    return sorted(named)


async def _groups(session: Session, region: str) -> list[tuple[str, str]]:
    """What each group starts, by the version that it pins or by its old launch configuration.

    One whose image is named by a parameter is found by that.
    """
    found = await session.pages("autoscaling", "DescribeAutoScalingGroups", region, "AutoScalingGroups")
    pinned: dict[str, dict[str, set[str]]] = {}
    configured: dict[str, set[str]] = {}
    for each in found:
        name = str(each["AutoScalingGroupName"])
        for template in _templates_of(each):
            versions = pinned.setdefault(str(template["LaunchTemplateId"]), {})
            versions.setdefault(str(template.get("Version") or "$Default"), set()).add(name)
        if configuration := each.get("LaunchConfigurationName"):
            configured.setdefault(str(configuration), set()).add(name)
    answers = await asyncio.gather(
        *(
            _images_of_version(session, region, template, version)
            for template, versions in pinned.items()
            for version in versions
        )
    )
    users = [names for versions in pinned.values() for names in versions.values()]
    named = [(image, name) for image, names in zip(answers, users, strict=True) if image for name in names]
    if configured:
        old = await session.pages("autoscaling", "DescribeLaunchConfigurations", region, "LaunchConfigurations")
        for each in old:
            names = configured.get(str(each["LaunchConfigurationName"]), ())
            named += [(str(each.get("ImageId")), name) for name in names]
    return sorted(set(named))


def _templates_of(group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Its own, or those that a mixed group chooses from."""
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    overrides = (each.get("LaunchTemplateSpecification") for each in mixed.get("Overrides", ()))
    for each in (group.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification"), *overrides):
        if each and each.get("LaunchTemplateId"):
            yield each


async def _images_of_version(session: Session, region: str, template: str, version: str) -> str | None:
    try:
        answer = await session.call(
            "ec2", "DescribeLaunchTemplateVersions", region, LaunchTemplateId=template, Versions=[version]
        )
    except AwsError as error:
        if "NotFound" in (error.code or ""):  # the group could start nothing as it is
            return None
        raise
    versions = answer.get("LaunchTemplateVersions", ())
    return versions[0].get("LaunchTemplateData", {}).get("ImageId") if versions else None


async def _parameters(session: Session, region: str) -> list[tuple[str, str]]:
    filters = [{"Key": "DataType", "Option": "Equals", "Values": ["aws:ec2:image"]}]
    found = await session.pages("ssm", "DescribeParameters", region, "Parameters", ParameterFilters=filters)
    names = [str(each["Name"]) for each in found]
    named: list[tuple[str, str]] = []
    for start in range(0, len(names), 10):  # as many as GetParameters takes
        answer = await session.call("ssm", "GetParameters", region, Names=names[start : start + 10])
        named += [(str(each["Value"]), str(each["Name"])) for each in answer.get("Parameters", ())]
    return named
