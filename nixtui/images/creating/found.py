"""How far an image came, as the tags at AWS tell: the memory of a pipeline that may be cut off anywhere."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nixtui.aws.session import Session
from nixtui.images.catalogue import read_image
from nixtui.images.creating.recipe import TAG_CHECKED, Recipe
from nixtui.images.registering import TAG_DISK
from nixtui.model.image import Image

USABLE = ("available", "pending")
_ALIVE = ["pending", "running", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is there already. `broken` are snapshots in error, `strays` instances that a boot check left behind."""

    image: Image | None = None
    disks: Mapping[str, str] = field(default_factory=dict)
    """Complete snapshots by which disk of how many they are: `1/1`, or `1/2` and `2/2`."""

    copies: Mapping[str, Image] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def snapshots(self) -> tuple[str, ...]:
        """The snapshot of each disk in order, once all of them are there."""
        if self.image is not None and self.image.snapshots:
            return self.image.snapshots
        for name in sorted(self.disks):
            count = int(name.partition("/")[2])
            wanted = [f"{number}/{count}" for number in range(1, count + 1)]
            if all(each in self.disks for each in wanted):
                return tuple(self.disks[each] for each in wanted)
        return ()

    @property
    def snapshot(self) -> str | None:
        """The snapshot of the disk that starts, once those of all disks are there."""
        return next(iter(self.snapshots), None)

    @property
    def checked(self) -> bool:
        """A boot check passed before."""
        return self.image is not None and self.image.tags.get(TAG_CHECKED, "").startswith("passed")


async def find(session: Session, recipe: Recipe) -> Found:
    """Ask every region that the recipe names. Raises `AwsError`."""
    images, snapshots, *copies = await asyncio.gather(
        images_of(session, recipe, recipe.region),
        _snapshots(session, recipe),
        *(images_of(session, recipe, region) for region in recipe.copies),
    )
    image = next((each for each in images if _is_it(each, recipe)), None)
    whole = [each for each in snapshots if each["State"] == "completed" and _encrypted(each, recipe)]
    return Found(
        image=image,
        disks={_which(each): str(each["SnapshotId"]) for each in reversed(whole)},
        copies={
            region: there[0]
            for region, answer in zip(recipe.copies, copies, strict=True)
            if (there := [each for each in answer if _is_it(each, recipe)])
        },
        broken=tuple(str(each["SnapshotId"]) for each in snapshots if each["State"] == "error"),
        strays=await strays(session, recipe.region, image.identity) if image else (),
    )


async def images_of(session: Session, recipe: Recipe, region: str) -> list[Image]:
    """The AMIs in a region that were made of the same image. Raises `AwsError`."""
    answer = await session.pages(
        "ec2", "DescribeImages", region, "Images", Owners=["self"], IncludeDeprecated=True, Filters=_by_tag(recipe)
    )
    return [read_image(each, region) for each in answer]


async def strays(session: Session, region: str, image: str) -> tuple[str, ...]:
    """Instances that were started to check an image and are still there. Raises `AwsError`."""
    filters = [
        {"Name": f"tag:{TAG_CHECKED}", "Values": [image]},
        {"Name": "instance-state-name", "Values": _ALIVE},
    ]
    found = await session.pages("ec2", "DescribeInstances", region, "Reservations", Filters=filters)
    return tuple(str(each["InstanceId"]) for group in found for each in group["Instances"])


async def _snapshots(session: Session, recipe: Recipe) -> list[dict[str, Any]]:
    return await session.pages(
        "ec2", "DescribeSnapshots", recipe.region, "Snapshots", OwnerIds=["self"], Filters=_by_tag(recipe)
    )


def _by_tag(recipe: Recipe) -> list[dict[str, Any]]:
    key, value = recipe.identity
    return [{"Name": f"tag:{key}", "Values": [_literal(value)]}]


def _literal(text: str) -> str:
    """Filters take `*` and `?` for anything, and a store path may have a `?`."""
    return "".join(f"\\{sign}" if sign in "*?\\" else sign for sign in text)


def _which(snapshot: Mapping[str, Any]) -> str:
    """Which disk of how many; what is not of the form was not written by us."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in snapshot.get("Tags", ())}
    told = tags.get(TAG_DISK, "1/1")
    return told if re.fullmatch(r"[1-6]/[1-6]", told) else "1/1"


def _is_it(image: Image, recipe: Recipe) -> bool:
    """Made of the same image, and registered as is asked now."""
    mode = recipe.registration("").mode
    same = (image.boot_mode in (None, mode)) and image.architecture in (None, recipe.architecture)
    return same and image.state in USABLE and image.tpm == recipe.tpm


def _encrypted(snapshot: Mapping[str, Any], recipe: Recipe) -> bool:
    """A key that was asked for has to be the snapshot's."""
    return recipe.kms_key is None or snapshot.get("KmsKeyId") == recipe.kms_key
