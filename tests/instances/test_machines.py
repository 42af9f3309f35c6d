"""What EC2 knows of hosts, beside what they say themselves; against moto on loopback."""

import pytest

from nixtui.aws.session import Session
from nixtui.cli.ec2 import words_of
from nixtui.instances.machines import machines, survey_hosts, troubles
from nixtui.instances.standing import survey
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId, Machine
from tests.aws.moto_aws import an_image, client, moto_environ
from tests.cli.conftest import Shell, shell
from tests.instances.fake_machines import FakeMachines
from tests.instances.fake_machines import Machine as FakeMachine
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
    """As `image create` does: the store path is that of the image itself, which no host ever runs."""
    made = {"nixtui:system": system, "nixtui:store-path": f"/nix/store/{'9' * 32}-nixos-image-amazon-{image}"}
    client("ec2").create_tags(Resources=[image], Tags=[{"Key": key, "Value": made[key]} for key in made])
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


WEB = InstanceId("i-0a1b2c3d4e5f60718", "eu-central-1")


async def known_of(monkeypatch: pytest.MonkeyPatch, *denied: str, **more: str) -> tuple[Machine, tuple[str, ...]]:
    """What EC2 knows of one instance, and what it did not tell."""
    with FakeMachines(FakeMachine(WEB.identity, "web-1", "10.0.0.1", **more)) as fake:  # type: ignore[arg-type]
        fake.denied.update(denied)
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with Session(fake.environ) as session:
            found = await survey_hosts(session, [Host(name="web-1", address="10.0.0.1", instance=WEB)])
    (machine,) = machines(found)
    return machine, troubles(found.problems)


async def test_checks_events_and_an_image_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    event = "system-reboot 2026-12-01T03:00:00.000Z The instance is scheduled for a reboot"
    told, silent = await known_of(
        monkeypatch, system_check="impaired", event=event, image_name="web 24.05", state="stopping"
    )
    assert (told.image_name, told.image_registered, told.image_system) == ("web 24.05", False, None)
    assert (told.state, told.system_check, told.instance_check) == ("stopping", "impaired", "ok")
    words = "system-reboot from 2026-12-01 03:00 UTC: The instance is scheduled for a reboot"
    assert told.events == (words,)
    assert list(words_of(told, None)) == ["EC2 says it is stopping", "system check impaired", words]
    assert silent == ()


async def test_an_event_that_is_over_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    event = "system-reboot 2026-12-01T03:00:00.000Z [Completed] The instance is scheduled for a reboot"
    told, _ = await known_of(monkeypatch, event=event)
    assert told.events == ()


async def test_when_images_are_not_told_none_is_called_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    told, silent = await known_of(monkeypatch, "DescribeImages", image_name="web 24.05")
    assert told.image_registered is None
    assert any("these credentials may not call ec2:DescribeImages" in each for each in silent)


async def test_regions_that_refuse_the_same_say_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeMachines() as fake:
        fake.denied.add("DescribeAutoScalingGroups")
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with Session(fake.environ) as session:
            found = await survey(session, ["eu-central-1", "us-east-1"], {})
    (told,) = troubles(found.problems)
    assert told.startswith("ec2: auto scaling groups (eu-central-1, us-east-1): these credentials may not call")


async def test_the_image_that_a_parameter_names_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMachines(FakeMachine(WEB.identity, "web-1", "10.0.0.1", group="web", image="ami-0a"))
    fake.groups["web"], fake.parameters["current"] = "current", "ami-0b"
    fake.images |= {"ami-0a": OLD, "ami-0b": NEW}
    with fake:
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with Session(fake.environ) as session:
            found = await survey_hosts(session, [Host(name="web-1", address="10.0.0.1", instance=WEB)])
    (group,) = found.groups
    assert (group.image, group.resolved) == ("resolve:ssm:/current", "ami-0b")  # a refresh cannot be rolled back there
    (machine,) = machines(found)
    assert (machine.group_image, machine.group_system) == ("ami-0b", NEW)
    assert "another system: nixos-system-web-25.11 (ami-0b)" in (machine.replacement(OLD) or "")
