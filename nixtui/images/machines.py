"""What instance types can start: architectures and boot modes, which an image has to agree with."""

from dataclasses import dataclass

from nixtui.aws.session import Session
from nixtui.model.image import Image


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What an instance type can do."""

    architectures: tuple[str, ...]
    boot_modes: tuple[str, ...]
    tpm: bool = False


async def type_facts(session: Session, region: str, kind: str) -> TypeFacts:
    """What DescribeInstanceTypes says of a type. Raises `AwsError`."""
    answer = await session.call("ec2", "DescribeInstanceTypes", region, InstanceTypes=[kind])
    told = answer["InstanceTypes"][0]
    architectures = told.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return TypeFacts(
        tuple(architectures), tuple(told.get("SupportedBootModes", ())), told.get("NitroTpmSupport") == "supported"
    )


def cannot_boot(image: Image, kind: str, facts: TypeFacts) -> str | None:
    """Why an instance of this type would not come up with the image; `None` when nothing speaks against it."""
    if image.architecture and facts.architectures and image.architecture not in facts.architectures:
        return f"{kind} is {' or '.join(facts.architectures)}, the image {image.architecture}"
    mode = image.boot_mode
    if mode in ("uefi", "legacy-bios") and facts.boot_modes and mode not in facts.boot_modes:
        return f"{kind} boots by {' or '.join(facts.boot_modes)}, the image by {mode}"
    return None
