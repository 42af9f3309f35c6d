"""`nixtui image …` on images that exist, against moto on loopback."""

import json

import pytest

from tests.aws.moto_aws import an_image, client, instances, moto_environ
from tests.cli.conftest import Shell

__all__ = ["moto_environ"]


@pytest.fixture
def aws_shell(shell: Shell, moto_environ: dict[str, str]) -> Shell:
    shell.environ.update(moto_environ)
    return shell


def test_images_are_listed_over_the_regions_of_the_configuration(aws_shell: Shell) -> None:
    here, there = an_image(name="web"), an_image("us-east-1", name="database")
    aws_shell.configure('[ec2]\nregions = ["eu-central-1", "us-east-1"]\n')
    ended = aws_shell.run("image", "list", "--json")
    assert ended.code == 0, ended.err
    told = {each["image_id"]: each for each in ended.json if each["image_id"] in (here, there)}
    assert {(each["name"], each["region"]) for each in told.values()} == {
        ("web", "eu-central-1"),
        ("database", "us-east-1"),
    }
    assert told[here]["visibility"] == "private"
    only = aws_shell.run("image", "list", "--region", "us-east-1", "--json").json
    assert {each["region"] for each in only} == {"us-east-1"}
    assert here in aws_shell.run("image", "list").out


def test_a_parameter_is_set_and_read_back_and_the_files_say_the_same(aws_shell: Shell) -> None:
    image = an_image()
    words = ("image", "publish", image, "--parameter", "/images/web", "--tfvars", "web.auto.tfvars.json")
    ended = aws_shell.run(*words, "--manifest", "web.json", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert client("ssm").get_parameter(Name="/images/web")["Parameter"]["Value"] == image
    tfvars = json.loads((aws_shell.directory / "web.auto.tfvars.json").read_text())
    assert tfvars["nixos_amis"]["eu-central-1"] == {"x86_64": image}
    manifest = json.loads((aws_shell.directory / "web.json").read_text())
    assert [each["image_id"] for each in manifest["images"]] == [image]
    again = aws_shell.run(*words, "--yes", "--json")
    assert again.json["hosts"][0]["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([], "nothing says where to publish"),
        (["--parameter", "/aws/x"], "is no name for a parameter"),
        (["--tfvars", "x.json"], "end its name with .auto.tfvars.json"),
    ],
)
def test_what_nobody_could_read_is_not_published(aws_shell: Shell, more: list[str], says: str) -> None:
    ended = aws_shell.run("image", "publish", an_image(), *more, "--yes")
    assert (ended.code, says in ended.err) == (2, True)


def test_an_image_in_use_is_not_retired(aws_shell: Shell) -> None:
    image = an_image()
    (running,) = instances(1, image)
    refused = aws_shell.run("image", "retire", image, "--yes")
    assert refused.code == 5
    assert f"instance {running} runs it" in refused.out
    assert client("ec2").describe_images(ImageIds=[image])["Images"]


@pytest.mark.parametrize("by", ["template", "mixed", "configuration"])
def test_what_a_group_would_start_is_not_retired_though_its_template_has_moved_on(aws_shell: Shell, by: str) -> None:
    image, newer = an_image(), an_image(name="newer")
    ec2, scaling = client("ec2"), client("autoscaling")
    made = ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    pinned = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}
    scaling.create_launch_configuration(LaunchConfigurationName="old", ImageId=image, InstanceType="t3.micro")
    ways = {
        "template": {"LaunchTemplate": pinned},
        "mixed": {"MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": pinned}}},
        "configuration": {"LaunchConfigurationName": "old"},
    }
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="shop-web", MinSize=0, MaxSize=1, AvailabilityZones=["eu-central-1a"], **ways[by]
    )
    ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData={"ImageId": newer})
    ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")
    refused = aws_shell.run("image", "retire", image, "--yes")
    assert refused.code == 5
    assert "auto scaling group shop-web starts it" in refused.out, refused.out
    assert "launch template web" not in refused.out
    other = aws_shell.run("image", "retire", newer, "--yes")
    assert "auto scaling group" not in other.out


def test_retiring_by_force_takes_the_image_away(aws_shell: Shell) -> None:
    image = an_image()
    ended = aws_shell.run("image", "retire", image, "--force", "--yes", "--json")
    assert ended.code in (0, 1), ended.err  # moto says that the snapshot is not there, or deletes it
    owned = client("ec2").describe_images(Owners=["self"])["Images"]
    assert image not in [each["ImageId"] for each in owned]


def test_sharing_is_seen_in_the_image_and_its_snapshot(aws_shell: Shell) -> None:
    image = an_image()
    ended = aws_shell.run("image", "share", image, "--account", "123456789012", "--yes", "--json")
    assert ended.json["hosts"][0]["to"] == "shared", ended.err
    told = client("ec2").describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"UserId": "123456789012"}]


def test_an_image_is_copied_and_its_new_name_is_told(aws_shell: Shell) -> None:
    image = an_image()
    ended = aws_shell.run("image", "copy", image, "--to", "us-east-1", "eu-central-1", "--yes", "--json")
    assert ended.code == 4, ended.err
    copied, same = ended.json["hosts"]
    assert client("ec2", "us-east-1").describe_images(ImageIds=[copied["to"]])["Images"]
    assert same["outcome"] == "refused"


def test_registering_asks_and_reports(aws_shell: Shell) -> None:
    volume = client("ec2").create_volume(Size=1, AvailabilityZone="eu-central-1a")
    snapshot = client("ec2").create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
    words = ("image", "register", snapshot, "--name", "web", "--arch", "aarch64-linux")
    assert aws_shell.run(*words).code == 5
    dry = aws_shell.run(*words, "--dry-run")
    assert (dry.code, "--architecture arm64 --boot-mode uefi" in dry.out) == (0, True)
    ended = aws_shell.run(*words, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["hosts"][0]["to"].startswith("ami-")


def test_an_image_that_is_not_there_is_a_sentence(aws_shell: Shell) -> None:
    ended = aws_shell.run("image", "retire", "ami-0123456789abcdef0", "--yes")
    assert ended.code == 1
    assert "check the region" in ended.err
    assert "Traceback" not in ended.err
