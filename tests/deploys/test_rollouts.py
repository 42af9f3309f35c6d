"""Waves over real hosts: gates between them, and what becomes of hosts that had arrived when a later one fails."""

import json
import signal

import pytest

from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def test_halt_and_revert_takes_the_canary_back_under_its_own_guard(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts]
    operator.configure('\n[rollout]\ncanary = 1\nbatch = 1\non_failure = "revert"\n')
    operator.want_all("two", h2={"breaks": True})
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 1, ended.err
    assert [each["outcome"] for each in ended.json["hosts"]] == ["reverted", "reverted", "refused"]
    assert ended.json["hosts"][0]["detail"] == "taken back: the rollout failed on h2"
    for host, then in zip(hosts, before, strict=True):
        now = truth(host)
        assert (now.current, now.profile, now.boot_default) == (then.current, then.profile, then.boot_default)
        assert now.number == then.number
        assert leftovers(host) == ""


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ('units = ["nginx.service", "absent.service"]', "absent.service is inactive"),
        ('commands = ["test -e /run/proof"]', "`test -e /run/proof` failed (exit 1)"),
        ('http = ["http://localhost:9/"]', "localhost:9 cannot be asked"),
    ],
)
def test_a_closed_gate_stops_after_the_canary(operator: Operator, hosts: list[Host], gate: str, told: str) -> None:
    operator.configure(f"\n[rollout]\ncanary = 1\n[rollout.gate]\n{gate}\n")
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 1, ended.err
    canary, *others = ended.json["hosts"]
    assert canary["outcome"] == "failed"
    assert told in canary["detail"]
    assert {each["detail"] for each in others} == {"not begun: the gate is closed by h1"}
    assert "-one-26.05" in truth(hosts[0]).current  # halted, not reverted
    assert [truth(host).current for host in hosts[1:]] == [host.generations[-1].path for host in hosts[1:]]


@pytest.mark.usefixtures("hosts")
def test_an_open_gate_lets_the_others_go(operator: Operator) -> None:
    pages = '"http://localhost/", { url = "http://localhost/nothing", status = 404 }'
    gate = f'units = ["nginx.service"]\ncommands = ["true"]\nhttp = [{pages}]\n'
    operator.configure(f'\n[rollout]\ncanary = 1\nsoak = "1s"\n[rollout.gate]\n{gate}')
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 0, ended.err + ended.out
    assert "gate before wave 2: h1" in ended.err


def test_a_rollout_that_is_paused_goes_on_when_it_is_let(operator: Operator, hosts: list[Host]) -> None:
    operator.configure("\n[rollout]\ncanary = 1\n")
    operator.want_all("one", h1={"quirk": "activate", "quirkFile": "slow.sh"})
    hosts[0].set_slow_seconds(3)
    process = operator.shell.start("deploy", "--yes", "--events")
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step_started" and event["step"] == "testing" and event["target"] == "h1":
            process.send_signal(signal.SIGUSR1)
        if event["event"] == "note":
            seen.append(event["text"])
            if event["text"] == "paused before wave 2":
                assert truth(hosts[1]).current == hosts[1].generations[-1].path
                process.send_signal(signal.SIGUSR1)
    assert process.wait(timeout=30) == 0
    assert "paused before wave 2" in seen
    assert "-one-26.05" in truth(hosts[1]).current
