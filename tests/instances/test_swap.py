"""`nixtui instance swap`: one auto scaling group in the place of another, and back again whenever that is better."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from nixtui.aws.scaling import scaled
from nixtui.aws.session import Session
from nixtui.instances.swapping import Swap, plan_swap, swapping_job
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome
from tests.aws.moto_aws import client, moto_environ
from tests.cli.conftest import Shell, shell
from tests.instances.fake_balancer import LISTENER, REGION, RULE, group
from tests.instances.fake_groups import FakeGroups

__all__ = ["moto_environ", "shell"]

QUICK = ("--bake", "0.05", "--every", "0.01", "--wait", "3")
HASTY = ("--wait", "0.3", "--yes", "--json")
BLUE = {"blue": {"web-blue"}, "green": {"web-blue"}}
BOTH = {"blue": {"web-blue", "web-green"}, "green": {"web-blue", "web-green"}}
GREEN = {"blue": {"web-green"}, "green": {"web-green"}}


@pytest.fixture
def scaling(shell: Shell) -> Iterator[FakeGroups]:
    with FakeGroups() as fake:
        shell.environ.update(fake.environ)
        yield fake


def swap(shell: Shell, *more: str, old: str = "web-blue", new: str = "web-green"):
    return shell.run("instance", "swap", old, new, *QUICK, *more)


def only(ended):
    (row,) = ended.json["hosts"]
    return row


def test_the_new_group_takes_over_and_back_again(shell: Shell, scaling: FakeGroups) -> None:
    assert swap(shell).code == 5
    assert scaling.calls == []
    ended = swap(shell, "--alarm", "errors", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert scaling.calls == ["attach web-green", "size web-green 2", "detach web-blue"]
    assert (scaling.traffic(), scaling.sizes()) == (GREEN, {"web-blue": 2, "web-green": 2})
    assert set(scaling.registered["blue"]) == {"i-green1", "i-green2"}
    row = only(ended)
    assert (row["name"], row["outcome"], row["from"], row["to"]) == ("web-green", "committed", "web-blue", "web-green")
    assert row["detail"] == "web-green has all of blue, green; web-blue keeps its 2 instances"
    again = swap(shell, "--yes", "--json")
    assert (again.code, again.json["outcome"], len(scaling.calls)) == (0, "unchanged", 3)
    back = swap(shell, "--yes", old="web-green", new="web-blue")
    assert (back.code, scaling.traffic()) == (0, BLUE), back.err


def test_the_plan_says_calls_images_and_whether_it_can_be_taken_back(shell: Shell, scaling: FakeGroups) -> None:
    scaling.groups["web-blue"].image = "ami-0000000c"
    dry = swap(shell, "--dry-run", "--json", "--scale-down")
    assert dry.code == 0, dry.err
    assert [each["title"] for each in dry.json["steps"]] == [
        "put web-green into blue, green",
        "grow web-green from 0 to 2 instances",
        "wait until 100 % of web-green are healthy in blue, green",
        "take web-blue out of blue, green",
        "let web-blue drain, for 150 s at most",
        "watch web-green alone for 0 s",
        "set web-blue to 0 instances",
    ]
    commands = [each.split(" ")[0] for step in dry.json["steps"] for each in step["commands"]]
    assert commands == [
        "autoscaling:AttachLoadBalancerTargetGroups",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:DetachLoadBalancerTargetGroups",
        "autoscaling:UpdateAutoScalingGroup",
    ]
    blue, green, verdict = dry.json["hosts"][0]["known"]
    assert blue == "web-blue runs 2 × of c (ami-0000000c)"
    assert green == "web-green runs no instances; the next would start of b (ami-0000000b)"
    assert verdict.startswith("can be taken back: by itself or by Ctrl-C until the end; web-blue has no instances then")
    assert "the 2 instances of web-blue are terminated at the end" in dry.json["warnings"]
    assert scaling.calls == []


def test_traffic_sources_are_left_as_they_were_attached(shell: Shell, scaling: FakeGroups) -> None:
    scaling.attach_as_sources("web-blue")
    ended = swap(shell, "--yes")
    assert (ended.code, scaling.traffic()) == (0, GREEN), ended.err
    assert all(each.is_source for each in scaling.groups["web-green"].attached.values())


def test_the_old_one_is_set_to_nothing_only_where_that_is_asked(shell: Shell, scaling: FakeGroups) -> None:
    scaling.groups["web-blue"].least = 1
    ended = swap(shell, "--scale-down", "--yes", "--json")
    assert (ended.code, scaling.sizes()) == (0, {"web-blue": 0, "web-green": 2}), ended.err
    assert scaling.calls[-1] == "size web-blue 0"
    assert only(ended)["detail"].endswith("web-blue is set to 0 instances")


def test_one_that_never_becomes_healthy_is_taken_out_and_is_as_it_was(shell: Shell, scaling: FakeGroups) -> None:
    scaling.sick = {"web-green"}
    ended = swap(shell, *HASTY)
    assert ended.code == 1, ended.err
    assert (scaling.traffic(), scaling.sizes()) == (BLUE, {"web-blue": 2, "web-green": 0})
    row = only(ended)
    assert row["outcome"] == "reverted"
    assert "0 of 2 healthy in blue (Health checks failed with these codes: [502])" in row["detail"]
    assert row["detail"].endswith("web-blue is in blue, green, web-green is as it was (0 instances)")
    assert "detach web-blue" not in scaling.calls


@pytest.mark.parametrize("trouble", ["health", "alarm"])
def test_what_goes_wrong_once_it_is_alone_brings_the_old_one_back_first(
    shell: Shell, scaling: FakeGroups, trouble: str
) -> None:
    scaling.groups["web-green"].wanted = 1
    scaling.sick_alone = {"web-green"} if trouble == "health" else set()
    scaling.alarm_alone = trouble == "alarm"
    ended = swap(shell, "--alarm", "errors", "--scale-down", "--yes", "--json")
    assert (ended.code, only(ended)["outcome"]) == (1, "reverted"), ended.err
    assert (scaling.traffic(), scaling.sizes()) == (BLUE, {"web-blue": 2, "web-green": 1})
    assert scaling.calls[-3:] == ["attach web-blue", "detach web-green", "size web-green 1"]
    assert ("alarm errors went on" if trouble == "alarm" else "0 of 2 healthy") in only(ended)["detail"]


def test_where_the_old_one_does_not_come_back_the_new_one_is_left_in(shell: Shell, scaling: FakeGroups) -> None:
    scaling.alarm_alone = True
    process = start(shell, "--alarm", "errors", "--wait", "0.3")
    until(process, lambda: "detach web-blue" in scaling.calls)
    scaling.sick = {"web-blue"}
    out, err = process.communicate(timeout=60)
    row = json.loads(out)["hosts"][0]
    assert (process.returncode, row["outcome"], scaling.traffic()) == (1, "unknown", BOTH), err
    assert "going back failed: web-blue did not become healthy" in row["detail"]
    assert row["remedy"] == "nixtui instance swap web-green web-blue --region eu-central-1"


def start(shell: Shell, *more: str):
    words = ("instance", "swap", "web-blue", "web-green", "--every", "0.01", "--bake", "3600", "--yes", "--json")
    return shell.start(*words, *more)


def until(process, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


REACHED: dict[str, Callable[[FakeGroups], bool]] = {
    "attached": lambda fake: "attach web-green" in fake.calls,
    "grown": lambda fake: "size web-green 2" in fake.calls,
    "draining": lambda fake: "detach web-blue" in fake.calls,
    "alone": lambda fake: not fake.groups["web-blue"].attached,
}


@pytest.mark.parametrize("reached", REACHED)
def test_stopping_takes_it_back_wherever_it_is(shell: Shell, scaling: FakeGroups, reached: str) -> None:
    process = start(shell)
    until(process, lambda: REACHED[reached](scaling))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, scaling.traffic(), scaling.sizes()) == (130, BLUE, {"web-blue": 2, "web-green": 0}), err
    assert json.loads(out)["hosts"][0]["detail"].startswith("stopped; web-blue is in blue, green")


@pytest.mark.parametrize("reached", REACHED)
def test_one_that_was_killed_is_gone_on_with(shell: Shell, scaling: FakeGroups, reached: str) -> None:
    process = start(shell)
    until(process, lambda: REACHED[reached](scaling))
    process.kill()
    process.communicate(timeout=60)
    ended = swap(shell, "--scale-down", "--yes", "--json")
    assert (ended.code, scaling.traffic()) == (0, GREEN), ended.err
    assert scaling.sizes() == {"web-blue": 0, "web-green": 2}
    assert scaling.calls.count("detach web-blue") == 1
    assert only(swap(shell, "--scale-down", "--yes", "--json"))["outcome"] == "unchanged"


def test_trouble_after_a_kill_still_brings_the_old_one_back(shell: Shell, scaling: FakeGroups) -> None:
    process = start(shell)
    until(process, lambda: REACHED["alone"](scaling))
    process.kill()
    process.communicate(timeout=60)
    dry = swap(shell, "--scale-down", "--dry-run").out
    assert "web-green is in blue, green already, and stays there if it goes back" in dry
    scaling.sick = {"web-green"}
    ended = swap(shell, "--scale-down", *HASTY)
    assert (ended.code, only(ended)["outcome"]) == (1, "reverted"), ended.err
    # How the new one was before the run that was killed is not known: it stays in, and nothing of the old one is lost.
    assert (scaling.traffic(), scaling.sizes()) == (BOTH, {"web-blue": 2, "web-green": 2})


async def test_what_still_drains_is_not_terminated(scaling: FakeGroups, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in scaling.environ.items():
        monkeypatch.setenv(name, value)
    scaling.drains = 10**6
    async with Session(scaling.environ) as session:
        old, new = [await scaled(session, REGION, name) for name in ("web-blue", "web-green")]
        wanted = Swap(old, new, {}, bake_s=0, drain_s=0.1, every_s=0.01, scale_down=True)
        run = Run("op", plan_swap(wanted, ()), lambda _: None, lambda: 0.0, asyncio.Event())
        (row,) = (await swapping_job(wanted, session)(run)).targets
    assert (row.outcome, scaling.sizes()["web-blue"], scaling.traffic()) == (Outcome.FAILED, 2, GREEN)
    assert "web-blue keeps its instances: 4 of its targets still drain" in (row.detail or "")
    assert row.remedy == "nixtui instance swap web-blue web-green --scale-down --region eu-central-1"


def test_a_call_that_is_not_allowed_changes_nothing(shell: Shell, scaling: FakeGroups) -> None:
    scaling.denied = {"AttachLoadBalancerTargetGroups"}
    ended = swap(shell, "--yes", "--json")
    row = only(ended)
    assert (ended.code, row["outcome"], scaling.traffic()) == (1, "reverted", BLUE), ended.err
    assert "may not call autoscaling:AttachLoadBalancerTargetGroups" in row["detail"]
    scaling.denied = {"UpdateAutoScalingGroup"}
    late = swap(shell, "--scale-down", "--yes", "--json")
    assert (late.code, only(late)["outcome"], scaling.traffic()) == (1, "failed", GREEN), late.err
    assert "web-blue keeps its instances" in only(late)["detail"]


@pytest.mark.parametrize("member", ["i-blue1", "i-green1"])
def test_hosts_that_may_not_be_touched_get_and_lose_no_traffic(shell: Shell, scaling: FakeGroups, member: str) -> None:
    scaling.groups["web-green"].wanted = 1
    for _ in range(2):
        scaling._settle(scaling.groups["web-green"])
    shell.configure(
        f'[fleet]\nsources = ["file"]\n[hosts.web1]\ntags = {{ ec2 = "{member}" }}\n'
        '[environments.prod]\nmatch = "*"\nread_only = true\n'
    )
    ended = swap(shell, "--yes")
    assert (ended.code, "environment prod is read-only" in ended.err) == (5, True), ended.err
    assert scaling.calls == []


def small(fake: FakeGroups) -> None:
    fake.groups["web-green"].most = 1


def nowhere(fake: FakeGroups) -> None:
    fake.groups["web-blue"].attached.clear()


def empty(fake: FakeGroups) -> None:
    fake.groups["web-blue"].wanted = 0


def suspended(fake: FakeGroups) -> None:
    fake.groups["web-green"].suspended = {"AddToLoadBalancer"}


def alarmed(fake: FakeGroups) -> None:
    fake.alarms["errors"] = "ALARM"


def unused(fake: FakeGroups) -> None:
    for each in (LISTENER, RULE):
        fake.actions[each] = [{"Type": "forward", "TargetGroupArn": group("blue"), "Order": "1"}]


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        (small, "web-green may have 1 instances at most, and web-blue has 2"),
        (nowhere, "neither web-blue nor web-green is in a target group"),
        (empty, "neither web-blue nor web-green is to have an instance"),
        (suspended, "AddToLoadBalancer is suspended in web-green"),
        (alarmed, "alarm errors is on already"),
        (unused, "no listener sends traffic to green"),
    ],
)
def test_what_cannot_go_well_is_refused_before(
    shell: Shell, scaling: FakeGroups, stage: Callable[[FakeGroups], None], says: str
) -> None:
    stage(scaling)
    ended = swap(shell, "--alarm", "errors", "--yes")
    assert (ended.code, says in ended.out) == (5, True), (ended.out, ended.err)
    assert scaling.calls == []


def test_what_makes_no_sense_is_said(shell: Shell, scaling: FakeGroups) -> None:
    assert 'there is no auto scaling group "red"' in swap(shell, "--yes", new="red").err
    assert "cannot take its own place" in swap(shell, "--yes", new="web-blue").out
    assert swap(shell, "--min-healthy", "0", "--yes").code == 2


def test_another_aws_takes_the_same_calls(shell: Shell, moto_environ: dict[str, str]) -> None:
    shell.environ.update(moto_environ)
    ec2, scaling, balancing = client("ec2"), client("autoscaling"), client("elbv2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    image = ec2.register_image(Name="web", Architecture="x86_64")["ImageId"]
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image})
    made = balancing.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance")
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    shop = balancing.create_load_balancer(
        Name="shop", Subnets=[subnet, ec2.describe_subnets()["Subnets"][1]["SubnetId"]]
    )
    balancing.create_listener(
        LoadBalancerArn=shop["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    for name, size, arns in (("web-blue", 2, [arn]), ("web-green", 0, [])):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=3,
            DesiredCapacity=size,
            LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
            VPCZoneIdentifier=subnet,
            **({"TargetGroupARNs": arns} if arns else {}),
        )
    ended = swap(shell, "--scale-down", "--yes", "--json")
    assert (ended.code, only(ended)["outcome"]) == (0, "committed"), (ended.out, ended.err)
    told = {each["AutoScalingGroupName"]: each for each in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]}
    assert (told["web-green"]["DesiredCapacity"], told["web-blue"]["DesiredCapacity"]) == (2, 0)
    assert (told["web-green"]["TargetGroupARNs"], told["web-blue"].get("TargetGroupARNs", [])) == ([arn], [])
    targets = balancing.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert {each["Target"]["Id"] for each in targets} == {each["InstanceId"] for each in told["web-green"]["Instances"]}
