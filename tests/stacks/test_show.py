"""`nixtui stack show` and `list`: what is there, whose it is, and in what it is another than declared."""

from nixtui.aws.instances import Instance
from nixtui.stacks.members import Member, Stack, read_member
from tests.aws.moto_aws import an_image, client
from tests.stacks.conftest import Team
from tests.stacks.test_destroy import a_stack

STACK = Stack("review", "eu-central-1", "shop", "123456789012")


def a_member(**more: object) -> Member:
    instance = Instance(identity="i-1", region=str(more.pop("region", "eu-central-1")), state="running")
    known = {"stack": "review", "host": "web", "fleet": "shop", "owner": "123456789012"}
    return Member(instance=instance, **{**known, **more})  # type: ignore[arg-type]


def test_of_a_stack_is_only_what_has_all_of_it() -> None:
    assert STACK.has(a_member())
    for other in ({"stack": "Review"}, {"host": ""}, {"fleet": ""}, {"owner": "2"}, {"owner": None}, {"region": "x"}):
        assert not STACK.has(a_member(**other)), other


def test_what_an_instance_leaves_behind_is_read() -> None:
    told = {
        "InstanceId": "i-1",
        "State": {"Name": "running"},
        "InstanceLifecycle": "spot",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1", "DeleteOnTermination": True}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": "vol-2", "DeleteOnTermination": False}},
        ],
        "NetworkInterfaces": [
            {"NetworkInterfaceId": "eni-1", "Attachment": {"DeleteOnTermination": True, "DeviceIndex": 0},
             "Association": {"PublicIp": "192.0.2.1", "IpOwnerId": "amazon"}},
            {"NetworkInterfaceId": "eni-2", "Attachment": {"DeleteOnTermination": False, "DeviceIndex": 1},
             "Association": {"PublicIp": "192.0.2.2", "IpOwnerId": "123456789012"}},
        ],
    }  # fmt: skip
    member = read_member(told, "eu-central-1", "123456789012")
    assert [(each.volume, each.goes) for each in member.disks] == [("vol-1", True), ("vol-2", False)]
    assert (member.stays, member.lifecycle) == (("interface eni-2", "elastic address 192.0.2.2"), "spot")
    assert (member.stack, member.host, STACK.has(member)) == ("", "", False)


def test_differences_are_told_each_by_itself(team: Team) -> None:
    (web,) = a_stack(team, "web", InstanceType="t3.large")
    image = team.image
    team.image = an_image(name="newer")
    group = client("ec2").create_security_group(GroupName="web", Description="web")["GroupId"]
    team.declare("web", host=f'security_groups = ["{group}"]\nkey_pair = "ops"\ntags = {{ env = "review" }}')
    shown = team.run("show", "review", "--json")
    assert shown.code == 0, shown.err
    (row,) = shown.json["hosts"]
    assert (row["instance_id"], row["state"], row["lifecycle"]) == (web, "running", "on-demand")
    assert [(each["gib"], each["goes"]) for each in row["volumes"]] == [(8, True)]
    assert row["differs"][:2] == [
        "it is a t3.large, declared is t3.small",
        f"it was made from {image}, declared is {team.image}",
    ]
    assert [each.partition(" ")[2].partition(" ")[0] for each in row["differs"][2:]] == ["security", "key", "tag"]
    text = team.run("show", "review").out
    assert "! review-web: it is a t3.large, declared is t3.small" in text


def test_what_is_there_and_not_declared_is_told_with_whose_it_is(team: Team) -> None:
    a_stack(team, "web")
    (mail,) = a_stack(team, "mail")
    (theirs,) = a_stack(team, "web", fleet="other")
    a_stack(team, "box", stack="old")
    shown = team.run("show", "review", "--json").json
    assert {each["host"]: each["state"] for each in shown["hosts"]} == {"web": "running", "db": "missing"}
    assert {each["instance_id"] for each in shown["others"]} == {mail, theirs}
    assert "is of fleet other" in next(each["why"] for each in shown["others"] if each["instance_id"] == theirs)
    listed = {(each["stack"], each["fleet"]): each for each in team.run("list", "--json").json}
    assert {key: each["state"] for key, each in listed.items()} == {
        ("review", "shop"): "incomplete",
        ("review", "other"): "not declared here",
        ("old", "shop"): "not declared here",
    }
    assert (listed["review", "shop"]["missing"], listed["review", "shop"]["extra"]) == (["db"], [mail])


def test_an_image_that_is_not_there_any_more_hides_nothing(team: Team) -> None:
    a_stack(team, "web", "db")
    team.image = "gone from here"
    team.declare("web", "db")
    shown = team.run("show", "review", "--json")
    assert shown.code == 0, shown.err
    assert {each["state"] for each in shown.json["hosts"]} == {"running"}
    assert "is called gone from here" in shown.json["hosts"][0]["differs"][-1]


def test_who_may_not_look_is_told_with_what_to_paste(team: Team) -> None:
    team.door.denied.add("DescribeInstances")
    for word in (("list",), ("show", "review")):
        ended = team.run(*word)
        assert (ended.code, '"Action": ["ec2:DescribeInstances"]' in ended.err) == (1, True), ended.err


def test_text_of_tags_reaches_the_terminal_as_text(team: Team) -> None:
    (one,) = a_stack(team, "web")
    client("ec2").create_tags(Resources=[one], Tags=[{"Key": "nixtui:stack-host", "Value": "w\x1b[2Jb"}])
    for word in (("list",), ("show", "review"), ("destroy", "review", "--dry-run")):
        ended = team.run(*word)
        assert "\x1b" not in ended.out + ended.err
