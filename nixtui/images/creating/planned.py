"""The plan of an image: every step with its calls, what it costs, how long it takes, what stands in the way."""

from collections.abc import Iterator
from dataclasses import dataclass

from nixtui.aws.pace import CEILING
from nixtui.aws.snapshots import BLOCK
from nixtui.images.creating.booting import PATIENCE_S
from nixtui.images.creating.found import Found
from nixtui.images.creating.recipe import Recipe
from nixtui.images.creating.source import Source
from nixtui.images.obstacle import Findings
from nixtui.images.registering import plan_registration
from nixtui.images.upload import PRICE_PER_1000_BLOCKS
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome

KEEPING_PER_GIB = 0.05
TRANSFER_PER_GIB = 0.02
"""US dollars in us-east-1: a month of a snapshot, and bringing it into another region. Other regions differ little."""

_UPLINK = 100e6 / 8
"""Bytes a second of the line that times are given for; few offices have less."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How large the image is: blocks to send and GiB of disk, each `None` while it is not known."""

    blocks: int | None = None
    gib: int | None = None


def copy_name(recipe: Recipe, region: str) -> str:
    """What a copy is called in plan and report."""
    return f"{recipe.name} in {region}"


def plan_creation(recipe: Recipe, found: Found, findings: Findings, source: Source, extent: Extent) -> Plan:
    """The plan. What stands in the way is a row of its own, and then nothing else is planned."""
    title = f"Create {recipe.name} in {recipe.region} from {source.title}"
    if findings.obstacles:
        rows = tuple(
            Target(name=f"{recipe.name}: {each.check}", refused=each.reason, remedy=each.remedy)
            for each in findings.obstacles
        )
        return Plan(kind="image-create", title=title, targets=rows, steps=(), warnings=findings.notes)
    targets = (_home(recipe, found), *_copies(recipe, found), *_publications(recipe))
    acting = any(each.refused is None for each in targets)
    return Plan(
        kind="image-create",
        title=title,
        targets=targets,
        steps=tuple(_steps(recipe, found, source, extent)) if acting else (),
        warnings=(*findings.notes, *_costs(recipe, found, extent)) if acting else findings.notes,
        irreversible=("everybody at AWS will see the image and all that is on its disk",)
        if recipe.public and acting
        else (),
    )


def _home(recipe: Recipe, found: Found) -> Target:
    image = found.image
    complete = image is not None and image.state == "available" and (recipe.boot_check is None or found.checked)
    nothing_to_do = complete and not (recipe.is_shared or recipe.deprecate_at or found.strays)
    return Target(
        name=recipe.name,
        before=image.identity if image else found.snapshot,
        after=image.identity if image else f"AMI in {recipe.region}",
        refused=f"{image.identity} is this image already" if image is not None and nothing_to_do else None,
        refused_as=Outcome.UNCHANGED,
        facts={"region": recipe.region, "identity": recipe.identity[1], "system": recipe.system or ""},
    )


def _copies(recipe: Recipe, found: Found) -> Iterator[Target]:
    for region in recipe.copies:
        there = found.copies.get(region)
        done = there is not None and there.state == "available" and not (recipe.is_shared or recipe.deprecate_at)
        yield Target(
            name=copy_name(recipe, region),
            before=there.identity if there else None,
            after=there.identity if there else f"AMI in {region}",
            refused=f"{there.identity} is this image already" if there is not None and done else None,
            refused_as=Outcome.UNCHANGED,
        )


def _publications(recipe: Recipe) -> Iterator[Target]:
    publication = recipe.publication
    if publication is None:
        return
    if publication.parameter:
        for region in (recipe.region, *recipe.copies):
            yield Target(name=f"{publication.parameter} in {region}", after="the image there")
    for path in (publication.tfvars, publication.manifest):
        if path is not None:
            yield Target(name=str(path), after=f"{1 + len(recipe.copies)} images")


