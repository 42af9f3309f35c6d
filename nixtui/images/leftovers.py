"""What nixtui made and nothing uses: what uploads, pipelines and boot checks left that were cut off or given up."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins, by_profile, once
from nixtui.aws.session import Session
from nixtui.images.catalogue import Regions, list_images, moment
from nixtui.images.creating.recipe import TAG_CHECKED
from nixtui.images.ledger import read_all
from nixtui.images.registering import TAG_BUILDER
from nixtui.model.image import Image

_ALIVE = ["pending", "running", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that costs money or stands in the way; `remedy` is the command that removes it.

    `login` is the AWS profile by which it was seen, where that has a name.
    """

    kind: str
    identity: str
    region: str
    why: str
    remedy: str
    login: str | None = None
    account: str | None = None
    name: str | None = None
    gib: int | None = None
    created_at: float | None = None


async def leftovers(session: Session, regions: Sequence[str], state: Path) -> list[Leftover]:
    """All of it, oldest first. `state` is where the block journals are. Raises `AwsError`."""
    begun = {upload.snapshot for _, upload in read_all(state / "uploads") if upload.snapshot}
    found = await asyncio.gather(*(_in_region(session, region, begun) for region in regions))
    return sorted((each for some in found for each in some), key=lambda each: each.created_at or 0)


async def all_leftovers(
    logins: Logins, regions: Regions, state: Path
) -> tuple[list[Leftover], list[str], list[AwsError]]:
    """Those of several logins, oldest first, the regions that were looked at, and why some login did not tell."""

    async def ask(session: Session) -> tuple[list[Leftover], Sequence[str]] | AwsError:
        try:
            where = await regions(session)
            return await leftovers(session, where, state), where
        except AwsError as error:
            return error

    answers = await asyncio.gather(*(ask(session) for session in logins.sessions))
    told = [each for each in answers if not isinstance(each, AwsError)]
    found = once(((each.account or each.login, each.region, each.identity), each) for some, _ in told for each in some)
    return (
        sorted(found, key=lambda each: each.created_at or 0),
        list(dict.fromkeys(region for _, where in told for region in where)),
        [each for each in answers if isinstance(each, AwsError)],
    )


async def _in_region(session: Session, region: str, begun: set[str]) -> list[Leftover]:
    ours = [{"Name": "tag-key", "Values": [TAG_BUILDER]}]
    running = [{"Name": "tag-key", "Values": [TAG_CHECKED]}, {"Name": "instance-state-name", "Values": _ALIVE}]
    (images, problems), snapshots, groups = await asyncio.gather(
        list_images(session, [region]),
        session.pages("ec2", "DescribeSnapshots", region, "Snapshots", OwnerIds=["self"], Filters=ours),
        session.pages("ec2", "DescribeInstances", region, "Reservations", Filters=running),
    )
    for _, problem in problems:
        raise problem  # without the images every snapshot would look unused
    return [
        *_snapshots(snapshots, images, region, begun, session.profile),
        *_instances(groups, region, session.profile),
        *_images(images),
    ]


def _snapshots(
    told: Sequence[dict[str, Any]], images: Sequence[Image], region: str, begun: set[str], login: str | None
) -> Iterator[Leftover]:
    used = {snapshot for image in images for snapshot in image.snapshots}
    for each in told:
        identity, status = str(each["SnapshotId"]), str(each["State"])
        if identity in used:
            continue
        why = {
            "pending": "its upload was not finished" + (", and can go on from here" if identity in begun else ""),
            "error": "AWS says that it is in error",
        }.get(status, "no image uses it")
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in each.get("Tags", ())}
        yield Leftover(
            kind="snapshot",
            identity=identity,
            region=region,
            why=why,
            remedy=f"nixtui image discard {identity} --region {region}{by_profile(login)}",
            login=login,
            account=each.get("OwnerId"),
            name=tags.get("Name"),
            gib=each.get("VolumeSize"),
            created_at=moment(each.get("StartTime")),
        )


def _instances(told: Sequence[dict[str, Any]], region: str, login: str | None) -> Iterator[Leftover]:
    for account, each in ((group.get("OwnerId"), each) for group in told for each in group["Instances"]):
        identity = str(each["InstanceId"])
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in each.get("Tags", ())}
        yield Leftover(
            kind="instance",
            identity=identity,
            region=region,
            why=f"a boot check of {tags.get(TAG_CHECKED)} started it; it is one that runs now, or was cut off",
            remedy=f"nixtui instance terminate {identity} --region {region}{by_profile(login)}",
            login=login,
            account=account,
            name=tags.get("Name"),
            created_at=moment(each.get("LaunchTime")),
        )


def _images(images: Sequence[Image]) -> Iterator[Leftover]:
    for image in images:
        broken = image.state not in ("available", "pending", "disabled")
        if broken or image.tags.get(TAG_CHECKED, "").startswith("failed"):
            yield Leftover(
                kind="image",
                identity=image.identity,
                region=image.region,
                why=f"it is {image.state}" if broken else f"its boot check {image.tags[TAG_CHECKED]}",
                remedy=f"nixtui image retire {image.identity} --region {image.region}{by_profile(image.login)}",
                login=image.login,
                account=image.owner,
                name=image.name,
                gib=image.gib,
                created_at=image.created_at,
            )
