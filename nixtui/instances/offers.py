"""What somebody wants launched, and what a region has for it: types that can run the image, subnets, key pairs."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.model.image import Image

_FAMILIES = ("t3.*", "t4g.*", "m7i.*", "m7g.*", "c7i.*", "c7g.*", "r7i.*", "r7g.*")
"""Types to propose; any other can be typed. All of them, eight hundred, take EC2 many seconds to list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchWish:
    """What somebody wants started from an image. `user_data` is a file's name; what is empty is left to EC2."""

    image: Image
    name: str
    kind: str
    subnet: str = ""
    security_groups: tuple[str, ...] = ()
    key_pair: str = ""
    profile: str = ""
    user_data: str = ""


class Offer(msgspec.Struct, frozen=True):
    """One thing to choose: its id, and what it is."""

    identity: str
    about: str = ""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What there is, the likeliest first; nothing where it may not be asked."""

    kinds: tuple[Offer, ...] = ()
    subnets: tuple[Offer, ...] = ()
    security_groups: tuple[Offer, ...] = ()
    key_pairs: tuple[Offer, ...] = ()


async def offers(session: Session, image: Image) -> Offers:
    """Everything asked at once."""
    region = image.region
    kinds, subnets, groups, keys = await asyncio.gather(
        _told(session.pages("ec2", "DescribeInstanceTypes", region, "InstanceTypes", Filters=_suitable(image))),
        _told(session.pages("ec2", "DescribeSubnets", region, "Subnets")),
        _told(session.pages("ec2", "DescribeSecurityGroups", region, "SecurityGroups")),
        _told(_key_pairs(session, region)),
    )
    return Offers(
        kinds=tuple(_kind(each) for each in sorted(kinds, key=_size)),
        subnets=tuple(_subnet(each) for each in sorted(subnets, key=lambda each: str(each.get("AvailabilityZone")))),
        security_groups=tuple(
            Offer(str(each["GroupId"]), f"{each.get('GroupName', '')}  {each.get('VpcId', '')}") for each in groups
        ),
        key_pairs=tuple(Offer(str(each["KeyName"]), str(each.get("KeyType", ""))) for each in keys),
    )


async def _told(asking: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    try:
        return await asking
    except AwsError:
        return []


async def _key_pairs(session: Session, region: str) -> list[Any]:
    answer = await session.call("ec2", "DescribeKeyPairs", region)
    found: list[Any] = answer.get("KeyPairs", [])
    return found


def _suitable(image: Image) -> list[Mapping[str, Any]]:
    filters: list[Mapping[str, Any]] = [{"Name": "instance-type", "Values": list(_FAMILIES)}]
    if image.architecture:
        filters.append({"Name": "processor-info.supported-architecture", "Values": [image.architecture]})
    return filters


def _size(told: Mapping[str, Any]) -> tuple[int, int, str]:
    kind = str(told["InstanceType"])
    memory = int(told.get("MemoryInfo", {}).get("SizeInMiB", 0))
    return memory, int(told.get("VCpuInfo", {}).get("DefaultVCpus", 0)), kind


def _kind(told: Mapping[str, Any]) -> Offer:
    memory = int(told.get("MemoryInfo", {}).get("SizeInMiB", 0)) / 1024
    processors = told.get("VCpuInfo", {}).get("DefaultVCpus", "?")
    return Offer(str(told["InstanceType"]), f"{processors} vCPU, {memory:g} GiB")


def _subnet(told: Mapping[str, Any]) -> Offer:
    name = next((str(tag["Value"]) for tag in told.get("Tags", ()) if tag.get("Key") == "Name"), "")
    public = "public" if told.get("MapPublicIpOnLaunch") else "private"
    return Offer(
        str(told["SubnetId"]),
        f"{told.get('AvailabilityZone', '')}  {told.get('CidrBlock', '')}  {public}  {name}".rstrip(),
    )
