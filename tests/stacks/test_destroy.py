"""`nixtui stack destroy`: what the plan named, and nothing else; run again it says that nothing is left."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from nixtui.aws.session import Session
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy, Refused
from nixtui.operations.report import Outcome, Report
from nixtui.stacks.destroying import Destroying, Doomed, look_before, plan_destruction
from nixtui.stacks.members import Stack, list_members
from tests.aws.moto_aws import client
from tests.cli.test_terminal import Terminal
from tests.stacks.conftest import REGION, Team, tags_of

STACK = Stack("review", REGION, "shop", "123456789012")


def a_stack(team: Team, *hosts: str, stack: str = "review", fleet: str = "shop", **more) -> list[str]:
    """Instances as `create` makes them, without its minutes."""
    found = []
    for host in hosts:
        own = {"Name": f"{stack}-{host}", "nixtui:stack": stack, "nixtui:stack-host": host, "nixtui:stack-fleet": fleet}
        tags = [{"Key": key, "Value": value} for key, value in own.items()]
        specification = [{"ResourceType": "instance", "Tags": tags}]
        made = client("ec2").run_instances(
            ImageId=team.image, MinCount=1, MaxCount=1, TagSpecifications=specification, ClientToken=host, **more
        )
        found.append(made["Instances"][0]["InstanceId"])
    return found


def states(*identities: str) -> list[str]:
    told = client("ec2").describe_instances(InstanceIds=list(identities))["Reservations"]
    found = {each["InstanceId"]: each["State"]["Name"] for group in told for each in group["Instances"]}
    return [found[each] for each in identities]


def protect(identity: str, on: bool = True) -> None:
    client("ec2").modify_instance_attribute(InstanceId=identity, DisableApiTermination={"Value": on})


def told(ended) -> dict[str, dict]:
    return {each["name"]: each for each in ended.json["hosts"]}


def test_the_plan_names_every_instance_and_volume_and_what_stays(team: Team) -> None:
    kept = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 100, "DeleteOnTermination": False}}]
    (web,) = a_stack(team, "web", BlockDeviceMappings=kept)
    (volume,) = client("ec2").describe_volumes(Filters=[{"Name": "size", "Values": ["100"]}])["Volumes"]
    dry = team.run("destroy", "review", "--dry-run")
    assert dry.code == 0, dry.err
    assert f"review-web ({web})" in dry.out
    assert f"stays: volume {volume['VolumeId']} (/dev/sdf)" in dry.out
    assert f"TerminateInstances in {REGION} InstanceIds=['{web}']" in dry.out
    assert "images, snapshots, subnets, security groups, key pairs and roles stay" in dry.out
    assert states(web) == ["running"]
    ended = team.run("destroy", "review", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert f"aws ec2 delete-volume --volume-id {volume['VolumeId']}" in ended.out
    assert states(web) == ["terminated"]


def test_the_name_is_typed_and_nothing_else_will_do(team: Team) -> None:
    (web,) = a_stack(team, "web")
    assert team.run("destroy", "review").code == 5  # nobody is there to type
    for typed, code, state in (("y", 5, "running"), ("review-web", 5, "running"), ("review", 0, "terminated")):
        terminal = Terminal(team.shell, "stack", "destroy", "review")
        terminal.until("Type review to go on: ")
        terminal.type(f"{typed}\n")
        assert terminal.exit_code(60) == code, terminal.seen
        assert states(web) == [state]


def test_again_nothing_is_left(team: Team) -> None:
    a_stack(team, "web", "db")
    assert team.run("destroy", "review", "--yes").code == 0
    for _ in range(2):
        ended = team.run("destroy", "review", "--yes", "--json")
        assert (ended.code, ended.json["outcome"], ended.json["hosts"]) == (0, "unchanged", [])
        assert f"nothing is left of stack review in {REGION}" in ended.err


def test_what_is_protected_is_refused_with_a_sentence_and_the_rest_goes(team: Team) -> None:
    web, db = a_stack(team, "web", "db")
    protect(web)
    ended = team.run("destroy", "review", "--yes", "--json")
    assert ended.code == 4, ended.err
    row = told(ended)[f"review-web ({web})"]
    assert (row["outcome"], row["detail"]) == ("refused", "it is protected against termination")
    assert f"--no-disable-api-termination --instance-id {web} --region {REGION}" in row["remedy"]
    assert states(web, db) == ["running", "terminated"]
    protect(web, on=False)
    assert team.run("destroy", "review", "--yes").code == 0
    assert states(web) == ["terminated"]


def test_other_stacks_regions_fleets_and_undeclared_hosts_stay(team: Team) -> None:
    team.declare("web", more='[stacks.staging]\nregion = "eu-central-1"\n')
    (web,) = a_stack(team, "web")
    (mail,) = a_stack(team, "mail")
    (staging,) = a_stack(team, "web", stack="staging")
    (theirs,) = a_stack(team, "web", fleet="other")
    (nobody,) = a_stack(team, "web", stack="review-2")
    ended = team.run("destroy", "review", "--yes", "--json")
    assert ended.code == 4, ended.err
    rows = told(ended)
    assert rows[f"review-web ({web})"]["outcome"] == "committed"
    assert "is not declared in [stacks.review]" in rows[f"review-mail ({mail})"]["detail"]
    assert "fleet other made it" in rows[f"review-web ({theirs})"]["detail"]
    assert len(rows) == 3
    assert states(web, mail, staging, theirs, nobody) == ["terminated"] + ["running"] * 4
    also = team.run("destroy", "review", "--yes", "--undeclared")
    assert also.code == 4, also.err
    assert states(mail, staging, theirs, nobody) == ["terminated"] + ["running"] * 3


def test_what_a_group_would_start_again_is_refused(team: Team) -> None:
    (web,) = a_stack(team, "web")
    client("ec2").create_tags(Resources=[web], Tags=[{"Key": "aws:autoscaling:groupName", "Value": "web"}])
    ended = team.run("destroy", "review", "--yes", "--json")
    assert (ended.code, "auto scaling group web would replace it" in ended.out) == (5, True), ended.out
    assert states(web) == ["running"]


@pytest.mark.parametrize(("action", "moment"), [("TerminateInstances", "before"), ("TerminateInstances", "after")])
def test_killed_on_the_way_it_goes_on(team: Team, action: str, moment: str) -> None:
    made = a_stack(team, "web", "db")
    hold = team.door.hold(action, moment)
    process = team.shell.start("stack", "destroy", "review", "--yes")
    assert hold.wait_for(1)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    hold.go.set()
    team.door.holds.clear()
    ended = team.run("destroy", "review", "--yes")
    assert ended.code == 0, ended.err
    assert states(*made) == ["terminated"] * 2


def test_a_missing_right_is_told_and_nothing_is_gone(team: Team) -> None:
    (web,) = a_stack(team, "web")
    team.door.denied.add("TerminateInstances")
    ended = team.run("destroy", "review", "--yes", "--json")
    assert ended.code == 1
    assert '"Action": ["ec2:TerminateInstances"]' in ended.json["hosts"][0]["remedy"]
    team.door.denied.add("DescribeInstanceAttribute")  # whether it is protected cannot be told: nothing is proposed
    assert team.run("destroy", "review", "--yes").code == 1
    assert states(web) == ["running"]


@pytest.mark.parametrize(
    ("rule", "why"), [("read_only = true", "environment prod is read-only"), ("allow_yes = false", "does not accept")]
)
@pytest.mark.parametrize("match", ["tag:stack=review", "review-*", "box"])
def test_the_rules_of_the_hosts_hold(team: Team, rule: str, why: str, match: str) -> None:
    """Also where another name of the fleet is that instance."""
    (web,) = a_stack(team, "web")
    box = f'[hosts.box]\naddress = "10.9.9.9"\ntags = {{ ec2 = "{web}", region = "{REGION}" }}\n'
    team.declare("web", more=f'{box}[environments.prod]\nmatch = "{match}"\n{rule}\n')
    ended = team.run("destroy", "review", "--yes")
    assert (ended.code, why in ended.err) == (5, True), ended.err
    assert states(web) == ["running"]


def test_undeclared_hosts_are_in_environments_by_their_own_tags(team: Team) -> None:
    (mail,) = a_stack(team, "mail")
    client("ec2").create_tags(Resources=[mail], Tags=[{"Key": "env", "Value": "prod"}])
    team.declare("web", more='[environments.prod]\nmatch = "tag:env=prod"\nread_only = true\n')
    ended = team.run("destroy", "review", "--yes", "--undeclared")
    assert (ended.code, "environment prod is read-only" in ended.err) == (5, True), ended.err
    assert states(mail) == ["running"]


# What happens between the plan and the act


@pytest.fixture
def session(team: Team, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL", team.door.url)
    return Session(team.shell.environ)


async def proposed(session: Session) -> list[Doomed]:
    members = await list_members(session, REGION, STACK.name)
    return await look_before(session, STACK, members, ["web", "db"], undeclared=False)


async def carried_out(session: Session, doomed: list[Doomed], state: Path, consent: Consent) -> Report:
    plan = plan_destruction(STACK, doomed)
    operation = Operation("abcd1234", plan, Destroying(session, STACK, time.monotonic).job(doomed, plan))
    async with Journal(state, operator="me", origin="here", token="t") as journal:
        return await operation.run(consent, Policy(), journal)


@pytest.mark.parametrize(
    "tag", [("nixtui:stack", "other"), ("nixtui:stack-fleet", "other"), ("nixtui:stack-host", "db")]
)
async def test_tags_are_looked_at_again_right_before(
    team: Team, session: Session, tmp_path: Path, tag: tuple[str, str]
) -> None:
    web, db = await asyncio.to_thread(a_stack, team, "web", "db")
    doomed = await proposed(session)
    client("ec2").create_tags(Resources=[web], Tags=[{"Key": tag[0], "Value": tag[1]}])
    report = await carried_out(session, doomed, tmp_path / "state", Consent(Answer.YES_FLAG))
    rows = {each.name: each for each in report.targets}
    assert rows[f"review-web ({web})"].outcome is Outcome.REFUSED
    assert "its tags are no longer those of the plan; it was left alone" in (rows[f"review-web ({web})"].detail or "")
    assert report.outcome is Outcome.PARTIAL
    assert states(web, db) == ["running", "terminated"]


async def test_what_came_after_the_plan_is_not_touched(team: Team, session: Session, tmp_path: Path) -> None:
    (web,) = await asyncio.to_thread(a_stack, team, "web")
    doomed = await proposed(session)
    (late,) = await asyncio.to_thread(a_stack, team, "db")
    report = await carried_out(session, doomed, tmp_path / "state", Consent(Answer.YES_FLAG))
    assert report.outcome is Outcome.COMMITTED
    assert states(web, late) == ["terminated", "running"]


async def test_what_is_protected_or_gone_by_then_is_told(team: Team, session: Session, tmp_path: Path) -> None:
    web, db = await asyncio.to_thread(a_stack, team, "web", "db")
    doomed = await proposed(session)
    protect(web)
    client("ec2").terminate_instances(InstanceIds=[db])
    report = await carried_out(session, doomed, tmp_path / "state", Consent(Answer.YES_FLAG))
    rows = {each.name: each for each in report.targets}
    assert rows[f"review-db ({db})"].outcome is Outcome.COMMITTED
    assert rows[f"review-web ({web})"].outcome is Outcome.REFUSED
    assert "protected against termination meanwhile" in (rows[f"review-web ({web})"].detail or "")


async def test_a_key_is_never_enough(team: Team, session: Session, tmp_path: Path) -> None:
    (web,) = await asyncio.to_thread(a_stack, team, "web")
    doomed = await proposed(session)
    for consent in (Consent(Answer.KEY), Consent(Answer.TYPED, typed="1"), Consent(Answer.TYPED, typed="review-web")):
        with pytest.raises(Refused, match="'review' has to be typed"):
            await carried_out(session, doomed, tmp_path / consent.answer.name / str(consent.typed), consent)
    assert states(web) == ["running"]


def test_destroyed_instances_are_hosts_no_more(team: Team) -> None:
    (web,) = a_stack(team, "web")
    assert tags_of({}) == {}
    assert web in team.run("show", "review").out
    assert team.run("destroy", "review", "--yes").code == 0
    shown = team.run("show", "review", "--json").json
    assert {each["state"] for each in shown["hosts"]} == {"missing"}
    listed = team.run("list", "--json").json
    assert [(each["stack"], each["state"]) for each in listed] == [("review", "not created")]
