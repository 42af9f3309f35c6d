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


def test_what_makes_something_wants_one_login_to_be_named(there: Here, accounts: Accounts) -> None:
    accounts.asked.clear()
    ended = there.run("image", "discard", "snap-0123456789abcdef0", "--yes")
    assert ended.code == 2
    assert "say which: --profile prod (of prod, staging)" in ended.err
    ended = there.run("image", "discard", "snap-0123456789abcdef0", "--profile", "a", "--profile", "b")
    assert (ended.code, "--profile is given once here, and not 2 times" in ended.err) == (2, True)
    assert accounts.asked == []


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
