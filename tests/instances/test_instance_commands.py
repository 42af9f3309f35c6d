"""`nixtui instance …` against moto on loopback."""

import pytest

from tests.aws.moto_aws import an_image, client, instances, moto_environ
from tests.cli.conftest import Shell, shell

__all__ = ["moto_environ", "shell"]


@pytest.fixture
def aws_shell(shell: Shell, moto_environ: dict[str, str]) -> Shell:
    shell.environ.update(moto_environ)
    return shell


def a_group(image: str, newer: str | None = None, name: str = "web") -> str:
    """A group with one instance of `image`; its template then moves on to `newer`. The instance's id."""
    ec2, scaling = client("ec2"), client("autoscaling")
    ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["eu-central-1a"],
    )
    if newer:
        ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData={"ImageId": newer})
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return str(group["Instances"][0]["InstanceId"])


def test_instances_are_listed_over_regions_with_what_is_around_them(aws_shell: Shell) -> None:
    here, there = an_image(name="web 25.11"), an_image("us-east-1", name="database")
    (web,) = instances(1, here, Name="web1")
    (database,) = instances(1, there, "us-east-1", Name="db1")
    aws_shell.configure('[ec2]\nregions = ["eu-central-1", "us-east-1"]\n')
    ended = aws_shell.run("instance", "list", "--json")
    assert ended.code == 0, ended.err
    told = {each["instance_id"]: each for each in ended.json}
    assert set(told) == {web, database}
    assert (told[web]["name"], told[web]["image_name"], told[web]["state"]) == ("web1", "web 25.11", "running")
    assert (told[web]["system_check"], told[web]["instance_check"]) == ("ok", "ok")
    assert (told[database]["region"], told[database]["image_name"]) == ("us-east-1", "database")
    table = aws_shell.run("instance", "list", "--filter", "tag:Name=web1").out
    assert (web in table, database in table) == (True, False)


def test_a_group_that_would_start_another_image_is_told(aws_shell: Shell) -> None:
    old, new = an_image(name="old"), an_image(name="new")
    member = a_group(old, new)
    shown = aws_shell.run("instance", "show", member, "--json")
    assert shown.code == 0, shown.err
    assert shown.json["drift"] == f"a replacement would come up on {new}, not on {old}"
    assert shown.json["group"] == "web"
    same = a_group(new, name="database")
    assert aws_shell.run("instance", "show", same, "--json").json["drift"] is None


def test_terminating_one_of_a_group_says_what_comes_instead(aws_shell: Shell) -> None:
    old, new = an_image(name="old"), an_image(name="new")
    member = a_group(old, new)
    dry = aws_shell.run("instance", "terminate", member, "--dry-run")
    assert "auto scaling group web would replace it" in dry.out
    assert f"a replacement would come up on {new}" in dry.out
    assert aws_shell.run("instance", "terminate", member).code == 5


def test_an_instance_is_stopped_started_and_terminated_by_name(aws_shell: Shell) -> None:
    (identity,) = instances(1, an_image(), Name="web1")

    def state() -> str:
        (group,) = client("ec2").describe_instances(InstanceIds=[identity])["Reservations"]
        return str(group["Instances"][0]["State"]["Name"])

    assert aws_shell.run("instance", "start", "web1", "--yes").code == 5
    assert aws_shell.run("instance", "stop", "web1", "--yes").code == 0
    assert state() == "stopped"
    assert aws_shell.run("instance", "start", "web1", "--yes").code == 0
    assert state() == "running"
    assert aws_shell.run("instance", "terminate", "web1", "--yes").code == 0
    assert state() == "terminated"


def test_a_name_of_two_or_of_none_is_refused(aws_shell: Shell) -> None:
    two = instances(2, an_image(), Name="web")
    ended = aws_shell.run("instance", "stop", "web", "--yes")
    assert ended.code == 2
    assert all(each in ended.err for each in two)
    nobody = aws_shell.run("instance", "show", "nobody")
    assert (nobody.code, "no instance" in nobody.err) == (2, True)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("read_only = true", "environment prod is read-only"),
        ("allow_yes = false", "does not accept --yes"),
        ("ask_reason = true", "asks for a reason"),
    ],
)
def test_what_the_environment_of_a_host_asks_for_its_instance_asks_for(aws_shell: Shell, rule: str, why: str) -> None:
    old = an_image(name="old")
    (web,) = instances(1, old, Name="web1")
    member = a_group(old)
    aws_shell.configure(
        f'[fleet]\nsources = ["file"]\n[hosts.web1]\n[hosts.other]\ntags = {{ ec2 = "{member}" }}\n'
        f'[environments.prod]\nmatch = "*"\n{rule}\n'
    )
    for word in ("reboot", "stop", "terminate"):
        for each in (web, member):
            ended = aws_shell.run("instance", word, each, "--yes")
            assert (ended.code, why in ended.err) == (5, True), (word, ended.out, ended.err)
    told = client("ec2").describe_instances(InstanceIds=[web, member])["Reservations"]
    assert {each["State"]["Name"] for group in told for each in group["Instances"]} == {"running"}


def test_the_command_that_lists_cannot_be_told_nonsense(aws_shell: Shell) -> None:
    ended = aws_shell.run("instance", "list", "--filter", "running")
    assert (ended.code, "NAME=VALUE" in ended.err) == (2, True)
