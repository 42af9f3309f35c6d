"""Every AMI of ours, over regions at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import EVERYWHERE, Logins, once
from nixtui.aws.session import Session
from nixtui.images.registering import TAG_REVISION, TAG_STORE_PATH
from nixtui.model.image import Image

Regions = Callable[[Session], Awaitable[Sequence[str]]]
"""Where a login is to be asked. May raise `AwsError`."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The images of all logins, newest first, the regions that were asked, and what was not told: (region, why)."""

    images: Sequence[Image]
    regions: Sequence[str]
    problems: Sequence[tuple[str, AwsError]]


async def enabled_regions(session: Session) -> list[str]:
    """The regions that are enabled for this account. Raises `AwsError`."""
    answer = await session.call("ec2", "DescribeRegions", await session.region())
    return sorted(str(each["RegionName"]) for each in answer["Regions"])


async def list_images(
    session: Session, regions: Sequence[str], owners: Sequence[str] = ("self",)
) -> tuple[list[Image], list[tuple[str, AwsError]]]:
    """The AMIs of these owners, newest first, and the regions that did not tell, each with the reason."""
    answers = await asyncio.gather(*(_in_region(session, region, owners) for region in regions))
    images: list[Image] = []
    problems: list[tuple[str, AwsError]] = []
    for region, answer in zip(regions, answers, strict=True):
        if isinstance(answer, AwsError):
            problems.append((region, answer))
        else:
            images.extend(answer)
    return sorted(images, key=lambda image: -(image.created_at or 0)), problems


async def list_all_images(logins: Logins, regions: Regions, owners: Sequence[str] = ("self",)) -> Listing:
    """The same of several logins, all asked at once; one that is no good hides nothing of the others.

    An account's images are there once, whichever of its logins told them.
    """
    own = list(owners) == ["self"]

    async def ask(session: Session) -> tuple[Sequence[str], list[Image], list[tuple[str, AwsError]]]:
        try:
            where = tuple(dict.fromkeys(await regions(session)))
        except AwsError as error:
            return (), [], [(EVERYWHERE, error)]
        (images, problems), account = await asyncio.gather(
            list_images(session, where, owners), _account(session) if logins.several and not own else _nobody()
        )
        whose = (msgspec.structs.replace(image, account=image.owner if own else account) for image in images)
        return where, list(whose), problems

    told = await asyncio.gather(*(ask(session) for session in logins.sessions))
    images = once(
        ((image.account or image.login, image.region, image.identity), image) for _, some, _ in told for image in some
    )
    return Listing(
        sorted(images, key=lambda image: -(image.created_at or 0)),
        tuple(dict.fromkeys(region for where, _, _ in told for region in where)),
        [problem for _, _, problems in told for problem in problems],
    )


async def _account(session: Session) -> str | None:
    try:
        return await session.account()
    except AwsError:
        return None  # whatever is wrong is said of the images


async def _nobody() -> None:
    return None


async def find_image(session: Session, identity: str, region: str) -> Image:
    """One AMI. Raises `AwsError`."""
    answer = await session.call("ec2", "DescribeImages", region, ImageIds=[identity])
    return read_image(answer["Images"][0], region, session.profile)


async def _in_region(session: Session, region: str, owners: Sequence[str]) -> list[Image] | AwsError:
    try:
        found = await session.pages(
            "ec2", "DescribeImages", region, "Images", Owners=list(owners), IncludeDeprecated=True
        )
    except AwsError as error:
        return error
    return [read_image(each, region, session.profile) for each in found]


def read_image(told: dict[str, Any], region: str, login: str | None = None) -> Image:
    """An image of DescribeImages, as `login` sees it."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in told.get("Tags", ())}
    disks = [each["Ebs"] for each in told.get("BlockDeviceMappings", ()) if "Ebs" in each]
    return Image(
        identity=str(told["ImageId"]),
        name=str(told.get("Name") or tags.get("Name") or told["ImageId"]),
        region=region,
        state=str(told.get("State", "unknown")),
        architecture=told.get("Architecture"),
        created_at=moment(told.get("CreationDate")),
        deprecated_at=moment(told.get("DeprecationTime")),
        gib=disks[0].get("VolumeSize") if disks else None,
        visibility="public" if told.get("Public") else "private",
        owner=told.get("OwnerId"),
        revision=tags.get(TAG_REVISION),
        store_path=tags.get(TAG_STORE_PATH),
        snapshots=tuple(str(each["SnapshotId"]) for each in disks if each.get("SnapshotId")),
        boot_mode=told.get("BootMode"),
        protected=str(told.get("DeregistrationProtection", "disabled")).startswith("enabled"),
        tpm=told.get("TpmSupport") == "v2.0",
        login=login,
        tags=tags,
    )


def moment(text: Any) -> float | None:
    """A time of AWS as Unix seconds; `None` where there is none, or none that can be read."""
    if isinstance(text, datetime):
        return text.timestamp()
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() if text else None
    except ValueError:
        return None
