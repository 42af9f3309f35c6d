"""Whether what is retired can be had back: what the rules of the recycle bin say of an image and its snapshots."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nixtui.aws.errors import AwsError
from nixtui.aws.retention import IMAGES, SNAPSHOTS, Rule, days_kept, rules_of
from nixtui.aws.session import ByLogin, Session
from nixtui.model.image import Image

_NO_DAYS: Mapping[str, int | None] = {}


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many days the bin would keep an image and each of its snapshots, `None` for not at all.

    `unknown` is why that is not known; then nothing else here counts.
    """

    image: int | None = None
    snapshots: Mapping[str, int | None] = field(default_factory=lambda: _NO_DAYS)
    unknown: str | None = None

    @property
    def days(self) -> int | None:
        """How long the whole image can be restored; `None` where it cannot, or that is not known."""
        kept = [self.image, *self.snapshots.values()]
        return None if self.unknown or None in kept else min(each for each in kept if each is not None)

    @property
    def sentence(self) -> str:
        """What becomes of it."""
        if self.unknown:
            return f"whether the recycle bin keeps it is not known: {self.unknown}"
        if (days := self.days) is not None:
            return f"can be restored for {_days(days)} from the recycle bin"
        lost = [identity for identity, kept in self.snapshots.items() if kept is None]
        if self.image is not None:
            return (
                f"gone for good: a rule of the recycle bin keeps the image for {_days(self.image)}, but none its "
                f"{_snapshots(lost)} {', '.join(lost)}, without which it cannot be restored"
            )
        if self.snapshots and not lost:
            kept = min(each for each in self.snapshots.values() if each is not None)
            return (
                f"the image is gone for good: no rule of the recycle bin keeps it; its {_snapshots(self.snapshots)} "
                f"can be restored for {_days(kept)} and registered anew"
            )
        return "gone for good: no rule of the recycle bin keeps it"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _snapshots(some: Iterable[str]) -> str:
    return "snapshot" if len(list(some)) == 1 else "snapshots"


async def find_all_keeping(logins: ByLogin, images: Sequence[Image]) -> Mapping[str, Keeping]:
    """The same of images of any login and region: each login is asked about its own, region by region."""
    found: dict[str, Keeping] = {}
    for login, region in dict.fromkeys((image.login, image.region) for image in images):
        there = [image for image in images if (image.login, image.region) == (login, region)]
        found |= await find_keeping(logins.of(login), there)
    return found


async def find_keeping(session: Session, images: Sequence[Image]) -> Mapping[str, Keeping]:
    """What the bin would do with each of these images of one region, by its id. Raises nothing of AWS."""
    region = images[0].region
    try:
        for_images, for_snapshots = await asyncio.gather(
            rules_of(session, region, IMAGES), rules_of(session, region, SNAPSHOTS)
        )
    except AwsError as error:
        return {image.identity: Keeping(unknown=error.reason) for image in images}
    wanted = list(dict.fromkeys(each for image in images for each in image.snapshots))
    tags: Mapping[str, Mapping[str, str]] = {}
    why = ""
    if for_snapshots:
        try:
            tags = await _tags_of(session, region, wanted)
        except AwsError as error:
            why = error.reason
    return {image.identity: _keeping(image, for_images, for_snapshots, tags, why) for image in images}


def _keeping(
    image: Image,
    for_images: Sequence[Rule],
    for_snapshots: Sequence[Rule],
    tags: Mapping[str, Mapping[str, str]],
    why: str,
) -> Keeping:
    kept: dict[str, int | None] = {}
    for each in image.snapshots:
        try:
            kept[each] = days_kept(for_snapshots, tags.get(each))
        except LookupError:
            return Keeping(unknown=why or f"the tags of {each} cannot be seen")
    return Keeping(days_kept(for_images, image.tags), kept)


async def _tags_of(session: Session, region: str, snapshots: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """By a filter, as naming one that is gone would make EC2 refuse them all. Raises `AwsError`."""
    if not snapshots:
        return {}
    filters = [{"Name": "snapshot-id", "Values": list(snapshots)}]
    found = await session.pages("ec2", "DescribeSnapshots", region, "Snapshots", Filters=filters)
    return {
        str(each["SnapshotId"]): {str(tag["Key"]): str(tag["Value"]) for tag in each.get("Tags", ())} for each in found
    }


def losses(keepings: Iterable[Keeping]) -> tuple[str, ...]:
    """What cannot be undone when these are retired, the same said once."""
    counted: dict[str, int] = {}
    for each in keepings:
        if each.days is None:
            counted[each.sentence] = counted.get(each.sentence, 0) + 1
    return tuple(sentence if count == 1 else f"{count} images: {sentence}" for sentence, count in counted.items())
