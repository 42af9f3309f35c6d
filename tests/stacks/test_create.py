"""`nixtui stack create`, on moto and a real sshd: what is missing is made, once, whatever happens on the way."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.aws.moto_aws import an_image, client
from tests.instances.fake_machines import listed
from tests.stacks.conftest import REGION, Team, described, tags_of

OTHER_KEY = "SHA256:9hPksPsKffQHey0dtyLgafqhA1rfKW8mjYBj1s12Pr4"


def told(ended) -> dict[str, dict]:
    return {each["name"]: each for each in ended.json["hosts"]}


def is_one_each(team: Team, *names: str) -> bool:
    return {name: len(each) for name, each in team.instances().items()} == dict.fromkeys(names, 1)


def test_a_stack_is_created_and_its_hosts_are_known_and_answer(team: Team) -> None:
    dry = team.run("create", "review", "--dry-run")
    assert dry.code == 0, dry.err
    assert "Create stack review in eu-central-1, account 123456789012" in dry.out
    assert team.instances() == {}
    assert not team.known_hosts.exists()
    assert team.run("create", "review").code == 5  # nobody said yes
    assert team.instances() == {}
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 0, ended.err + ended.out
    assert (ended.json["outcome"], ended.json["stack"]) == ("committed", "review")
    made = team.instances()
    assert is_one_each(team, "review-web", "review-db")
    assert {name: each["to"] for name, each in told(ended).items()} == {name: ids[0] for name, ids in made.items()}
    web = next(tags_of(each) for each in described() if each["InstanceId"] == made["review-web"][0])
    assert (web["nixtui:stack"], web["nixtui:stack-host"], web["nixtui:stack-fleet"]) == ("review", "web", "shop")
    assert team.sshd.name in team.known_hosts.read_text()
    hosts = {each["name"]: each for each in team.shell.run("status", "--json").json}
    assert {name: each["state"] for name, each in hosts.items()} == {"review-web": "up", "review-db": "up"}
    assert hosts["review-web"]["tags"]["stack"] == "review"
    assert hosts["review-web"]["ec2"]["instance_id"] == made["review-web"][0]
    ran = team.shell.run("stack", "ssh", "review", "web", "--", "echo", "it is me")
    assert (ran.code, ran.out) == (0, "it is me\n")


@pytest.mark.parametrize("says_terminated", [True, False])
def test_again_it_only_makes_what_is_missing(team: Team, says_terminated: bool) -> None:
    team.door.says_terminated = says_terminated
    assert team.run("create", "review", "--yes").code == 0
    before = team.instances()
    again = team.run("create", "review", "--yes", "--json")
    assert again.code == 0, again.err
    assert {each["outcome"] for each in again.json["hosts"]} == {"unchanged"}
    assert team.instances() == before
    client("ec2").terminate_instances(InstanceIds=before["review-web"])
    third = team.run("create", "review", "--yes", "--json")
    assert third.code == 0, third.err
    assert (told(third)["review-web"]["outcome"], told(third)["review-db"]["outcome"]) == ("committed", "unchanged")
    after = team.instances()
    assert is_one_each(team, "review-web", "review-db")
    assert (after["review-db"], after["review-web"] != before["review-web"]) == (before["review-db"], True)


@pytest.mark.parametrize("says_terminated", [True, False])
def test_tokens_of_instances_that_ec2_shows_no_more_are_passed_over(team: Team, says_terminated: bool) -> None:
    """An hour after, EC2 lists a terminated instance no longer, and still knows the token that it was made with."""
    team.declare("web")
    team.door.says_terminated = says_terminated
    assert team.run("create", "review", "--yes").code == 0
    (first,) = team.instances()["review-web"]
    client("ec2").terminate_instances(InstanceIds=[first])
    client("ec2").create_tags(Resources=[first], Tags=[{"Key": "nixtui:stack", "Value": "not listed"}])
    team.door.not_shown[first] = "2026-01-01T00:00:00.000Z"
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 0, ended.err
    (now,) = team.instances()["review-web"]
    assert told(ended)["review-web"]["to"] == now != first


def test_a_declaration_that_was_changed_since_is_a_new_instance(team: Team) -> None:
    """The old token is of another request then, which EC2 refuses; what was made with it is gone."""
    team.declare("web")
    assert team.run("create", "review", "--yes").code == 0
    (first,) = team.instances()["review-web"]
    assert team.run("destroy", "review", "--yes").code == 0
    client("ec2").create_tags(Resources=[first], Tags=[{"Key": "nixtui:stack", "Value": "not listed"}])
    team.image = an_image(name="newer")
    team.declare("web")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert is_one_each(team, "review-web")
    assert "made by somebody else" not in ended.err


def test_ctrl_c_stops_the_waiting_and_says_what_is_there(team: Team) -> None:
    team.declare("web")
    team.door.consoles["review-web"] = ""  # it has not printed its keys, so there is something to wait for
    process = team.shell.start("stack", "create", "review", "--yes", "--json")
    for line in process.stderr:
        if "shows no host keys (yet)" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    (made,) = team.instances()["review-web"]
    assert f"stopped before it was seen to be up; {made} is there" in out
    assert "nixtui stack create review goes on from there" in out
    team.answers("review-web")
    assert team.run("create", "review", "--yes").code == 0
    assert team.instances() == {"review-web": [made]}


def test_what_the_file_says_of_a_host_of_a_stack_is_said_of_its_instance(team: Team) -> None:
    team.declare("web", more='[hosts.review-web]\ntags = { role = "web" }\n')
    assert team.run("create", "review", "--yes").code == 0
    (told_of,) = team.shell.run("status", "review-web", "--json").json
    assert (told_of["address"], told_of["state"], told_of["tags"]["role"]) == ("127.0.0.1", "up", "web")
    assert told_of["ec2"]["instance_id"] == team.instances()["review-web"][0]


def test_what_was_just_made_and_is_not_shown_yet_is_not_made_again(team: Team) -> None:
    team.declare("web")
    assert team.run("create", "review", "--yes").code == 0
    (first,) = team.instances()["review-web"]
    team.door.hidden = 1
    team.door.not_shown[first] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    ended = team.run("create", "review", "--yes", "--json")
    assert (ended.code, f"{first} was made and EC2 does not show it yet" in ended.out) == (3, True), ended.out
    assert is_one_each(team, "review-web")


@pytest.mark.parametrize(
    ("action", "moment"),
    [
        ("RunInstances", "before"),
        ("RunInstances", "after"),
        ("DescribeInstanceStatus", "before"),
        ("GetConsoleOutput", "after"),
    ],
)
def test_killed_on_the_way_it_goes_on_and_makes_none_twice(team: Team, action: str, moment: str) -> None:
    hold = team.door.hold(action, moment)
    process = team.shell.start("stack", "create", "review", "--yes")
    assert hold.wait_for(1), process.communicate(timeout=30)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    hold.go.set()
    team.door.holds.clear()
    team.door.hidden = 1  # and EC2 does not list yet what was made
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 0, ended.err + ended.out
    assert is_one_each(team, "review-web", "review-db")
    away = team.run("destroy", "review", "--yes")
    assert away.code == 0, away.err
    assert team.instances() == {}
    assert "nothing is left of stack review" in team.run("destroy", "review", "--yes").err


def test_two_operators_at_once_make_one(team: Team) -> None:
    hold = team.door.hold("RunInstances", "before")
    both = [team.shell.start("stack", "create", "review", "--yes", "--json") for _ in range(2)]
    assert hold.wait_for(4)  # two hosts of each, none of them made
    hold.go.set()
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err
    assert is_one_each(team, "review-web", "review-db")


def test_two_with_different_settings_make_one_as_well(team: Team, tmp_path: Path) -> None:
    """EC2 refuses the second of them, who goes on with the instance of the first, and says so."""
    team.declare("web")
    hold = team.door.hold("DescribeInstanceStatus", "before")
    first = team.shell.start("stack", "create", "review", "--yes", "--json")
    assert hold.wait_for(1)
    config = team.shell.directory / "nixtui.toml"
    other = tmp_path / "other.toml"
    other.write_text(config.read_text().replace("t3.small", "t3.large"))
    team.door.hidden = 1  # the second did not see it yet
    del team.door.holds[("DescribeInstanceStatus", "before")]  # the first still waits there
    second = team.shell.run("--config", str(other), "stack", "create", "review", "--yes", "--json")
    hold.go.set()
    _, err = first.communicate(timeout=120)
    assert (first.returncode, second.code) == (0, 0), err + second.err
    assert is_one_each(team, "review-web")
    assert "was made by somebody else at the same time, with other settings" in second.err


def test_capacity_for_two_of_three_is_two_of_three(team: Team) -> None:
    team.declare("web", "db", "queue")
    team.door.no_capacity.add("review-queue")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 4, ended.err
    assert told(ended)["review-queue"]["outcome"] == "unreachable"
    assert "InsufficientInstanceCapacity" in told(ended)["review-queue"]["detail"]
    assert "try again later" in told(ended)["review-queue"]["remedy"]
    assert is_one_each(team, "review-web", "review-db")
    team.door.no_capacity.clear()
    again = team.run("create", "review", "--yes", "--json")
    assert again.code == 0, again.err
    assert {name: each["outcome"] for name, each in told(again).items()} == {
        "review-web": "unchanged", "review-db": "unchanged", "review-queue": "committed",
    }  # fmt: skip
    assert is_one_each(team, "review-web", "review-db", "review-queue")


def test_an_instance_that_ends_by_itself_is_told_and_not_made_again_and_again(team: Team) -> None:
    """As one does whose disk is encrypted with a key that may not be used."""
    team.declare("web")
    team.door.ends_by_itself.add("review-web")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 1, ended.err
    assert "it is terminated: Client.InternalError" in told(ended)["review-web"]["detail"]
    assert len(described()) == 1


def test_two_that_are_one_host_are_told(team: Team) -> None:
    """As where two people with other settings each began within the seconds that EC2 takes to show what it made."""
    team.declare("web")
    hold = team.door.hold("DescribeInstanceStatus", "before")
    process = team.shell.start("stack", "create", "review", "--yes", "--json")
    assert hold.wait_for(1)
    (first,) = described()
    specification = [{"ResourceType": "instance", "Tags": first["Tags"]}]
    client("ec2").run_instances(
        ImageId=team.image, MinCount=1, MaxCount=1, TagSpecifications=specification, ClientToken="another"
    )
    hold.go.set()
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, "2 instances say that they are it" in out) == (1, True), out
    again = team.run("create", "review", "--yes", "--json")
    assert (again.code, "2 instances say that they are it" in again.out) == (5, True)
    assert "2 instances say that they are it" in team.run("show", "review").out
    status = team.shell.run("status")
    assert "review-web: 2 instances say that they are it" in status.err


def test_a_quota_is_a_sentence_with_the_next_step(team: Team) -> None:
    team.declare("web")
    team.door.over_quota.add("review-web")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 1
    web = told(ended)["review-web"]
    assert "VcpuLimitExceeded" in web["detail"]
    assert "have the quota raised" in web["remedy"]
    assert "nixtui stack create review" in web["remedy"]


def test_a_missing_right_is_said_before_anything_is_done_with_what_to_paste(team: Team) -> None:
    team.door.denied.add("RunInstances")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 5, ended.err
    assert "may not call ec2:RunInstances" in told(ended)["review-web"]["detail"]
    assert '"Action": ["ec2:RunInstances", "ec2:CreateTags"]' in told(ended)["review-web"]["remedy"]
    assert team.instances() == {}


def test_what_is_not_declared_is_told_with_what_is(team: Team) -> None:
    for word in ("create", "deploy", "destroy", "show"):
        ended = team.run(word, "reviw")
        assert (ended.code, 'did you mean "review"?' in ended.err) == (2, True), ended.err
    ended = team.run("ssh", "review", "mail")
    assert (ended.code, "it has: web, db" in ended.err) == (2, True), ended.err


def test_before_it_is_created_nobody_deploys_or_logs_in(team: Team) -> None:
    for words in (("deploy", "review"), ("ssh", "review", "web")):
        ended = team.run(*words)
        assert (ended.code, "nixtui stack create review makes what is missing" in ended.err) == (5, True), ended.err


def test_a_stack_of_that_name_of_somebody_else_is_left_alone(team: Team) -> None:
    team.declare("mail", fleet="other")
    assert team.run("create", "review", "--yes").code == 0
    theirs = team.instances()
    team.declare("web")
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 5, ended.err
    assert f"somebody else has a stack review in {REGION}: {theirs['review-mail'][0]} (of fleet other)" in ended.out
    away = team.run("destroy", "review", "--yes", "--undeclared", "--json")
    assert away.code == 5, away.err
    assert "fleet other made it" in away.out
    assert team.instances() == theirs


def test_hosts_of_the_stack_that_are_not_declared_here_are_told_and_left_alone(team: Team) -> None:
    team.declare("mail")
    assert team.run("create", "review", "--yes").code == 0
    (mail,) = team.instances()["review-mail"]
    team.declare("web")
    ended = team.run("create", "review", "--yes")
    assert ended.code == 0, ended.err
    assert f"{mail} is host mail of this stack, and is not declared here" in ended.err
    assert is_one_each(team, "review-web", "review-mail")


def test_a_console_that_shows_another_key_stops_it_there(team: Team) -> None:
    team.declare("web")
    team.door.consoles["review-web"] = listed((OTHER_KEY, "ED25519"))
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 1
    assert "SAYS OTHERWISE" in told(ended)["review-web"]["detail"]
    assert not team.known_hosts.exists()
    # the instance is there, and said to be
    assert told(ended)["review-web"]["to"] == team.instances()["review-web"][0]


def test_what_was_stopped_is_told_and_not_started(team: Team) -> None:
    assert team.run("create", "review", "--yes").code == 0
    (web,) = team.instances()["review-web"]
    client("ec2").stop_instances(InstanceIds=[web])
    ended = team.run("create", "review", "--yes", "--json")
    assert ended.code == 4
    assert told(ended)["review-web"]["remedy"] == f"nixtui instance start {web} --region {REGION}"
    assert is_one_each(team, "review-web", "review-db")


def test_half_made_hosts_are_told_and_brought_to_their_end(team: Team) -> None:
    assert team.run("create", "review", "--yes").code == 0
    team.known_hosts.unlink()
    dry = team.run("create", "review", "--dry-run")
    assert "half made: its host key is not in known_hosts" in dry.out
    assert not team.known_hosts.exists()
    again = team.run("create", "review", "--yes", "--json")
    assert {each["outcome"] for each in again.json["hosts"]} == {"committed"}, again.err
    assert is_one_each(team, "review-web", "review-db")


@pytest.mark.parametrize("reference", ["name", "ssm"])
def test_an_image_is_found_by_name_or_by_parameter(team: Team, reference: str) -> None:
    image = an_image(name="shop 25.11 (web)")
    client("ssm").put_parameter(Name="/shop/ami", Value=image, Type="String")
    team.image = {"name": "shop 25.11 (web)", "ssm": "ssm:/shop/ami"}[reference]
    team.declare("web")
    assert team.run("create", "review", "--yes").code == 0
    assert [each["ImageId"] for each in described()] == [image]


def test_everything_that_is_declared_is_asked_for(team: Team) -> None:
    ec2 = client("ec2")
    (subnet, *_) = ec2.describe_subnets()["Subnets"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=subnet["VpcId"])["GroupId"]
    ec2.create_key_pair(KeyName="ops")
    (team.shell.directory / "first.sh").write_text("#!/bin/sh\n")
    host = f'subnet = "{subnet["SubnetId"]}"\nsecurity_groups = ["{group}"]\nkey_pair = "ops"\ndisk_gib = 40\n'
    host += 'user_data = "first.sh"\ntags = { env = "review" }\n'
    team.declare("web", host=host)
    ended = team.run("create", "review", "--yes")
    assert ended.code == 0, ended.err
    (web,) = described()
    assert (web["SubnetId"], web["KeyName"]) == (subnet["SubnetId"], "ops")
    assert [each["GroupId"] for each in web["SecurityGroups"]] == [group]
    assert tags_of(web)["env"] == "review"
    (volume,) = ec2.describe_volumes(VolumeIds=[web["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"]
    assert volume["Size"] == 40
    assert "first.sh" in ended.err
    shown = team.run("show", "review", "--json").json
    assert shown["hosts"][0]["differs"] == []


def test_what_cannot_work_is_refused_before_anything_is_asked_of_ec2(team: Team) -> None:
    team.declare("web", host="disk_gib = 1")
    team.answers("review-web")
    ended = team.run("create", "review", "--yes", "--json")
    assert (ended.code, "disk_gib is 1, and the image needs" in ended.out) == (5, True), ended.out
    team.image = "ami-0123456789abcdef0"
    team.declare("web")
    ended = team.run("create", "review", "--yes", "--json")
    assert (ended.code, "InvalidAMIID.NotFound" in ended.out) == (5, True), ended.out
    team.image = "no such image"
    team.declare("web")
    ended = team.run("create", "review", "--yes", "--json")
    assert (ended.code, "is called no such image" in ended.out) == (5, True), ended.out
    assert team.instances() == {}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("read_only = true", "environment prod is read-only"),
        ("allow_yes = false", "does not accept --yes"),
        ("ask_reason = true", "asks for a reason"),
    ],
)
def test_the_rules_of_the_environment_that_a_host_would_be_in_hold(team: Team, rule: str, why: str) -> None:
    team.declare("web", host='tags = { env = "prod" }', more=f'[environments.prod]\nmatch = "tag:env=prod"\n{rule}\n')
    ended = team.run("create", "review", "--yes")
    assert (ended.code, why in ended.err) == (5, True), ended.err
    assert team.instances() == {}
    read_only = team.shell.run("--read-only", "stack", "create", "review", "--yes")
    assert (read_only.code, team.instances()) == (5, {})
