"""`nixtui deploy`, end to end: a flake, a real Nix here, real hosts, the journal, the exit status."""

from pathlib import Path

import pytest

from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def test_all_hosts_are_built_copied_and_activated(operator: Operator, hosts: list[Host]) -> None:
    ended = operator.shell.run("deploy", "all", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["outcome"] == "committed"
    for host, told in zip(hosts, ended.json["hosts"], strict=True):
        assert (told["name"], told["outcome"], told["phase"]) == (host.name, "committed", "activation")
        assert told["from"] == host.generations[-1].number
        assert told["from_system"] == host.generations[-1].path
        now = truth(host)
        assert now.current == now.profile == now.boot_default == told["to_system"]
        assert "-one-26.05" in now.current
        assert leftovers(host) == ""
    (entry,) = operator.shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"], entry["operation"]) == ("deploy", "committed", ended.json["operation"])
    whole = operator.shell.run("journal", entry["operation"]).out
    told = [whole.index(each) for each in ("$ nix", "evaluated 3 systems in", "up to here: build 3 systems", "armed ✔")]
    assert told == sorted(told), "evaluated, built, and then activated, in one record"
    (history,) = operator.shell.run("build", "--history", "--json").json
    assert (history["kind"], history["operation"]) == ("deploy", entry["operation"])
    assert Path(history["record"]).exists()
    again = operator.shell.run("deploy", "all", "--yes", "--json")
    assert again.code == 0, again.err
    assert {each["outcome"] for each in again.json["hosts"]} == {"unchanged"}
    assert "copying" not in again.err


def test_a_unit_that_fails_on_the_canary_stops_the_rollout(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts]
    operator.want_all("two", h1={"breaks": True})
    ended = operator.shell.run("deploy", "all", "--yes", "--json")
    assert ended.code == 1, ended.err
    canary, *others = ended.json["hosts"]
    assert (canary["outcome"], canary["exit_code"]) == ("reverted", 4)
    assert "unit-fails.service" in canary["detail"]
    for each in others:
        assert each["outcome"] == "refused"
        assert "not begun: the rollout stopped after h1 failed" in each["detail"]
    assert [truth(host) for host in hosts] == before
    assert [leftovers(host) for host in hosts] == ["", "", ""]


def test_what_was_copied_is_safe_from_the_collector_until_its_turn(operator: Operator, hosts: list[Host]) -> None:
    operator.configure("\n[rollout]\ncanary = 1\n")
    operator.want_all("one", h1={"quirk": "activate", "quirkFile": "slow.sh"})
    hosts[0].set_slow_seconds(5)
    process = operator.shell.start("deploy", "--yes", "--json")
    hosts[0].wait_until(
        lambda: hosts[0].run("grep -qs 'migrating the database' /run/nixtui/*/transcript").code == 0,
        what="the activation to run",
        within=60,
    )
    hosts[1].sh("nix-collect-garbage")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert [leftovers(host) for host in hosts] == ["", "", ""]
