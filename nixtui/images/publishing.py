"""Telling others which image is current: an SSM parameter, a Terraform variables file, a JSON manifest.

AWS checks a parameter of type `aws:ec2:image` after it has answered, so what counts is what can be read back.
"""

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import ByLogin, Session
from nixtui.images.disk import BadImage
from nixtui.model.image import Image
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport, overall

_PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+){1,15}|[A-Za-z0-9_.-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LOOKS = 20
_LOOK_EVERY_S = 0.5


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is told. A parameter is written in each image's own region, with one name for one architecture."""

    parameter: str | None = None
    tfvars: Path | None = None
    manifest: Path | None = None
    variable: str = "nixos_amis"


def check_where(publication: Publication) -> None:
    """Raise `BadImage` for places that nobody could read it in."""
    if publication.parameter is None and publication.tfvars is None and publication.manifest is None:
        raise BadImage("nothing says where to publish", "give --parameter, --tfvars or --manifest")
    name = publication.parameter
    if name is not None and (not _PARAMETER.fullmatch(name) or re.match(r"/?(aws|ssm)", name, re.IGNORECASE)):
        raise BadImage(f"{name!a} is no name for a parameter", "such as /images/web; not below /aws or /ssm")
    if not _VARIABLE.fullmatch(publication.variable):
        raise BadImage(f"{publication.variable!a} is no name for a Terraform variable", "letters, digits, _ and -")
    tfvars = publication.tfvars
    if tfvars is not None and not tfvars.name.endswith(".auto.tfvars.json"):
        raise BadImage(f"Terraform does not read {tfvars.name} by itself", "end its name with .auto.tfvars.json")


def check(publication: Publication, images: Sequence[Image]) -> None:
    """Raise `BadImage` where it cannot be told like that."""
    check_where(publication)
    regions = [(image.region, image.architecture) for image in images]
    if len(set(regions)) < len(regions):
        raise BadImage("two of the images are for the same region and architecture", "publish one of them")
    if publication.parameter is not None and len({image.architecture for image in images}) > 1:
        raise BadImage("one parameter cannot name images of two architectures", "publish each under its own name")


def plan_publication(publication: Publication, images: Sequence[Image]) -> Plan:
    """What would be written. Raises `BadImage`."""
    check(publication, images)
    targets = [
        Target(name=f"{publication.parameter} in {image.region}", after=image.identity)
        for image in images
        if publication.parameter
    ]
    files = [path for path in (publication.tfvars, publication.manifest) if path is not None]
    targets += [Target(name=str(path), after=f"{len(images)} images") for path in files]
    calls = tuple(
        f"ssm:PutParameter in {image.region}{_by(image)} Name={publication.parameter} Value={image.identity} "
        "DataType=aws:ec2:image Overwrite=True"
        for image in images
        if publication.parameter
    )
    steps = [Step("set the parameter, and read it back", calls)] if calls else []
    steps += [Step(f"write {path}") for path in files]
    names = ", ".join(dict.fromkeys(image.name for image in images))
    return Plan(kind="image-publish", title=f"Publish {names}", targets=tuple(targets), steps=tuple(steps))


def _by(image: Image) -> str:
    return f" by {image.login}" if image.login else ""


def publishing_job(publication: Publication, images: Sequence[Image], logins: ByLogin) -> Job:
    """The work of `plan_publication`. Files are written last, when every parameter has taken."""

    async def job(run: Run) -> Report:
        reports = []
        if publication.parameter:
            name = publication.parameter
            reports = list(await asyncio.gather(*(_put(name, image, logins.of(image.login), run) for image in images)))
        took = all(report.outcome is Outcome.COMMITTED for report in reports)
        for path, content in (
            (publication.tfvars, {publication.variable: as_tfvars(images)}),
            (publication.manifest, as_manifest(images)),
        ):
            if path is not None:
                reports.append(_write(path, content, len(images)) if took else _not_written(path))
        outcome = overall(report.outcome for report in reports)
        return Report(operation=run.operation, outcome=outcome, targets=tuple(reports))

    return job


def as_tfvars(images: Sequence[Image]) -> dict[str, dict[str, str]]:
    """`{region: {architecture: ami}}`."""
    known: dict[str, dict[str, str]] = {}
    for image in sorted(images, key=lambda each: (each.region, each.architecture or "")):
        known.setdefault(image.region, {})[image.architecture or "x86_64"] = image.identity
    return known


def as_manifest(images: Sequence[Image]) -> dict[str, Any]:
    """All that is known of each; the keys are a contract."""
    return {
        "images": [
            {
                "image_id": image.identity,
                "name": image.name,
                "region": image.region,
                "architecture": image.architecture,
                "boot_mode": image.boot_mode,
                "snapshot_ids": list(image.snapshots),
                "store_path": image.store_path,
                "revision": image.revision,
            }
            for image in sorted(images, key=lambda each: (each.region, each.architecture or ""))
        ]
    }


async def _put(parameter: str, image: Image, session: Session, run: Run) -> TargetReport:
    name = f"{parameter} in {image.region}"
    tell = Narrator(run, name)
    report = TargetReport(name=name, outcome=Outcome.COMMITTED, after=image.identity)
    tell.begin("setting")
    try:
        before = await _read(parameter, image.region, session)
        if before == image.identity:
            tell.end(True, "it is that already")
            return msgspec.structs.replace(report, outcome=Outcome.UNCHANGED, before=before)
        await session.call(
            "ssm",
            "PutParameter",
            image.region,
            Name=parameter,
            Value=image.identity,
            Type="String",
            DataType="aws:ec2:image",
            Overwrite=True,
        )
        taken = await _reads_back(parameter, image, session)
    except AwsError as error:
        tell.end(False, error.reason)
        outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
        return msgspec.structs.replace(report, outcome=outcome, detail=error.reason, remedy=error.remedy)
    tell.end(taken)
    if taken:
        return msgspec.structs.replace(report, before=before)
    return msgspec.structs.replace(
        report,
        outcome=Outcome.FAILED,
        before=before,
        detail=f"AWS took the parameter and did not keep it: {image.identity} is not to be seen in {image.region}",
        remedy="check that the image is available there, and that ssm may call ec2:DescribeImages",
    )


async def _reads_back(parameter: str, image: Image, session: Session) -> bool:
    for look in range(_LOOKS):
        if look:
            await asyncio.sleep(_LOOK_EVERY_S)
        if await _read(parameter, image.region, session) == image.identity:
            return True
    return False


async def _read(parameter: str, region: str, session: Session) -> str | None:
    try:
        answer = await session.call("ssm", "GetParameter", region, Name=parameter)
    except AwsError as error:
        if error.kind is Kind.NOT_FOUND:
            return None
        raise
    return str(answer["Parameter"]["Value"])


def _write(path: Path, content: Mapping[str, Any], count: int) -> TargetReport:
    """All of it or nothing: whoever reads meanwhile sees the old file or the new one."""
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        os.replace(file.name, path)  # noqa: PTH105 # reads as the one step it is
    except OSError as error:
        return TargetReport(
            name=str(path),
            outcome=Outcome.FAILED,
            detail=f"it cannot be written: {error.strerror}",
            remedy="check the directory",
        )
    return TargetReport(name=str(path), outcome=Outcome.COMMITTED, after=f"{count} images")


def _not_written(path: Path) -> TargetReport:
    detail = "not written, because a parameter did not take"
    return TargetReport(name=str(path), outcome=Outcome.REFUSED, detail=detail)
