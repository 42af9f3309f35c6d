"""`nixtui instance shift`: blue to green behind a listener, and back again whenever that is better."""

import json
import signal
import time
from collections.abc import Iterator

import pytest

from nixtui.aws.balancers import Listener, actions_of
from nixtui.instances.shifting import Shift
from tests.cli.conftest import Shell, shell
from tests.instances.fake_balancer import LISTENER, RULE, FakeBalancer, group

__all__ = ["shell"]

QUICK = ("--bake", "0.05", "--every", "0.01")


@pytest.fixture
def balancer(shell: Shell) -> Iterator[FakeBalancer]:
    with FakeBalancer() as fake:
        shell.environ.update(fake.environ)
        yield fake


def shift(shell: Shell, *more: str, to: str = "green", listener: str = LISTENER):
    return shell.run("instance", "shift", listener, "--to", to, *QUICK, *more)


def test_traffic_is_moved_in_stages_once_the_new_group_is_healthy(shell: Shell, balancer: FakeBalancer) -> None:
    assert shift(shell).code == 5
    ended = shift(shell, "--stage", "50", "--stage", "10", "--alarm", "errors", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert balancer.history == [
        {"blue": 1, "green": 0},
        {"blue": 90, "green": 10},
        {"blue": 50, "green": 50},
        {"green": 100},
    ]
    (row,) = ended.json["hosts"]
    assert (row["name"], row["outcome"], row["from"], row["to"]) == ("shop/4e5f6071", "committed", "blue", "green")
    again = shift(shell, "--yes", "--json")
    assert (again.code, again.json["outcome"], len(balancer.history)) == (0, "unchanged", 4)
    back = shift(shell, "--yes", to="blue")
    assert (back.code, balancer.shares()) == (0, {"blue": 100}), back.err


@pytest.mark.parametrize("member", ["i-blue1", "i-green2"])
def test_hosts_that_may_not_be_touched_get_and_lose_no_traffic(
    shell: Shell, balancer: FakeBalancer, member: str
) -> None:
    shell.configure(
        f'[fleet]\nsources = ["file"]\n[hosts.web1]\ntags = {{ ec2 = "{member}" }}\n'
        '[environments.prod]\nmatch = "*"\nread_only = true\n'
    )
    ended = shift(shell, "--yes")
    assert (ended.code, "environment prod is read-only" in ended.err) == (5, True), ended.err
    assert balancer.shares() == {"blue": 1}


def test_a_rule_of_a_listener_is_moved_by_itself(shell: Shell, balancer: FakeBalancer) -> None:
    assert shift(shell, "--yes", listener=RULE).code == 0
    assert (balancer.shares(RULE), balancer.shares(LISTENER)) == ({"green": 100}, {"blue": 1})


def test_one_that_becomes_unhealthy_under_traffic_is_taken_back(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.broken_at = 50
    ended = shift(shell, "--stage", "10", "--stage", "50", "--yes", "--json")
    assert ended.code == 1, ended.err
    assert balancer.shares() == {"blue": 1}
    (row,) = ended.json["hosts"]
    assert row["outcome"] == "reverted"
    assert "0 of 2 targets healthy (Health checks failed with these codes: [502])" in row["detail"]
    assert row["detail"].endswith("blue has all of it again")


def test_an_alarm_takes_it_back(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.alarm_at = 100
    ended = shift(shell, "--stage", "10", "--alarm", "errors", "--yes", "--json")
    assert (ended.json["hosts"][0]["outcome"], balancer.shares()) == ("reverted", {"blue": 1}), ended.err
    assert "alarm errors went on" in ended.json["hosts"][0]["detail"]
    refused = shift(shell, "--alarm", "errors", "--yes")
    assert (refused.code, "alarm errors is on already" in refused.out) == (5, True)


def test_one_that_never_becomes_healthy_gets_no_traffic(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.broken_at = 0
    ended = shift(shell, "--wait", "0.1", "--yes", "--json")
    assert (ended.json["hosts"][0]["outcome"], balancer.shares()) == ("reverted", {"blue": 1}), ended.err
    assert all(each.get("green", 0) == 0 for each in balancer.history)


def test_stopping_takes_the_traffic_back(shell: Shell, balancer: FakeBalancer) -> None:
    words = ("instance", "shift", LISTENER, "--to", "green", "--stage", "10", "--bake", "3600", "--every", "0.01")
    process = shell.start(*words, "--yes", "--json")
    deadline = time.monotonic() + 60
    while balancer.shares().get("green") != 10:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, balancer.shares()) == (130, {"blue": 1}), err
    assert json.loads(out)["hosts"][0]["detail"] == "stopped; blue has all of it again"


def test_what_somebody_else_changed_meanwhile_is_left_alone(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.meddle_at = 10
    ended = shift(shell, "--stage", "10", "--stage", "50", "--yes", "--json")
    assert ended.code == 1, ended.err
    assert (ended.json["hosts"][0]["outcome"], balancer.shares()) == ("unknown", {"blue": 70, "green": 10})
    assert "somebody else changed the listener" in ended.json["hosts"][0]["detail"]


def test_a_way_back_that_is_closed_is_said_with_what_to_do(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.denied = {"ModifyListener"}
    ended = shift(shell, "--yes", "--json")
    (row,) = ended.json["hosts"]
    assert (ended.code, row["outcome"]) == (1, "unknown"), ended.err
    assert "may not call elbv2:ModifyListener" in row["detail"]
    assert row["remedy"] == f"nixtui instance shift {LISTENER} --to {group('blue')}"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("shop", "--to", "green"), 2, "is no ARN of a listener"),
        ((LISTENER, "--to", "red"), 1, 'there is no target group "red"'),
        ((LISTENER, "--to", "green", "--stage", "100"), 2, "--stage is from 1 to 99"),
        ((LISTENER, "--to", "green", "--alarm", "none"), 1, 'there is no alarm "none"'),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_done(
    shell: Shell, balancer: FakeBalancer, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = shell.run("instance", "shift", *arguments, "--yes")
    assert (ended.code, says in ended.err) == (code, True), ended.err
    assert balancer.history == []


def test_a_group_without_targets_is_refused(shell: Shell, balancer: FakeBalancer) -> None:
    balancer.targets["green"] = 0
    ended = shift(shell, "--yes")
    assert (ended.code, "target group green has no targets" in ended.out) == (5, True), ended.out


def test_what_comes_before_the_forward_stays_and_old_groups_share_what_is_left() -> None:
    listener = Listener("arn:l", "r", {"a": 3, "b": 1}, ({"Type": "authenticate-oidc", "Order": 1},), {"Enabled": True})
    shift = Shift(listener, "c", "c", {})
    assert shift.at(20) == {"a": 60, "b": 20, "c": 20}
    assert shift.at(100) == {"c": 100}
    assert actions_of(listener, shift.at(100)) == [
        {"Type": "authenticate-oidc", "Order": 1},
        {
            "Type": "forward",
            "Order": 2,
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": "c", "Weight": 100}],
                "TargetGroupStickinessConfig": {"Enabled": True},
            },
        },
    ]
