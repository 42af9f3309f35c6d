"""What EC2 knows of hosts, beside what they say themselves; against moto on loopback."""

import pytest

from nixtui.model.machine import InstanceId, Machine
from tests.aws.moto_aws import an_image, client, moto_environ
from tests.cli.conftest import Shell, shell
from tests.instances.test_instance_commands import a_group

__all__ = ["moto_environ", "shell"]

OLD = "/nix/store/" + "a" * 32 + "-nixos-system-web-25.05"
NEW = "/nix/store/" + "b" * 32 + "-nixos-system-web-25.11"


def a_machine(**more: object) -> Machine:
    known = {"group": "web", "image": "ami-1", "group_image": "ami-1", "image_system": OLD, "group_system": OLD, **more}
    return Machine(instance=InstanceId("i-1", "eu-central-1"), state="running", **known)  # type: ignore[arg-type]  # strings


@pytest.mark.parametrize(
    ("machine", "runs", "said"),
    [
        (a_machine(), OLD, None),
        (a_machine(), NEW, "the old system: nixos-system-web-25.05 (ami-1)"),
        (a_machine(group_image="ami-2", group_system=NEW), NEW, None),
        (a_machine(group_image="ami-2", group_system=NEW), OLD, "another system: nixos-system-web-25.11 (ami-2)"),
        (a_machine(group=None), NEW, None),
        (a_machine(group_image=None), NEW, None),
        (a_machine(group_system=None), NEW, None),  # the same image without the tag says nothing
        (a_machine(group_system=None, group_image="ami-2"), NEW, "come up on ami-2, not on ami-1"),
        (a_machine(), None, None),
        (a_machine(group_image="resolve:ssm:/web", group_system=None), NEW, None),
    ],
)
def test_what_a_replacement_would_come_up_on(machine: Machine, runs: str | None, said: str | None) -> None:
    told = machine.replacement(runs)
    assert (told is None) == (said is None)
    assert said is None or said in (told or "")


def test_checks_that_are_too_early_to_say_are_no_failures() -> None:
    assert a_machine(system_check="ok", instance_check="initializing").failed_checks == ()
    assert a_machine(system_check="impaired").failed_checks == ("system check impaired",)


def tagged(image: str, system: str) -> str:
    client("ec2").create_tags(Resources=[image], Tags=[{"Key": "nixtui:store-path", "Value": system}])
    return image


def test_status_has_what_ec2_knows_of_each_instance(shell: Shell, moto_environ: dict[str, str]) -> None:
    shell.environ.update(moto_environ)
    old, new = tagged(an_image(name="web old"), OLD), tagged(an_image(name="web new"), NEW)
    member = a_group(old, new)
    client("ec2").create_tags(Resources=[member], Tags=[{"Key": "Name", "Value": "web-1"}])
    shell.configure('[ec2]\n[hosts.elsewhere]\naddress = "127.0.0.1"\nport = 1\n[ssh]\nconnect_timeout = "1s"\n')
    ended = shell.run("status", "--json")
    told = {each["name"]: each["ec2"] for each in ended.json}
    assert told["elsewhere"] is None
    web = told["web-1"]
    assert (web["instance_id"], web["region"], web["state"]) == (member, "eu-central-1", "running")
    assert (web["system_check"], web["instance_check"], web["events"]) == ("ok", "ok", [])
    assert (web["image_id"], web["image_name"], web["image_system"]) == (old, "web old", OLD)
    assert (web["group"], web["group_image_id"], web["group_system"]) == ("web", new, NEW)
    assert (web["group_template_version"], web["group_image_name"], web["image_registered"]) == ("2", "web new", True)
    assert web["replacement"] == f"a replacement by group web would come up on {new}, not on {old}"
    assert web["created_at"]
    assert "web-1" in shell.run("status", "is:old-image").err  # it does not answer, and so is no sure match


def test_what_ec2_does_not_tell_is_said_and_hides_no_host(shell: Shell, moto_environ: dict[str, str]) -> None:
    shell.environ.update(moto_environ)
    shell.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    shell.environ["AWS_MAX_ATTEMPTS"] = "1"
    shell.configure(
        '[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\ntags = { ec2 = "i-1", region = "eu-central-1" }\n'
        '[ssh]\nconnect_timeout = "1s"\n'
    )
    ended = shell.run("status", "--json")
    (web,) = ended.json
    assert (web["ec2"]["instance_id"], web["ec2"]["state"]) == ("i-1", None)
    assert "AWS cannot be reached" in ended.err
