"""An instance started from an image, with what its user data would and would not do on NixOS.

Facts about user data from nixpkgs `virtualisation/amazon-init.nix`: what begins with `#!` is run by the system's
shell on every boot; all else is taken for a NixOS expression that `nixos-rebuild switch` builds on the instance.
cloud-init is another module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from nixtui.images.changing import Call, Change
from nixtui.images.machines import TypeFacts, cannot_boot
from nixtui.model.image import Image

LONGEST_USER_DATA = 16 * 1024
"""Bytes that EC2 takes, before base64."""

_WORDS_OF_SECRETS = (b"PRIVATE KEY", b"AGE-SECRET-KEY-", b"AWS_SECRET_ACCESS_KEY", b"password=")


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started. `token` makes doing it twice one instance.

    `root` is the device of the root volume with its size in GiB, where that is not to be the image's.
    """

    image: Image
    name: str
    kind: str
    token: str
    subnet: str | None = None
    security_groups: tuple[str, ...] = ()
    key_pair: str | None = None
    profile: str | None = None
    user_data: bytes | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    root: tuple[str, int] | None = None


def user_data_warnings(text: bytes | None, *, key_pair: bool) -> tuple[str, ...]:
    """Each trap in user data as a sentence."""
    if text is None or not text.strip():
        return () if key_pair else ("neither key pair nor user data: nobody can log in unless the image lets them",)
    told = []
    if text.startswith(b"#cloud-config"):
        told.append("amazon-init takes #cloud-config for a NixOS expression and fails; it needs services.cloud-init")
    elif text.startswith(b"#!"):
        told.append("the script runs as root on every boot, not only the first")
        if text.split(b"\n", 1)[0].endswith(b"\r"):
            told.append("its first line ends in a carriage return: the interpreter will not be found")
        elif not text.split(b"\n", 1)[0].rstrip().endswith((b"/sh", b"bash")):
            told.append("its first line is not honoured: amazon-init runs it by the system's shell")
    else:
        told.append("it is built on the instance as /etc/nixos/configuration.nix: that takes memory, disk and network")
        if b"amazon-image.nix" not in text:
            told.append("it does not import amazon-image.nix: the system it builds may not boot or not be reached")
    if any(word in text for word in _WORDS_OF_SECRETS):
        told.append("it seems to hold a secret; every process on the instance can read user data")
    told.append("it is skipped without a failed unit if the instance metadata cannot be read at boot")
    return tuple(told)


def too_long(text: bytes | None) -> str | None:
    """Why EC2 would not take user data; `None` when it does."""
    if text is None or len(text) <= LONGEST_USER_DATA:
        return None
    return f"user data may have {LONGEST_USER_DATA} bytes, not {len(text)}"


def parameters(launch: Launch) -> dict[str, Any]:
    """RunInstances."""
    tags = [{"Key": key, "Value": value} for key, value in {"Name": launch.name, **launch.tags}.items()]
    asked: dict[str, Any] = {
        "ImageId": launch.image.identity,
        "InstanceType": launch.kind,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": sha256(launch.token.encode()).hexdigest()[:48],
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
    }
    if launch.root:
        device, gib = launch.root
        disk = {"VolumeSize": gib, "DeleteOnTermination": True}
        asked["BlockDeviceMappings"] = [{"DeviceName": device, "Ebs": disk}]
    if launch.subnet:
        asked["SubnetId"] = launch.subnet
    if launch.security_groups:
        asked["SecurityGroupIds"] = list(launch.security_groups)
    if launch.key_pair:
        asked["KeyName"] = launch.key_pair
    if launch.profile:
        asked["IamInstanceProfile"] = {"Arn" if launch.profile.startswith("arn:") else "Name": launch.profile}
    if launch.user_data is not None:
        asked["UserData"] = launch.user_data  # botocore encodes it
    return asked


def launch_change(launch: Launch, facts: TypeFacts) -> Change:
    """The launch as a change."""
    refused = cannot_boot(launch.image, launch.kind, facts) or too_long(launch.user_data)
    if refused is None and launch.image.state != "available":
        refused = f"image {launch.image.identity} is {launch.image.state}"
    warnings = user_data_warnings(launch.user_data, key_pair=launch.key_pair is not None)
    return Change(
        name=launch.name,
        calls=(Call("ec2", "RunInstances", launch.image.region, parameters(launch), launch.image.login),),
        before=launch.image.identity,
        after=f"{launch.kind} in {launch.image.region}",
        gives="Instances.0.InstanceId",
        warnings=warnings,
        refused=refused,
        remedy="choose another --type, or another image" if refused else None,
    )
