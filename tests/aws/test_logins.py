"""Several logins in one list, on the command line, against two accounts on loopback."""

import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import pytest

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import open_logins
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.main import main
from nixtui.config import load_configuration
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.errors import RemoteError
from nixtui.remote.prompter import Nobody
from nixtui.remote.transport import load_script
from nixtui.remote.witness import HostKey
from tests.aws.accounts import PROD, REGION, STAGING, Accounts, Asked, accounts
from tests.cli.conftest import Ended, Shell, shell

__all__ = ["accounts", "shell"]

BOTH = f'[ec2]\nprofiles = ["prod", "staging"]\nregions = ["{REGION}"]\n'

LOOKING_FOR = frozenset({"DescribeImages", "DescribeInstances"})
"""Who may be asked about somebody else's id: that is how whose it is is found out."""


@dataclass
class Here(Shell):
    """The command in this process, which has imported boto3 once and for all."""

    def run(self, *arguments: str, timeout: float = 90) -> Ended:
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(arguments)
        return Ended(int(code), out.getvalue(), err.getvalue())


@pytest.fixture
def there(shell: Shell, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Here:
    shell.environ.update(accounts.environ)
    shell.configure(BOTH)
    for name, value in shell.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(shell.directory)
    return Here(shell.directory, shell.environ)


def signed_by(found: list[Asked]) -> set[str]:
    return {each.account for each in found if each.action not in LOOKING_FOR}


# Which logins


@pytest.mark.parametrize(
    ("environ", "named", "configured", "meant"),
    [
        ({}, [], [], [None]),
        ({}, [], ["prod", "staging"], ["prod", "staging"]),
        ({"AWS_PROFILE": "mine"}, [], ["prod", "staging"], ["mine"]),
        ({"AWS_PROFILE": "mine"}, ["a", "b", "a"], ["prod"], ["a", "b"]),
        ({"NIXTUI_DEMO": "", "AWS_PROFILE": "mine"}, ["a", "b"], ["prod"], [None]),
    ],
)
def test_what_was_named_beats_the_environment_and_that_the_configuration(environ, named, configured, meant) -> None:
    logins = open_logins(environ, named=named, configured=configured)
    assert [session.profile for session in logins.sessions] == meant
    assert logins.several == (tuple(meant) if len(meant) > 1 else ())


def test_a_session_refuses_what_came_from_another() -> None:
    session = Session({}, profile="prod")
    assert session.of(None) is session.of("prod") is session
    with pytest.raises(AwsError, match="this is of login staging, and not of prod; name it: --profile staging"):
        session.of("staging")
    logins = open_logins({}, configured=["prod", "staging"])
    assert logins.of("staging").profile == "staging"
    for unknown, words in ((None, "its login is not known"), ("other", "login other is none of prod, staging")):
        with pytest.raises(AwsError, match=words):
            logins.of(unknown)
    with pytest.raises(AwsError, match="several logins here"):
        _ = logins.only


# Lists


def test_both_accounts_are_one_list_whose_rows_say_whose_they_are(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-2")
    ended = there.run("instance", "list", "--json")
    assert (ended.code, ended.err) == (0, "")
    told = {each["instance_id"]: (each["name"], each["profile"], each["account"]) for each in ended.json}
    assert told == {ours: ("web-1", "prod", PROD), theirs: ("web-2", "staging", STAGING)}
    table = there.run("instance", "list").out.splitlines()
    assert table[0].split()[:4] == ["INSTANCE", "NAME", "LOGIN", "STATE"]
    assert [line.split()[:3] for line in table[1:]] == [[ours, "web-1", "prod"], [theirs, "web-2", "staging"]]
    images = there.run("image", "list", "--json").json
    assert {(each["profile"], each["account"], each["owner"]) for each in images} == {
        ("prod", PROD, PROD),
        ("staging", STAGING, STAGING),
    }
    assert "LOGIN" in there.run("image", "list").out


def test_one_login_is_asked_no_more_than_before_and_has_no_column(there: Here, accounts: Accounts) -> None:
    (there.directory / "nixtui.toml").write_text(f'[ec2]\nprofile = "prod"\nregions = ["{REGION}"]\n')
    accounts.an_instance(PROD, "web-1")
    accounts.asked.clear()
    assert "LOGIN" not in there.run("instance", "list").out
    actions = sorted(each.action for each in accounts.asked)
    assert actions == ["DescribeAutoScalingGroups", "DescribeImages", "DescribeInstanceStatus", "DescribeInstances"]
    accounts.asked.clear()
    told = there.run("image", "list", "--json").json
    assert [each.action for each in accounts.asked] == ["DescribeImages"]
    assert [(each["profile"], each["account"]) for each in told] == [("prod", PROD)]


def test_two_profiles_of_an_account_do_not_double_its_rows(there: Here, accounts: Accounts) -> None:
    there.configure(BOTH.replace('"prod"', '"twin", "prod"'))
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-2")
    told = [(each["instance_id"], each["profile"]) for each in there.run("instance", "list", "--json").json]
    assert told == [(ours, "twin"), (theirs, "staging")]
    assert len(there.run("image", "list", "--json").json) == 2
    # Of a name that both see there is one still; it goes by the first of them.
    assert there.run("instance", "stop", "web-1", "--yes").code == 0
    assert [each.key for each in accounts.calls("StopInstances")] == ["AKIATWIN"]


def test_a_login_that_is_no_good_is_one_line_with_its_remedy(there: Here, accounts: Accounts) -> None:
    there.configure('[ec2]\nprofiles = ["old", "prod", "gone", "empty"]\nregions = ["eu-central-1", "us-east-1"]\n')
    ours = accounts.an_instance(PROD, "web-1")
    for words in (["instance", "list"], ["image", "list"], ["image", "left"]):
        ended = there.run(*words)
        assert ended.code == 4
        assert [line for line in ended.err.splitlines() if line.startswith("nixtui: ")] == [
            "nixtui: old: the AWS login has expired; log in again: aws sso login --profile old",
            "nixtui: gone: The config profile (gone) could not be found; aws configure list-profiles names them",
            "nixtui: empty: no AWS credentials were found; log in (aws sso login --profile empty), or give it keys: "
            "aws configure --profile empty",
        ]
        assert ours in ended.out or words[0] == "image"
    told = there.run("instance", "list", "--profile", "old", "--profile", "gone")
    assert (told.code, told.out.count("i-")) == (1, 0)
    real = Shell(there.directory, there.environ).run("instance", "list")  # nothing that botocore logs is seen
    assert (real.code, len(real.err.splitlines())) == (4, 3), real.err


def test_a_refusal_is_one_line_however_many_regions_say_it(there: Here, accounts: Accounts) -> None:
    there.configure('[ec2]\nprofiles = ["prod", "staging"]\nregions = ["eu-central-1", "us-east-1"]\n')
    accounts.refused[STAGING, "DescribeImages"] = ("UnauthorizedOperation", "You are not authorized")
    ended = there.run("image", "list")
    assert ended.code == 1  # nothing is there, and one login did not tell
    (line,) = ended.err.splitlines()
    assert line.startswith(
        "nixtui: staging: eu-central-1, us-east-1: these credentials may not call ec2:DescribeImages"
    )
    assert '{"Effect": "Allow", "Action": ["ec2:DescribeImages"], "Resource": "*"}' in line


def test_a_role_that_may_not_be_taken_on_is_said_as_that(there: Here, accounts: Accounts) -> None:
    accounts.refused[PROD, "AssumeRole"] = ("AccessDenied", "not authorized to perform: sts:AssumeRole")
    ours = accounts.an_instance(PROD, "web-1")
    ended = there.run("instance", "list")
    assert (ended.code, ours in ended.out) == (4, True)
    (line,) = ended.err.splitlines()
    assert line.startswith("nixtui: staging: these credentials may not call sts:AssumeRole; add to their policy: ")
    assert "ec2:" not in line


def test_keys_that_expired_name_the_profile_to_log_in_to(there: Here, accounts: Accounts) -> None:
    accounts.refused[STAGING, "DescribeInstances"] = ("ExpiredToken", "The security token is expired")
    ended = there.run("instance", "list")
    assert "log in again: aws sso login --profile staging, or fetch new keys" in ended.err


# Acts


def test_what_is_done_to_rows_of_two_accounts_is_done_by_the_login_of_each(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-2")
    dry = there.run("instance", "stop", "web-1", theirs, "--dry-run")
    assert f"ec2:StopInstances in {REGION} by prod InstanceIds=['{ours}']" in dry.out
    assert f"ec2:StopInstances in {REGION} by staging InstanceIds=['{theirs}']" in dry.out
    assert there.run("instance", "stop", "web-1", theirs, "--yes").code == 0
    assert (accounts.state(PROD, ours), accounts.state(STAGING, theirs)) == ("stopped", "stopped")
    assert [(each.account, ours in each.text) for each in accounts.calls("StopInstances")].count((PROD, True)) == 1
    assert signed_by(accounts.about(ours)) == {PROD}
    assert signed_by(accounts.about(theirs)) == {STAGING}


def test_a_name_that_two_logins_have_is_refused_with_both_told(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-1")
    ended = there.run("instance", "terminate", "web-1", "--yes")
    assert ended.code == 2
    assert f"{ours} (prod, {PROD})" in ended.err
    assert f"{theirs} (staging, {STAGING})" in ended.err
    assert accounts.calls("TerminateInstances") == []
    assert there.run("instance", "terminate", "web-1", "--yes", "--profile", "staging").code == 0
    assert (accounts.state(PROD, ours), accounts.state(STAGING, theirs)) == ("running", "terminated")


def test_a_silent_login_stands_in_the_way_of_a_name_and_not_of_an_id(there: Here, accounts: Accounts) -> None:
    there.configure(BOTH.replace('"staging"', '"old"'))
    ours = accounts.an_instance(PROD, "web-1")
    ended = there.run("instance", "stop", "web-1", "--yes")
    assert (ended.code, accounts.calls("StopInstances")) == (1, [])
    assert "login old: the AWS login has expired; log in again: aws sso login --profile old; or name the login" in (
        ended.err
    )
    assert there.run("instance", "stop", ours, "--yes").code == 0
    assert there.run("instance", "start", "web-1", "--yes", "--profile", "prod").code == 0


def test_images_are_changed_by_their_owners(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_image(PROD, "ours"), accounts.an_image(STAGING, "theirs")
    ended = there.run("image", "retire", ours, theirs, "--yes", "--force", "--json")
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed", "committed"], ended.err
    for account, image in ((PROD, ours), (STAGING, theirs)):
        assert signed_by(accounts.about(image)) == {account}
        uses = [each for each in accounts.about(image) if each.action == "DescribeInstances"]
        assert {each.account for each in uses} == {account}
    assert {each.account for each in accounts.calls("DeleteSnapshot")} == {PROD, STAGING}
    assert {each.account for each in accounts.calls("POST /list-rules")} == {PROD, STAGING}
    other = accounts.an_image(STAGING, "other")
    assert there.run("image", "copy", other, "--to", "us-east-1", "--yes").code == 0
    assert signed_by(accounts.calls("CopyImage")) == {STAGING}
    assert there.run("image", "share", other, "--account", PROD, "--yes").code == 0
    assert signed_by(accounts.calls("ModifyImageAttribute")) == {STAGING}


def test_an_image_that_both_see_is_launched_where_it_is_said(there: Here, accounts: Accounts) -> None:
    public = accounts.client(PROD, "ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    launch = ("instance", "launch", public, "--name", "new", "--type", "t3.micro", "--yes")
    ended = there.run(*launch)
    assert ended.code == 2
    words = f'"{public}" is seen by several logins: prod ({PROD}), staging ({STAGING}); say which with --profile'
    assert words in ended.err
    assert there.run(*launch, "--profile", "staging").code in (0, 5)  # whether that type can boot it is not the matter
    own = accounts.an_image(STAGING)
    dry = there.run("instance", "launch", own, "--name", "new", "--type", "t3.micro", "--dry-run", "--json")
    assert f"in {REGION} by staging " in json.dumps(dry.json)
    assert signed_by(accounts.calls("DescribeInstanceTypes")) == {STAGING}


def test_a_group_that_two_logins_have_is_refused(there: Here, accounts: Accounts) -> None:
    for account in (PROD, STAGING):
        accounts.a_group(account, "web", accounts.an_image(account))
    accounts.a_group(STAGING, "data", accounts.an_image(STAGING))
    ended = there.run("instance", "refresh", "web", "--status")
    assert ended.code == 2
    assert 'several logins have an auto scaling group "web": prod, staging; say which with --profile' in ended.err
    accounts.asked.clear()
    there.run("instance", "refresh", "data", "--status")
    assert signed_by(accounts.calls("DescribeInstanceRefreshes")) == {STAGING}


def an_image_file(there: Here) -> str:
    with (there.directory / "disk.raw").open("wb") as file:
        file.write(b"nixos")
        file.truncate(2**20)
    return file.name


def test_what_makes_something_new_wants_one_login_to_be_named(there: Here, accounts: Accounts) -> None:
    file = an_image_file(there)
    accounts.asked.clear()
    for words in (
        ("upload", file, "--name", "web"),
        ("upload", file, "--name", "web", "--via-s3", "bucket"),
        ("create", "--file", file, "--name", "web", "--arch", "x86_64-linux"),
    ):
        ended = there.run("image", *words, "--yes")
        assert ended.code == 2
        (line,) = ended.err.splitlines()
        assert line.endswith(
            "there are several logins here, and what this makes is made by one; "
            "say which: --profile prod or --profile staging"
        ), line
    ended = there.run("image", "discard", "snap-0123456789abcdef0", "--profile", "a", "--profile", "b")
    assert (ended.code, "--profile is given once here, and not 2 times" in ended.err) == (2, True)
    assert accounts.asked == []


def test_an_image_is_uploaded_by_the_login_that_was_named(there: Here, accounts: Accounts) -> None:
    file = an_image_file(there)
    accounts.asked.clear()
    ended = there.run("image", "upload", file, "--name", "web", "--profile", "staging", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert {each.account for each in accounts.asked if each.service == "ebs"} == {STAGING}
    assert {each.service for each in accounts.asked if each.account != STAGING} == {"sts"}  # who assumes the role
    assert ended.json["blocks_sent"] == 1
    accounts.asked.clear()
    made = ("--file", file, "--name", "web", "--arch", "x86_64-linux", "--profile", "staging")
    ended = there.run("image", "create", *made, "--dry-run")
    assert ended.code in (0, 5), ended.err
    assert {each.service for each in accounts.asked if each.account != STAGING} == {"sts"}
    assert "CopyImage" not in ended.out


def test_a_snapshot_is_registered_and_discarded_by_the_login_that_has_it(there: Here, accounts: Accounts) -> None:
    ec2 = accounts.client(STAGING, "ec2")
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    snapshot, unused = (ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for _ in range(2))
    register = ("image", "register", snapshot, "--name", "web", "--arch", "x86_64")
    accounts.asked.clear()
    dry = there.run(*register, "--dry-run")
    assert f"--region {REGION} --profile staging" in dry.out, dry.err
    assert there.run(*register, "--yes").code == 0
    assert signed_by(accounts.calls("RegisterImage")) == {STAGING}
    assert f"ec2:DeleteSnapshot in {REGION} by staging" in there.run("image", "discard", unused, "--dry-run").out
    assert there.run("image", "discard", unused, "--yes").code == 0
    assert signed_by(accounts.calls("DeleteSnapshot")) == {STAGING}
    ended = there.run("image", "discard", "snap-0123456789abcdef0", "--yes")
    assert (ended.code, "none of the logins prod, staging has snap-0123456789abcdef0" in ended.err) == (1, True)
    assert len(accounts.calls("DeleteSnapshot")) == 1


def test_a_login_that_is_silent_hides_a_snapshot_of_its_own_only(there: Here, accounts: Accounts) -> None:
    there.configure(BOTH.replace('"staging"', '"old"'))
    ec2 = accounts.client(PROD, "ec2")
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    ended = there.run("image", "discard", "snap-0123456789abcdef0", "--yes")
    assert (ended.code, "login old: the AWS login has expired" in ended.err) == (1, True), ended.err
    assert there.run("image", "discard", ec2.create_snapshot(VolumeId=volume)["SnapshotId"], "--yes").code == 0


def test_images_are_published_where_they_are(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_image(PROD, "ours", "us-east-1"), accounts.an_image(STAGING, "theirs")
    publish = ("image", "publish", f"us-east-1:{ours}", theirs, "--parameter", "/web/ami", "--manifest", "images.json")
    dry = there.run(*publish, "--dry-run")
    assert f"ssm:PutParameter in us-east-1 by prod Name=/web/ami Value={ours}" in dry.out, dry.err
    assert f"ssm:PutParameter in {REGION} by staging Name=/web/ami Value={theirs}" in dry.out
    ended = there.run(*publish, "--yes", "--json")
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed"] * 3, ended.err
    for account, image, region in ((PROD, ours, "us-east-1"), (STAGING, theirs, REGION)):
        (put,) = (each for each in accounts.calls("PutParameter") if image in each.text)
        assert (put.account, put.region) == (account, region)
        told = accounts.client(account, "ssm", region).get_parameter(Name="/web/ami")
        assert told["Parameter"]["Value"] == image


def test_a_root_volume_is_replaced_by_the_login_of_its_instance(there: Here, accounts: Accounts) -> None:
    theirs, image = accounts.an_instance(STAGING, "web-2"), accounts.an_image(STAGING, "new")
    task = "<replaceRootVolumeTask><replaceRootVolumeTaskId>replacevol-1</replaceRootVolumeTaskId>{}"
    done = task.format("<taskState>succeeded</taskState></replaceRootVolumeTask>")
    listed = done.replace("replaceRootVolumeTask>", "item>")
    accounts.answered |= {
        "CreateReplaceRootVolumeTask": done,
        "DescribeReplaceRootVolumeTasks": f"<replaceRootVolumeTaskSet>{listed}</replaceRootVolumeTaskSet>",
    }
    accounts.asked.clear()
    ended = there.run("instance", "replace-root", "web-2", "--image", image, "--yes", "--json")
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed"], ended.err
    assert len(accounts.calls("CreateReplaceRootVolumeTask")) == 1
    assert signed_by(accounts.about(theirs, image, "replacevol-1")) == {STAGING}
    ours = accounts.an_image(PROD, "ours")
    ended = there.run("instance", "replace-root", "web-2", "--image", ours, "--yes")
    assert (ended.code, ours in ended.err) == (1, True)  # the instance's own account does not see it
    assert len(accounts.calls("CreateReplaceRootVolumeTask")) == 1


def test_a_group_is_rolled_by_its_login(there: Here, accounts: Accounts) -> None:
    accounts.a_group(PROD, "web", accounts.an_image(PROD))
    accounts.a_group(STAGING, "data", accounts.an_image(STAGING))
    new = accounts.an_image(STAGING, "new")
    going = "<member><InstanceRefreshId>r-1</InstanceRefreshId><AutoScalingGroupName>data</AutoScalingGroupName>"
    ended = f"{going}<Status>Successful</Status><PercentageComplete>100</PercentageComplete></member>"
    result = (
        "<DescribeInstanceRefreshesResult><InstanceRefreshes>{}</InstanceRefreshes></DescribeInstanceRefreshesResult>"
    )
    accounts.answered |= {
        "StartInstanceRefresh": "<StartInstanceRefreshResult><InstanceRefreshId>r-1</InstanceRefreshId>"
        "</StartInstanceRefreshResult>",
        "DescribeInstanceRefreshes": result.format(ended),
    }
    accounts.asked.clear()
    roll = there.run("instance", "refresh", "data", "--image", new, "--every", "0.01", "--yes", "--json")
    assert [each["outcome"] for each in roll.json["hosts"]] == ["committed"], roll.err
    for action in ("CreateLaunchTemplateVersion", "StartInstanceRefresh", "DescribeInstanceRefreshes"):
        assert signed_by(accounts.calls(action)) == {STAGING}, action
    accounts.answered["DescribeInstanceRefreshes"] = result.format(ended.replace("Successful", "InProgress"))
    again = there.run("instance", "refresh", "data", "--image", new, "--yes")
    assert f"nixtui instance refresh data --region {REGION} --profile staging --cancel" in again.out
    accounts.answered["CancelInstanceRefresh"] = "<CancelInstanceRefreshResult/>"
    assert there.run("instance", "refresh", "data", "--cancel", "--yes").code == 0
    assert signed_by(accounts.calls("CancelInstanceRefresh")) == {STAGING}


def a_balancer(accounts: Accounts, account: str) -> tuple[str, str, str]:
    """The ARN of a listener that forwards to the first of two target groups, and theirs."""
    ec2, elb = accounts.client(account, "ec2"), accounts.client(account, "elbv2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    blue, green = (
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
        for name in ("blue", "green")
    )
    balancer = elb.create_load_balancer(Name="shop", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": blue}]
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    return made["Listeners"][0]["ListenerArn"], blue, green


def test_traffic_is_shifted_by_the_login_of_its_listener(there: Here, accounts: Accounts) -> None:
    a_balancer(accounts, PROD)
    listener, _, green = a_balancer(accounts, STAGING)
    target = {"Id": accounts.an_instance(STAGING, "web-2")}
    elb = accounts.client(STAGING, "elbv2")
    elb.register_targets(TargetGroupArn=green, Targets=[target])
    accounts.asked.clear()
    shift = ("instance", "shift", listener, "--to", "green", "--bake", "0.01", "--every", "0.01", "--yes", "--json")
    ended = there.run(*shift)
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed"], ended.err
    (told,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert green in json.dumps(told["DefaultActions"])
    assert {each.account for each in accounts.asked if each.service == "elasticloadbalancing"} == {STAGING}
    elsewhere = listener.replace(STAGING, "333333333333")
    ended = there.run("instance", "shift", elsewhere, "--to", "green", "--yes")
    assert (ended.code, "account 333333333333, which none of prod, staging is a login of" in ended.err) == (2, True)


def test_groups_are_swapped_by_the_login_that_has_both(there: Here, accounts: Accounts) -> None:
    _, blue, _ = a_balancer(accounts, STAGING)
    for name in ("old", "new"):
        accounts.a_group(STAGING, name, accounts.an_image(STAGING, name))
    accounts.a_group(PROD, "old", accounts.an_image(PROD, "old"))  # so has this, and not the other
    accounts.a_group(PROD, "else", accounts.an_image(PROD, "else"))
    scaling = accounts.client(STAGING, "autoscaling")
    scaling.attach_load_balancer_target_groups(AutoScalingGroupName="old", TargetGroupARNs=[blue])
    accounts.asked.clear()
    swap = ("instance", "swap", "old", "new", "--bake", "0.01", "--every", "0.01", "--wait", "20")
    ended = there.run(*swap, "--yes", "--json")
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed"], (ended.out, ended.err)
    for action in ("AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups", "DescribeTargetHealth"):
        assert signed_by(accounts.calls(action)) == {STAGING}, action
    mixed = there.run("instance", "swap", "else", "new", "--yes")
    assert (mixed.code, "not of one login: else is prod's, new is staging's" in mixed.err) == (2, True), mixed.err
    accounts.a_group(PROD, "new", accounts.an_image(PROD, "new"))
    both = there.run(*swap, "--yes")
    assert (both.code, "prod, staging; say which with --profile" in both.err) == (2, True), both.err
    assert there.run("instance", "swap", "nobody", "new", "--yes").code == 1


def test_what_was_left_is_told_of_all_with_the_login_that_removes_it(there: Here, accounts: Accounts) -> None:
    for account in (PROD, STAGING):
        ec2 = accounts.client(account, "ec2")
        volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
        tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "nixtui:builder", "Value": "me"}]}]
        ec2.create_snapshot(VolumeId=volume, TagSpecifications=tags)
    told = there.run("image", "left", "--json").json
    assert {(each["profile"], each["account"]) for each in told} == {("prod", PROD), ("staging", STAGING)}
    for each in told:
        assert each["remedy"] == f"nixtui image discard {each['id']} --region {REGION} --profile {each['profile']}"
    ended = there.run(*told[0]["remedy"].split()[1:], "--yes")
    assert ended.code == 0, ended.err
    assert signed_by(accounts.calls("DeleteSnapshot")) == {told[0]["account"]}


def test_doors_say_by_which_profile(there: Here, accounts: Accounts) -> None:
    theirs = accounts.an_instance(STAGING, "web-2")
    told = there.run("instance", "doors", "web-2", "--json").json
    commands = [each["command"] for each in told if not each["command"].startswith("ssh ")]
    assert len(commands) == 6
    assert all("--profile staging" in each for each in commands)
    recover = there.run("instance", "recover", "web-2")
    assert f"nixtui instance reboot {theirs} --region {REGION} --profile staging" in recover.out
    assert signed_by(accounts.about(theirs)) == {STAGING}


def test_a_console_is_read_by_the_login_of_its_instance(there: Here, accounts: Accounts) -> None:
    theirs = accounts.an_instance(STAGING, "web-2")
    ended = there.run("instance", "console", "web-2", "--json")
    assert ended.json["instance_id"] == theirs, ended.err
    assert signed_by(accounts.calls("GetConsoleOutput")) == {STAGING}


def test_a_stack_of_several_logins_says_which_is_its_own(there: Here, accounts: Accounts) -> None:
    stack = f'[stacks.review]\nregion = "{REGION}"\n[stacks.review.hosts.web]\nimage = "web"\ntype = "t3.small"\n'
    there.configure(BOTH + stack)
    for words in (("create", "review"), ("show", "review"), ("destroy", "review"), ("list",)):
        ended = there.run("stack", *words)
        assert (ended.code, 'write profile = "prod" or another into [stacks.review]' in ended.err) == (2, True), words
    for account in (PROD, STAGING):
        accounts.an_image(account)
    there.configure(BOTH + stack.replace("\n", '\nprofile = "staging"\n', 1))
    accounts.asked.clear()
    shown = there.run("stack", "show", "review", "--json")
    assert (shown.code, shown.json["account"]) == (0, STAGING), shown.err
    assert there.run("stack", "list", "--json").json[0]["state"] == "not created"
    there.run("stack", "create", "review", "--dry-run")
    others = {each.action for each in accounts.asked if each.account != STAGING}
    assert others == {"AssumeRole"}  # that login is a role of the other account's keys


# Hosts


def assembly(there: Here, accounts: Accounts, text: str) -> Assembly:
    there.configure(text)
    environ = {**there.environ, **accounts.environ}
    surroundings = Surroundings(there.directory, environ, Nobody(), "me")
    return Assembly(load_configuration(there.directory, environ), surroundings)


KEY = HostKey(known_as="x", kind="ssh-ed25519", encoded="AAAA", fingerprint="SHA256:x")


async def test_hosts_of_both_are_reached_and_asked_about_by_their_logins(there: Here, accounts: Accounts) -> None:
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-2")
    text = '[fleet]\nsources = ["file", "ec2"]\n' + BOTH.replace('"prod"', '"old", "prod", "twin"')
    async with assembly(there, accounts, text) as nixtui:
        snapshot = await nixtui.inventory.load()
        hosts = {host.name: host for host in snapshot.hosts}
        assert {name: host.login for name, host in hosts.items()} == {"web-1": "prod", "web-2": "staging"}
        (problem,) = (each for each in snapshot.problems if not each.note)
        assert str(problem) == "ec2: old: the AWS login has expired; log in again: aws sso login --profile old"
        accounts.asked.clear()
        found, troubles = await nixtui.ec2.machines(snapshot.hosts)
        assert {(each.name, each.login, each.account) for each in found} == {
            ("web-1", "prod", PROD),
            ("web-2", "staging", STAGING),
        }
        assert troubles == ()
        for account, instance in ((PROD, ours), (STAGING, theirs)):
            assert {each.account for each in accounts.about(instance)} == {account}
        for account, host in ((PROD, "web-1"), (STAGING, "web-2")):
            accounts.asked.clear()
            await asked_by_agent_and_console(nixtui, hosts[host])
            assert {each.account for each in accounts.asked} == {account}


async def asked_by_agent_and_console(nixtui: Assembly, host: Host) -> None:
    """moto runs nothing and prints what it likes: who was asked is what matters."""
    with pytest.raises(RemoteError):
        await (await nixtui.ec2.transport(host)).run(load_script("probe"))
    assert await nixtui.ec2.witness.testify(host, KEY) is not None


async def test_the_login_of_a_host_that_only_the_file_has_is_found_out_once(there: Here, accounts: Accounts) -> None:
    theirs = accounts.an_instance(STAGING, "web-2")
    tags = f'[hosts.db]\ntags = {{ ec2 = "{theirs}", region = "{REGION}" }}\n'
    async with assembly(there, accounts, f'[fleet]\nsources = ["file"]\n{BOTH}{tags}') as nixtui:
        (host,) = (await nixtui.inventory.load()).hosts
        assert (host.instance, host.login) == (InstanceId(theirs, REGION), None)
        (machine,), _ = await nixtui.ec2.machines([host])
        assert (machine.name, machine.login) == ("web-2", "staging")
        accounts.asked.clear()
        await asked_by_agent_and_console(nixtui, host)
        assert signed_by(accounts.about(theirs)) == {STAGING}
        assert len(accounts.calls("DescribeInstances")) == 2
        stranger = Host(name="x", address="x", instance=InstanceId("i-0123456789abcdef0", REGION))
        with pytest.raises(AwsError, match="none of the logins prod, staging knows") as raised:
            await nixtui.ec2.session_of(stranger)
        assert raised.value.kind is Kind.NOT_FOUND