def _steps(recipe: Recipe, found: Found, source: Source, extent: Extent) -> Iterator[Step]:
    region = recipe.region
    if found.image is None:
        if found.snapshot is None:
            if source.command:
                yield Step("build the image", (source.command,))
            yield _sending(recipe, extent)
        yield plan_registration(recipe.registration(" and ".join(found.snapshots) or "the snapshot")).steps[0]
    if recipe.boot_check and not found.checked:
        kind = recipe.boot_check.kind
        yield Step(
            "see whether it boots, and terminate the instance whatever comes of it",
            (
                f"ec2:RunInstances {kind} in {region}, at most {PATIENCE_S / 60:.0f} minutes",
                "ec2:TerminateInstances",
            ),
        )
    for each in recipe.copies:
        if each not in found.copies:
            yield Step(f"copy it to {each}", (f"ec2:CopyImage {region} → {each}, tags with it",))
    everywhere = ", ".join((region, *recipe.copies))
    if recipe.is_shared:
        whom = ", ".join((*recipe.accounts, *recipe.organisations, *(["everybody"] if recipe.public else [])))
        yield Step(f"share it with {whom}", (f"ec2:ModifyImageAttribute in {everywhere}",))
    if recipe.deprecate_at:
        yield Step(f"deprecate it at {recipe.deprecate_at}", (f"ec2:EnableImageDeprecation in {everywhere}",))
    if recipe.publication and recipe.publication.parameter:
        yield Step(
            "set the parameter, and read it back",
            (f"ssm:PutParameter {recipe.publication.parameter} DataType=aws:ec2:image in {everywhere}",),
        )


def _sending(recipe: Recipe, extent: Extent) -> Step:
    region, detour = recipe.region, recipe.detour
    if detour is not None:
        return Step(
            f"send it to s3://{detour.bucket}, and have the service import it",
            (
                f"s3:PutObject in {detour.bucket}",
                f"ec2:ImportSnapshot RoleName={detour.role} in {region}",
                f"s3:DeleteObject in {detour.bucket}",
            ),
        )
    count = "its" if extent.blocks is None else str(extent.blocks)
    return Step(
        f"send {count} blocks of 512 KiB as a snapshot",
        (
            f"ebs:StartSnapshot in {region}, tagged {'='.join(recipe.identity)}",
            f"ebs:PutSnapshotBlock, at most {CEILING:.0f} a second",
            "ebs:CompleteSnapshot with the checksum of all blocks",
        ),
    )


def _costs(recipe: Recipe, found: Found, extent: Extent) -> Iterator[str]:
    """What it costs and how long it takes, as far as that can be said beforehand."""
    blocks, gib = extent.blocks, extent.gib
    if found.snapshot is None and recipe.detour is not None:
        yield "the import takes ten minutes to an hour; EBS direct would take seconds to minutes"
    elif found.snapshot is None:
        if blocks is None:
            most = f", at most ${gib * 2048 / 1000 * PRICE_PER_1000_BLOCKS:.2f} for {gib} GiB" if gib else ""
            yield f"what sending it costs is known once it is built{most}"
        else:
            seconds, slow = max(1.0, blocks / CEILING), blocks * BLOCK / _UPLINK
            yield (
                f"sending costs about ${blocks / 1000 * PRICE_PER_1000_BLOCKS:.3f} and takes at least {seconds:.0f} s, "
                f"over 100 Mbit/s about {_span(slow)}"
            )
    if gib:
        regions = 1 + len(recipe.copies)
        moved = (
            f", and about ${len(recipe.copies) * gib * TRANSFER_PER_GIB:.2f} once to copy it" if recipe.copies else ""
        )
        yield f"keeping it costs at most ${regions * gib * KEEPING_PER_GIB:.2f} a month{moved}"
    if recipe.boot_check and not found.checked:
        yield f"the boot check takes two to five minutes of one {recipe.boot_check.kind}, about a cent"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
