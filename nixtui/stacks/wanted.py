"""From what is declared of a stack's hosts to what EC2 is asked for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session
from nixtui.config.schema import StackHostSection, StackSection
from nixtui.images.catalogue import read_image
from nixtui.images.machines import TypeFacts, cannot_boot, type_facts
from nixtui.instances.launching import LONGEST_USER_DATA, Launch, too_long, user_data_warnings
from nixtui.model.image import Image
from nixtui.model.stack import TAG_FLEET, TAG_HOST, TAG_STACK, fleet_name
from nixtui.stacks.members import Stack


@dataclass(frozen=True, slots=True)
class Wanted:
    """One declared host. `launch` is `None` where `refused` says why it could not be started."""

    host: str
    called: str
    section: StackHostSection
    image: Image | None = None
    launch: Launch | None = None
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    remedy: str | None = None

    def numbered(self, stack: Stack, number: int) -> Launch:
        """The launch as its `number`-th instance: the same for whoever makes it, so that EC2 makes only one."""
        assert self.launch is not None
        return replace(self.launch, token=f"{stack.account} {stack.fleet} {stack.name} {self.host} {number}")


@dataclass(frozen=True, slots=True)
class _Found:
    image: Image
    root: str | None


async def wanted_of(session: Session, stack: Stack, section: StackSection, directory: Path) -> list[Wanted]:
    """Every declared host. Raises `AwsError` where AWS cannot be asked at all."""
    references = sorted({str(each.image) for each in section.hosts.values()})
    kinds = sorted({str(each.type) for each in section.hosts.values()})
    answers = await asyncio.gather(*(_image(session, stack.region, each) for each in references))
    told = await asyncio.gather(*(_facts(session, stack.region, each) for each in kinds))
    images, facts = dict(zip(references, answers, strict=True)), dict(zip(kinds, told, strict=True))
    return [
        await _wanted(stack, host, each, images[each.image], facts[each.type], directory)
        for host, each in section.hosts.items()
    ]


async def _wanted(
    stack: Stack,
    host: str,
    section: StackHostSection,
    found: "_Found | AwsError",
    facts: TypeFacts | AwsError,
    directory: Path,
) -> Wanted:
    nothing = Wanted(host, fleet_name(stack.name, host), section)
    for each in (found, facts):
        if isinstance(each, AwsError):
            return replace(nothing, refused=each.reason, remedy=each.remedy)
    assert isinstance(found, _Found)
    assert isinstance(facts, TypeFacts)
    nothing = replace(nothing, image=found.image)
    user_data, trouble = await asyncio.to_thread(_user_data, section.user_data, directory)
    if trouble is None:
        trouble = cannot_boot(found.image, section.type, facts) or too_long(user_data) or _too_small(section, found)
    if trouble is None and found.image.state != "available":
        trouble = f"image {found.image.identity} is {found.image.state}"
    if trouble is not None:
        return replace(nothing, refused=trouble, remedy=f"change it in [stacks.{stack.name}.hosts.{host}]")
    launch = Launch(
        image=found.image,
        name=nothing.called,
        kind=section.type,
        token="",
        subnet=section.subnet,
        security_groups=section.security_groups,
        key_pair=section.key_pair,
        profile=section.instance_profile,
        user_data=user_data,
        tags={**section.tags, TAG_STACK: stack.name, TAG_HOST: host, TAG_FLEET: stack.fleet},
        root=(found.root, section.disk_gib) if section.disk_gib is not None and found.root else None,
    )
    warnings = user_data_warnings(user_data, key_pair=section.key_pair is not None)
    return replace(nothing, launch=launch, warnings=warnings)


def _too_small(section: StackHostSection, found: _Found) -> str | None:
    if section.disk_gib is None:
        return None
    if found.root is None:
        return f"image {found.image.identity} does not say which its root volume is, so disk_gib has no meaning"
    if found.image.gib is not None and section.disk_gib < found.image.gib:
        return f"disk_gib is {section.disk_gib}, and the image needs {found.image.gib}"
    return None


def _user_data(text: str | None, directory: Path) -> tuple[bytes | None, str | None]:
    """The bytes, and what is wrong."""
    if text is None:
        return None, None
    path = directory / Path(text).expanduser()
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_USER_DATA + 1), None
    except OSError as error:
        return None, f"user_data: {path} cannot be read: {error.strerror}"


async def find_image(session: Session, region: str, reference: str) -> Image | AwsError:
    """The image that is declared, or why it is none."""
    found = await _image(session, region, reference)
    return found.image if isinstance(found, _Found) else found


async def _image(session: Session, region: str, reference: str) -> _Found | AwsError:
    try:
        asked = await _asked_for(session, region, reference)
        answer = await session.call("ec2", "DescribeImages", region, **asked)
    except AwsError as error:
        return _unless_expired(error)
    images = answer.get("Images", ())
    if not images:
        return AwsError(
            f"no image of this account in {region} is called {reference}",
            f"see: nixtui image list --region {region}",
            kind=Kind.NOT_FOUND,
        )
    newest = max(images, key=lambda each: str(each.get("CreationDate", "")))
    return _Found(read_image(newest, region), newest.get("RootDeviceName") or None)


async def _asked_for(session: Session, region: str, reference: str) -> Mapping[str, Any]:
    if reference.startswith("ami-"):
        return {"ImageIds": [reference]}
    if not reference.startswith("ssm:"):
        return {"Owners": ["self"], "Filters": [{"Name": "name", "Values": [reference]}]}
    answer = await session.call("ssm", "GetParameter", region, Name=reference.removeprefix("ssm:"))
    value = str(answer["Parameter"]["Value"]).strip()
    if not value.startswith("ami-"):
        raise AwsError(f"parameter {reference.removeprefix('ssm:')} in {region} has no image's id", kind=Kind.UNUSABLE)
    return {"ImageIds": [value]}


async def _facts(session: Session, region: str, kind: str) -> TypeFacts | AwsError:
    try:
        return await type_facts(session, region, kind)
    except AwsError as error:
        return _unless_expired(error)


def _unless_expired(error: AwsError) -> AwsError:
    """What concerns one host is told with it; without a login, or a network, nothing can be told of any."""
    if error.kind is Kind.EXPIRED or error.may_pass:
        raise error
    return error
