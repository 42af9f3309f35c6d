"""An AMI on its way to others: awaited, copied into other regions, shared, deprecated from a time on."""

import asyncio
import time

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session, jittered
from nixtui.images.catalogue import read_image
from nixtui.images.changing import Call, copy, deprecate, share
from nixtui.images.creating.found import Found
from nixtui.images.creating.recipe import Recipe
from nixtui.model.image import Image
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.plan import Target
from nixtui.operations.report import Outcome, TargetReport

PATIENCE_S = 2 * 3600.0
"""Copies into far regions of images of 100 GiB take about an hour."""

_SETTLING_S = 60.0
"""For so long a new image may be `not found`."""


async def wait_available(session: Session, region: str, identity: str) -> Image:
    """The image, once it can be started. Raises `AwsError` when it never will be."""
    began, attempt = time.monotonic(), 0
    while True:
        attempt += 1
        passed = time.monotonic() - began
        try:
            answer = await session.call("ec2", "DescribeImages", region, ImageIds=[identity])
        except AwsError as error:
            if not (error.may_pass or (error.kind is Kind.NOT_FOUND and passed < _SETTLING_S)):
                raise
        else:
            where = f"--region {region}{by_profile(session.profile)}"
            for told in answer.get("Images", ()):
                if told.get("State") == "available":
                    return read_image(told, region)
                if told.get("State") != "pending":
                    raise AwsError(
                        f"{identity} in {region} is {told.get('State')}: "
                        f"{told.get('StateReason', {}).get('Message') or 'no reason given'}",
                        f"remove it: nixtui image retire {identity} {where}; then run this again",
                        kind=Kind.UNUSABLE,
                    )
        if passed > PATIENCE_S:
            raise AwsError(
                f"{identity} in {region} was not available after {PATIENCE_S / 3600:.0f} hours",
                "AWS goes on with it; the same command looks again",
                kind=Kind.UNREACHABLE,
            )
        await asyncio.sleep(jittered(attempt, base=0.2))


async def give(session: Session, recipe: Recipe, image: Image, tell: Narrator) -> None:
    """Share an image and say when it is deprecated, as the recipe has it. Doing it twice is doing it once."""
    calls: list[Call] = []
    if recipe.is_shared:
        calls += share(image, recipe.accounts, recipe.organisations, public=recipe.public).calls
    if recipe.deprecate_at:
        calls += deprecate(image, recipe.deprecate_at).calls
    for call in calls:
        tell.begin(call.action)
        await session.call(call.service, call.action, call.region, **call.parameters)
        tell.end(True)


async def copy_to(
    session: Session, recipe: Recipe, found: Found, image: Image, target: Target, region: str, run: Run
) -> tuple[TargetReport, Image | None]:
    """Into one other region, with what is given there. The report of it, and the copy. Raises nothing foreseen."""
    tell = Narrator(run, target.name)
    began, identity = run.clock(), None
    report = TargetReport(name=target.name, outcome=Outcome.COMMITTED, before=image.identity)
    try:
        existing = found.copies.get(region)
        identity = existing.identity if existing else await _copy(session, image, region, tell)
        tell.begin("waiting until it is available")
        copied = await run.unless_cancelled(wait_available(session, region, identity))
        tell.end(True)
        await give(session, recipe, copied, tell)
    except Cancelled:
        tell.end(False, "stopped")
        left = f"{identity} goes on being copied to {region}" if identity else "nothing was begun"
        return msgspec.structs.replace(
            report, outcome=Outcome.FAILED, detail=f"stopped; {left}", remedy=_way_on(identity, region)
        ), None
    except AwsError as error:
        tell.end(False, error.reason)
        outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
        left = f"; {identity} is left in {region}" if identity else ""
        remedies = "; ".join(each for each in (error.remedy, _way_on(identity, region)) if each)
        return msgspec.structs.replace(
            report, outcome=outcome, after=identity, detail=error.reason + left, remedy=remedies or None
        ), None
    report = msgspec.structs.replace(
        report, after=identity, detail="it was there already" if existing else None, seconds=run.clock() - began
    )
    return report, copied


async def _copy(session: Session, image: Image, region: str, tell: Narrator) -> str:
    (call,) = copy(image, region).calls
    tell.begin("copying")
    answer = await session.call(call.service, call.action, call.region, **call.parameters)
    identity = str(answer["ImageId"])
    tell.end(True, identity)
    return identity


def _way_on(identity: str | None, region: str) -> str | None:
    if identity is None:
        return None
    return f"the same command goes on; to remove it instead: nixtui image retire {identity} --region {region}"
