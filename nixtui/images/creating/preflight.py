"""Everything that can be known to go wrong before a byte is sent: each trouble one sentence with the next step."""

import asyncio
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session
from nixtui.images.catalogue import read_image
from nixtui.images.creating.found import Found, find
from nixtui.images.creating.permissions import try_permissions
from nixtui.images.creating.quotas import look_at_quotas
from nixtui.images.creating.recipe import TAG_CHECKED, BootCheck, Recipe
from nixtui.images.machines import cannot_boot, type_facts
from nixtui.images.obstacle import Findings, stands_in_the_way
from nixtui.images.s3_import import check_detour
from nixtui.images.upload import encrypts
from nixtui.model.image import Image

_NOWHERE = Findings()


async def look_around(session: Session, recipe: Recipe, *, disk_gib: int | None) -> tuple[Found, Findings]:
    """What is there, and what stands in the way. `disk_gib` is the size of the disk, where it is known.

    Raises `AwsError` where nothing can be asked at all: no credentials, expired ones, a region that is not enabled.
    """
    disabled = await _regions(session, recipe)
    if disabled.obstacles:  # they would not answer what is asked next
        return Found(), disabled
    found = await find(session, recipe)
    return found, await preflight(session, recipe, found, disk_gib=disk_gib)


async def preflight(session: Session, recipe: Recipe, found: Found, *, disk_gib: int | None) -> Findings:
    """Look at all of it at once. Raises `AwsError` as `look_around` does."""
    sends = found.snapshot is None
    direct = sends and recipe.detour is None
    looks = await asyncio.gather(
        *(_name(session, recipe, region, found) for region in (recipe.region, *recipe.copies)),
        try_permissions(session, recipe, sends=direct),
        look_at_quotas(session, recipe, sends=direct),
        check_detour(session, recipe.region, recipe.detour) if sends and recipe.detour else _nothing(),
        _encryption(session, recipe) if sends else _nothing(),
        _boots(session, recipe, recipe.boot_check) if recipe.boot_check else _nothing(),
        _public(session, recipe) if recipe.public else _nothing(),
    )
    whole = _size(recipe, disk_gib) + _broken(recipe, found)
    for each in looks:
        whole += each
    return whole


async def _nothing() -> Findings:
    return _NOWHERE


async def _regions(session: Session, recipe: Recipe) -> Findings:
    """Whether the account has switched on every region that is copied to."""
    if not recipe.copies:
        return _NOWHERE
    answer = await session.call("ec2", "DescribeRegions", recipe.region, AllRegions=True)
    known = {str(each["RegionName"]): str(each.get("OptInStatus", "")) for each in answer["Regions"]}
    whole = Findings()
    for region in recipe.copies:
        if region not in known:
            whole += stands_in_the_way("regions", f"AWS has no region {region}", "choose another --copy-to")
        elif known[region] == "not-opted-in":
            whole += stands_in_the_way(
                "regions",
                f"region {region} is not enabled for this account",
                f"enable it: aws account enable-region --region-name {region}; or leave it out of --copy-to",
            )
    return whole


async def _name(session: Session, recipe: Recipe, region: str, found: Found) -> Findings:
    """Names are unique among an account's images of a region; who has it already may be the same image."""
    ours = found.image if region == recipe.region else found.copies.get(region)
    if ours is not None:
        return _NOWHERE
    filters = [{"Name": "name", "Values": [recipe.name]}]
    answer = await session.pages("ec2", "DescribeImages", region, "Images", Owners=["self"], Filters=filters)
    if not answer:
        return _NOWHERE
    taken: Image = read_image(answer[0], region)
    return stands_in_the_way(
        "name",
        f"{taken.identity} in {region} is called {recipe.name} already and is another image ({taken.state})",
        f"choose another --name, or retire it: nixtui image retire {taken.identity} --region {region}",
    )


async def _boots(session: Session, recipe: Recipe, check: BootCheck) -> Findings:
    """Whether the instance that the image is tried on can start it at all."""
    try:
        facts = await type_facts(session, recipe.region, check.kind)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return stands_in_the_way("instance type", error.reason, error.remedy or "choose another --boot-check-type")
    mode = recipe.registration("").mode
    image = Image(identity="", name="", region="", state="", architecture=recipe.architecture, boot_mode=mode)
    reason = cannot_boot(image, check.kind, facts)
    if reason is None and recipe.tpm and not facts.tpm:
        reason = f"{check.kind} has no NitroTPM"
    return stands_in_the_way("instance type", reason, "choose another --boot-check-type") if reason else _NOWHERE


async def _public(session: Session, recipe: Recipe) -> Findings:
    """Accounts are made with a block on sharing images with everybody."""
    try:
        answer: Any = await session.call("ec2", "GetImageBlockPublicAccessState", recipe.region)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return Findings(notes=(f"whether images may be made public in {recipe.region} is not known: {error.reason}",))
    if answer.get("ImageBlockPublicAccessState") != "block-new-sharing":
        return _NOWHERE
    return stands_in_the_way(
        "public",
        f"the account blocks making images public in {recipe.region}",
        f"aws ec2 disable-image-block-public-access --region {recipe.region}; or leave out --public",
    )


async def _encryption(session: Session, recipe: Recipe) -> Findings:
    """Where the account encrypts by default, every block is sent, and not everybody can be given the image.

    Snapshots that the key which AWS keeps for the account encrypts can be given to nobody, others not to everybody.
    """
    if recipe.kms_key or not await encrypts(session, recipe.region):
        return _NOWHERE
    note = f"{recipe.region} encrypts snapshots by default: every block is sent, holes too"
    if not recipe.is_shared:
        return Findings(notes=(note,))
    key = ""
    if not recipe.public:
        try:
            answer = await session.call("ec2", "GetEbsDefaultKmsKeyId", recipe.region)
        except AwsError as error:
            if error.kind is Kind.EXPIRED:
                raise
            return Findings(notes=(note, f"whether it can be shared is not known: {error.reason}"))
        key = str(answer.get("KmsKeyId") or "")
        if "alias/aws/ebs" not in key:
            return Findings(notes=(note, f"whoever it is shared with needs to be allowed to use {key}"))
    whom = "be public" if recipe.public else "be shared, because it uses the account's own default key"
    return stands_in_the_way(
        "encryption",
        f"{recipe.region} encrypts snapshots by default, and what is encrypted cannot {whom}",
        "set another default key (aws ec2 modify-ebs-default-kms-key-id), or leave the sharing out",
    )


def _size(recipe: Recipe, disk_gib: int | None) -> Findings:
    if disk_gib is None or recipe.gib is None or disk_gib <= recipe.gib:
        return _NOWHERE
    return stands_in_the_way(
        "size",
        f"the image is larger than the volume: {disk_gib} GiB do not fit into {recipe.gib}",
        f"give --size {disk_gib} or more",
    )


def _broken(recipe: Recipe, found: Found) -> Findings:
    """Snapshots in error are of no use, and an image that did not boot is given to nobody."""
    image = found.image
    if image is not None and image.tags.get(TAG_CHECKED, "").startswith("failed") and recipe.boot_check is None:
        return stands_in_the_way(
            "boot check",
            f"{image.identity} is this image, and its boot check {image.tags[TAG_CHECKED]}",
            f"look again with --boot-check, or remove it: nixtui image retire {image.identity} --region {image.region}",
        )
    return Findings(
        notes=tuple(
            f"snapshot {each} of an earlier run is in error; remove it: nixtui image discard {each} "
            f"--region {recipe.region}"
            for each in found.broken
        )
    )
