"""Instances launched from an image, and the traps of user data."""

from pathlib import Path

import msgspec
import pytest

from nixtui.images.machines import TypeFacts, cannot_boot
from nixtui.instances.launching import Launch, launch_change, parameters, user_data_warnings
from nixtui.model.image import Image
from tests.aws.moto_aws import an_image, client, moto_environ
from tests.cli.conftest import Shell, shell

__all__ = ["moto_environ", "shell"]

IMAGE = Image(
    identity="ami-0a1b2c3d",
    name="web",
    region="eu-central-1",
    state="available",
    architecture="arm64",
    boot_mode="uefi",
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"#cloud-config\nusers: []\n", "needs services.cloud-init"),
        (b"#!/bin/sh\ntrue\n", "on every boot"),
        (b"#!/bin/sh\r\ntrue\r\n", "carriage return"),
        (b"#!/usr/bin/python3\n", "is not honoured"),
        (b"{ ... }: { }", "does not import amazon-image.nix"),
        (b"#!/bin/sh\necho AGE-SECRET-KEY-1\n", "seems to hold a secret"),
        (None, "nobody can log in"),
    ],
)
def test_each_trap_of_user_data_is_said(text: bytes | None, says: str) -> None:
    assert any(says in line for line in user_data_warnings(text, key_pair=False))


def test_user_data_without_a_trap_has_only_the_general_words() -> None:
    told = user_data_warnings(
        b"{ imports = [ <nixpkgs/nixos/modules/virtualisation/amazon-image.nix> ]; }", key_pair=True
    )
    assert len(told) == 2
    assert user_data_warnings(None, key_pair=True) == ()


def test_an_image_that_the_type_cannot_boot_is_refused() -> None:
    assert cannot_boot(IMAGE, "t3.micro", TypeFacts(("x86_64",), ("uefi",))) == "t3.micro is x86_64, the image arm64"
    metal = TypeFacts(("x86_64",), ("legacy-bios",))
    on_metal = msgspec.structs.replace(IMAGE, architecture="x86_64")
    assert cannot_boot(on_metal, "m5.metal", metal) == "m5.metal boots by legacy-bios, the image by uefi"
    assert cannot_boot(IMAGE, "t4g.nano", TypeFacts(("arm64",), ("uefi",))) is None


def test_too_much_user_data_is_refused_before_it_is_sent() -> None:
    launch = Launch(image=IMAGE, name="web1", kind="t4g.nano", token="t", user_data=b"x" * 16385)
    refused = launch_change(launch, TypeFacts(("arm64",), ("uefi",))).refused
    assert refused == "user data may have 16384 bytes, not 16385"


def test_the_metadata_service_wants_tokens_and_the_same_operation_is_one_instance() -> None:
    launch = Launch(image=IMAGE, name="web1", kind="t4g.nano", token="t", profile="ssm", security_groups=("sg-1",))
    told = parameters(launch)
    assert told["MetadataOptions"]["HttpTokens"] == "required"
    assert told["ClientToken"] == parameters(launch)["ClientToken"]
    assert (told["IamInstanceProfile"], told["SecurityGroupIds"]) == ({"Name": "ssm"}, ["sg-1"])


def test_an_instance_is_launched_by_name(shell: Shell, moto_environ: dict[str, str]) -> None:
    shell.environ.update(moto_environ)
    image = an_image()
    Path(shell.directory / "init.sh").write_text("#!/bin/sh\ntrue\n")
    words = ("instance", "launch", image, "--name", "web1", "--type", "t3.micro", "--user-data", "init.sh")
    dry = shell.run(*words, "--dry-run")
    assert (dry.code, "on every boot" in dry.out) == (0, True), dry.err
    ended = shell.run(*words, "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    shown = shell.run("instance", "show", "web1", "--json").json
    assert (shown["type"], shown["image_id"]) == ("t3.micro", image)
    assert ended.json["hosts"][0]["to"] == shown["instance_id"]
    told = client("ec2").describe_instance_attribute(InstanceId=shown["instance_id"], Attribute="userData")
    assert told["UserData"]["Value"] == "IyEvYmluL3NoCnRydWUK"
    assert shell.run(*words[:6], "--name", "web1", "--type", "t3.micro", "--user-data", "gone").code == 2
