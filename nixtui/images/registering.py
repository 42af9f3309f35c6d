"""Making an AMI of a snapshot: exactly what RegisterImage is told, refused before AWS would refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session
from nixtui.images.disk import BadImage
from nixtui.images.naming import refuse_image_name
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, TargetReport

ARCHITECTURES: Mapping[str, str] = {
    "x86_64": "x86_64",
    "x86_64-linux": "x86_64",
    "amd64": "x86_64",
    "aarch64": "arm64",
    "aarch64-linux": "arm64",
    "arm64": "arm64",
}
"""EC2's word for what Nix, and others, call a processor."""

BOOT_MODES = ("legacy-bios", "uefi", "uefi-preferred")
TAG_REVISION = "nixtui:revision"
TAG_STORE_PATH = "nixtui:store-path"
TAG_BUILDER = "nixtui:builder"
TAG_CONTENT = "nixtui:content"
TAG_DISK = "nixtui:disk"
"""Which disk of how many a snapshot is, where an image has several: `2/2`."""

ROOT = "/dev/xvda"
"""Where nixpkgs' amazon-image.nix expects its disk."""


@dataclass(frozen=True, slots=True)
class Registration:
    """An AMI to be. `boot_mode` is `None` for what nixpkgs builds: uefi on arm64, legacy-bios on x86_64."""

    name: str
    region: str
    snapshot: str
    architecture: str
    boot_mode: str | None = None
    tpm: bool = False
    description: str | None = None
    gib: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    """Snapshots of further disks, `/dev/xvdb` and on; `gib` is then the size of the last one, which grows."""

    @property
    def mode(self) -> str:
        """The boot mode that is registered."""
        return self.boot_mode or ("uefi" if self.architecture == "arm64" else "legacy-bios")


def check(registration: Registration) -> None:
    """Raise `BadImage` for what no instance could start from, or EC2 would not take."""
    if reason := refuse_image_name(registration.name):
        raise BadImage(f"the name {reason}", "choose another --name")
    if registration.architecture not in ("x86_64", "arm64"):
        raise BadImage(
            f"{registration.architecture} is no architecture of EC2", "choose x86_64 (amd64) or arm64 (aarch64)"
        )
    if registration.mode not in BOOT_MODES:
        raise BadImage(f"{registration.mode} is no boot mode", f"choose {', '.join(BOOT_MODES)}")
    if registration.architecture == "arm64" and registration.mode != "uefi":
        raise BadImage(f"arm64 instances do not start with {registration.mode}", "choose --boot-mode uefi")
    if registration.tpm and (registration.mode != "uefi" or registration.architecture != "x86_64"):
        raise BadImage(
            f"NitroTPM needs boot mode uefi on x86_64, and this is {registration.mode} on {registration.architecture}",
            "leave --tpm out, or build the image for uefi",
        )
    description = registration.description or ""
    if not description.isascii() or len(description) > 255:
        raise BadImage("EC2 takes descriptions of at most 255 ASCII characters", "shorten --description")
    for key, value in registration.tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise BadImage(f"the tag {key[:40]!a} is none that EC2 takes", "128 characters, and 256 of value")


def arguments(registration: Registration) -> dict[str, Any]:
    """What RegisterImage is called with.

    The snapshot goes with the volume, not with the instance's data: gp3, deleted on termination. Metadata only by
    IMDSv2: a token that a forged request cannot have.
    """
    snapshots = (registration.snapshot, *registration.more)
    mappings: list[dict[str, Any]] = [
        {
            "DeviceName": f"{ROOT[:-1]}{letter}",
            "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3", "DeleteOnTermination": True},
        }
        for letter, snapshot in zip("abcdef", snapshots, strict=False)
    ]
    if registration.gib is not None:
        mappings[-1]["Ebs"]["VolumeSize"] = registration.gib
    tags = [{"Key": key, "Value": value} for key, value in {"Name": registration.name, **registration.tags}.items()]
    return {
        "Name": registration.name,
        **({"Description": registration.description} if registration.description else {}),
        "Architecture": registration.architecture,
        "BootMode": registration.mode,
        "BlockDeviceMappings": mappings,
        "RootDeviceName": ROOT,
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "SriovNetSupport": "simple",
        "ImdsSupport": "v2.0",
        **({"TpmSupport": "v2.0"} if registration.tpm else {}),
        "TagSpecifications": [{"ResourceType": "image", "Tags": tags}],
    }


def plan_registration(registration: Registration, login: str | None = None) -> Plan:
    """What would be called by `login`, where that has a name. Raises `BadImage`."""
    check(registration)
    call = (
        f"ec2:RegisterImage --region {registration.region}{by_profile(login)} --name '{registration.name}' "
        f"--architecture {registration.architecture} --boot-mode {registration.mode} "
        f"--block-device-mappings {ROOT}={registration.snapshot},gp3 --ena-support --imds-support v2.0"
        + (" --tpm-support v2.0" if registration.tpm else "")
    )
    target = Target(
        name=registration.name,
        before=registration.snapshot,
        after=f"AMI in {registration.region}",
        facts={"region": registration.region, "snapshot": registration.snapshot},
    )
    return Plan(
        kind="image-register",
        title=f"Register {registration.snapshot} as {registration.name} in {registration.region}",
        targets=(target,),
        steps=(Step("register the image", (call,)), Step("wait until it is available", ("ec2:DescribeImages",))),
    )


async def register(registration: Registration, session: Session, run: Run) -> TargetReport:
    """Register it and wait until it can be launched. Raises `AwsError`."""
    tell = Narrator(run, registration.name)
    tell.begin("registering")
    answer = await session.call("ec2", "RegisterImage", registration.region, **arguments(registration))
    identity = str(answer["ImageId"])
    tell.end(True, identity)
    return TargetReport(
        name=registration.name,
        outcome=Outcome.COMMITTED,
        before=registration.snapshot,
        after=identity,
        detail=f"registered in {registration.region}",
    )
