"""The recycle bin: what lies in it, and having it back.

An image in the bin keeps its id, tags and permissions, and can be restored once each of its snapshots is back; without
one of them it is lost. Nobody says which snapshots are its own: what CopyImage, CreateImage and nixtui write into a
snapshot's description does.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import EVERYWHERE, once
from nixtui.aws.session import ByLogin, Session
from nixtui.images.catalogue import Regions, moment
from nixtui.images.changing import Call, Change
from nixtui.model.binned import Binned


async def list_bin(session: Session, regions: Sequence[str]) -> tuple[list[Binned], list[tuple[str, AwsError]]]:
    """What lies in the bins of these regions, what is gone first first, and the regions that did not tell."""
    answers = await asyncio.gather(*(_in_region(session, region) for region in regions))
    binned: list[Binned] = []
    problems: list[tuple[str, AwsError]] = []
    for region, answer in zip(regions, answers, strict=True):
        if isinstance(answer, AwsError):
            problems.append((region, answer))
        else:
            binned.extend(answer)
    return sorted(binned, key=_soonest), problems


async def list_bins(logins: ByLogin, regions: Regions) -> tuple[list[Binned], list[tuple[str, AwsError]], list[str]]:
    """The same of several logins, in the regions of each; also all the regions that were asked."""

    async def ask(session: Session) -> tuple[list[Binned], list[tuple[str, AwsError]], Sequence[str]]:
        try:
            where = tuple(dict.fromkeys(await regions(session)))
        except AwsError as error:
            return [], [(EVERYWHERE, error)], ()
        return *await list_bin(session, where), where

    told = await asyncio.gather(*(ask(session) for session in logins.sessions))
    binned = once((each.key, each) for some, _, _ in told for each in some)
    return (
        sorted(binned, key=_soonest),
        [problem for _, problems, _ in told for problem in problems],
        list(dict.fromkeys(region for _, _, where in told for region in where)),
    )


def _soonest(each: Binned) -> tuple[float, bool, str]:
    return each.gone_at or 0, not each.is_image, each.called


async def _in_region(session: Session, region: str) -> list[Binned] | AwsError:
    try:
        images, snapshots = await asyncio.gather(
            session.pages("ec2", "ListImagesInRecycleBin", region, "Images"),
            session.pages("ec2", "ListSnapshotsInRecycleBin", region, "Snapshots"),
        )
    except AwsError as error:
        return error
    told = [
        Binned(
            identity=str(each.get("ImageId") or each["SnapshotId"]),
            region=region,
            name=each.get("Name"),
            description=each.get("Description") or None,
            entered_at=moment(each.get("RecycleBinEnterTime")),
            gone_at=moment(each.get("RecycleBinExitTime")),
            login=session.profile,
        )
        for each in (*images, *snapshots)
    ]
    loose = [each for each in told if not each.is_image]
    return [msgspec.structs.replace(each, snapshots=_own(each, loose)) if each.is_image else each for each in told]


def _own(image: Binned, snapshots: Sequence[Binned]) -> tuple[str, ...]:
    return tuple(
        each.identity
        for each in snapshots
        if each.description and (each.description == image.name or image.identity in each.description)
    )


def restore(identity: str, region: str, binned: Sequence[Binned]) -> Change:
    """Have an image back, its snapshots before it, or a snapshot; `binned` is what lies in the bin of its region."""
    found = next((each for each in binned if each.identity == identity and each.region == region), None)
    if found is None:
        return Change(
            name=identity,
            calls=(),
            refused=f"it is not in the recycle bin of {region}",
            remedy="nixtui image bin --all-regions shows what is",
        )
    snapshots = found.snapshots if found.is_image else (found.identity,)
    by = found.login
    calls = [Call("ec2", "RestoreSnapshotFromRecycleBin", region, {"SnapshotId": each}, by) for each in snapshots]
    if found.is_image:
        calls.append(Call("ec2", "RestoreImageFromRecycleBin", region, {"ImageId": found.identity}, by))
    others = any(not each.is_image for each in binned if each.region == region)
    warnings: tuple[str, ...] = ()
    if found.is_image and not snapshots and others:
        warnings = ("none of the snapshots in the bin says that it is its own; if one is, EC2 wants it restored first",)
    until = "" if found.gone_at is None else f" until {datetime.fromtimestamp(found.gone_at, UTC):%Y-%m-%d %H:%M} UTC"
    return Change(
        name=f"{found.called} ({found.identity}, {region})",
        calls=tuple(calls),
        before=f"in the recycle bin{until}",
        after="registered" if found.is_image else "back",
        warnings=warnings,
    )


def restored_with(changes: Sequence[Change]) -> list[Change]:
    """The changes without those that another one does along: a snapshot that is restored for its image."""
    along = [{str(call) for call in change.calls} for change in changes]
    return [
        change
        for place, change in enumerate(changes)
        if not change.calls
        or not any(
            {str(call) for call in change.calls} < others for number, others in enumerate(along) if number != place
        )
    ]
