"""What goes wrong on the way: links, disks, logins, operators that vanish, hosts that are away."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def stream(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """The events of a `--events` run as they come."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def only(operator: Operator, host: Host, **special: object) -> None:
    operator.configure(hosts=f"[hosts.{host.name}]\n")
    operator.flake.want(**{host.name: {"mark": "one", **special}})


def test_a_copy_goes_on_after_the_link_was_cut(operator: Operator, host: Host) -> None:
    only(operator, host, ballast=128_000)
    text = (operator.shell.directory / "nixtui.toml").read_text()
    operator.shell.configure(text.replace("connect_timeout", 'keepalive = "1s"\nconnect_timeout'))
    host.impair(delay=0.05)
    process = operator.shell.start("deploy", host.name, "--yes", "--events")
    totals: list[float] = []
    report: dict[str, Any] = {}
    for event in stream(process):
        match event:
            case {"event": "progress", "step": "copying", "done": done, "total": total}:
                if not totals and done > 20e6:
                    host.link_down()
                    totals.append(total)
                elif len(totals) == 1 and total != totals[0]:
                    totals.append(total)
            case {"event": "note", "text": text} if "again in" in text:
                host.heal()
                host.link_up()
            case {"event": "report"}:
                report = event
    assert process.wait(timeout=60) == 0, report
    assert report["outcome"] == "committed"
    assert totals[1] < totals[0], "what was copied already was not sent again"
    assert truth(host).current == report["hosts"][0]["to_system"]


def test_a_full_disk_is_seen_before_anything_is_copied(operator: Operator, host: Host) -> None:
    only(operator, host)
    before = truth(host)
    host.fill_disk()
    ended = operator.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 5, ended.err
    (told,) = ended.json["hosts"]
    assert told["outcome"] == "refused"
    assert "the disk of its store has" in told["detail"]
    assert truth(host) == before


def test_a_boot_partition_without_room_for_another_kernel_is_seen_before(operator: Operator, host: Host) -> None:
    only(operator, host, kernel="6.18.3")
    host.fill_boot()
    ended = operator.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 5, ended.err
    assert "/boot has" in ended.json["hosts"][0]["detail"]


def test_a_login_that_nix_does_not_trust_is_told_what_to_do(operator: Operator, host: Host) -> None:
    only(operator, host)
    operator.configure(hosts=f'[hosts.{host.name}]\nuser = "run0er"\n', ssh='elevate = "run0"')
    host.sh("sed -i s/require-sigs.*/require-sigs\\ =\\ true/ /etc/nix/nix.conf; systemctl restart nix-daemon.service")
    before = truth(host)
    ended = operator.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 1, ended.err
    (told,) = ended.json["hosts"]
    assert (told["outcome"], told["phase"]) == ("failed", "copy")
    assert "no trusted user" in told["detail"]
    assert "trusted-users" in told["remedy"]
    assert truth(host) == before


def test_a_trusted_login_with_sudo_deploys(operator: Operator, host: Host) -> None:
    only(operator, host)
    operator.configure(hosts=f'[hosts.{host.name}]\nuser = "deploy"\n', ssh='elevate = "sudo"')
    ended = operator.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert truth(host).current == ended.json["hosts"][0]["to_system"]


def test_a_host_that_is_away_is_skipped_and_caught_up_with(operator: Operator, hosts: list[Host]) -> None:
    away = hosts[2]
    away.link_down()
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 4, ended.err
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed", "committed", "unreachable"]
    missed = ended.json["hosts"][2]["to_system"] or truth(hosts[0]).current.replace("h1", "h3")
    away.link_up()
    operator.want_all("two")  # it gets what the others have, not what the flake says by now
    caught = operator.shell.run("deploy", "--catch-up", "--yes", "--json")
    assert caught.code == 0, caught.err
    (told,) = caught.json["hosts"]
    assert (told["name"], told["outcome"]) == (away.name, "committed")
    assert "-one-26.05" in truth(away).current
    assert missed.rpartition("-one-")[2] == truth(away).current.rpartition("-one-")[2]
    nobody = operator.shell.run("deploy", "--catch-up", "--yes", "--json")
    assert (nobody.code, nobody.json["hosts"]) == (0, [])


def test_only_hosts_that_are_away_is_exit_3_and_on_record(operator: Operator, host: Host) -> None:
    only(operator, host)
    host.link_down()
    assert operator.shell.run("deploy", "--yes").code == 3
    host.link_up()
    assert operator.shell.run("deploy", "--catch-up", "--yes").code == 0
    assert "-one-26.05" in truth(host).current


def test_a_system_that_failed_is_quarantined_until_told_otherwise(operator: Operator, host: Host) -> None:
    only(operator, host, breaks=True)
    before = truth(host)
    assert operator.shell.run("deploy", "--yes").code == 1
    again = operator.shell.run("deploy", "--yes", "--json")
    assert again.code == 5, again.err
    (told,) = again.json["hosts"]
    assert "quarantined: it failed on" in told["detail"]
    assert "--force-quarantined" in told["remedy"]
    assert operator.shell.run("deploy", "--yes", "--force-quarantined").code == 1
    assert truth(host) == before
    operator.flake.want(**{host.name: {"mark": "mended"}})
    assert operator.shell.run("deploy", "--yes").code == 0


def test_two_operators_at_once_do_not_meet(operator: Operator, host: Host) -> None:
    only(operator, host, quirk="activate", quirkFile="slow.sh")
    host.set_slow_seconds(6)
    first = operator.shell.start("deploy", "--yes", "--json")
    host.wait_until(
        lambda: host.run("grep -qs 'migrating the database' /run/nixtui/*/transcript").code == 0,
        what="the activation to run",
        within=60,
    )
    operator.flake.want(**{host.name: {"mark": "other"}})
    second = operator.shell.run("deploy", "--yes", "--json")
    assert second.code == 5, second.err
    assert "locked by me@" in second.json["hosts"][0]["detail"]
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert truth(host).current == json.loads(out)["hosts"][0]["to_system"]


def test_a_killed_nixtui_in_the_middle_of_the_activation(operator: Operator, host: Host) -> None:
    only(operator, host, quirk="activate", quirkFile="slow.sh")
    before = truth(host)
    host.set_slow_seconds(60)
    process = operator.shell.start("deploy", "--yes")
    host.wait_until(
        lambda: host.run("grep -qs 'migrating the database' /run/nixtui/*/transcript").code == 0,
        what="the activation to run",
        within=60,
    )
    process.send_signal(signal.SIGKILL)
    process.wait()
    host.wait_until(
        lambda: truth(host) == before and host.run("test -e /run/nixtui/lock").code == 1,
        within=40,
        what="the host to be back",
    )
    told = operator.shell.run("journal", "--json")
    assert "was cut off" in told.err
    entry = told.json[0]  # before it is the build
    assert (entry["kind"], entry["outcome"]) == ("deploy", "reverted")
    assert leftovers(host) == ""


def test_a_killed_nixtui_in_the_middle_of_a_copy_did_nothing(operator: Operator, host: Host) -> None:
    only(operator, host, ballast=128_000)
    before = truth(host)
    host.impair(delay=0.05)
    process = operator.shell.start("deploy", "--yes", "--events")
    for event in stream(process):
        if event["event"] == "progress" and event["done"] > 0:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    host.heal()
    told = operator.shell.run("journal", "--json")
    assert "not begun: nixtui died before its turn came" in told.err
    assert told.json[0]["outcome"] == "refused"
    assert truth(host) == before
    assert leftovers(host) == ""


def test_interrupting_a_copy_ends_nix_and_its_ssh(operator: Operator, host: Host) -> None:
    only(operator, host, ballast=128_000)
    before = truth(host)
    host.impair(delay=0.05)
    process = operator.shell.start("deploy", "--yes", "--events")
    report: dict[str, Any] = {}
    stopped = False
    for event in stream(process):
        if event["event"] == "progress" and event["done"] > 0 and not stopped:
            stopped = True
            process.send_signal(signal.SIGINT)
        report = event
    assert process.wait(timeout=30) == 130
    assert report["hosts"][0]["outcome"] == "refused"
    assert "cancelled by the operator" in report["hosts"][0]["detail"]
    host.heal()
    left = subprocess.run(["pgrep", "-f", "nixtui-target"], capture_output=True, text=True)
    assert left.stdout == ""
    assert truth(host) == before


def built(what: str) -> bool:
    """Whether this store has the system."""
    found = Path("/nix/store").glob(f"*-nixos-system-{what}-*")
    return any(not each.name.endswith((".drv", ".lock", ".chroot")) for each in found)


def test_interrupting_a_build_deploys_nothing_of_what_was_built_already(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts]
    mark = f"r{token_hex(4)}"  # never built before
    operator.want_all(mark, h2={"slow": 300})
    process = operator.shell.start("deploy", "--yes", "--events", "--option", "max-jobs", "3")
    report: dict[str, Any] = {}
    for event in stream(process):
        if event["event"] == "log" and "taking its time" in event["text"]:
            hosts[0].wait_until(lambda: built(f"h1-{mark}") and built(f"h3-{mark}"), what="the others to be built")
            process.send_signal(signal.SIGINT)
        report = event
    assert process.wait(timeout=30) == 130
    assert [(each["name"], each["outcome"]) for each in report["hosts"]] == [
        ("h1", "refused"), ("h2", "failed"), ("h3", "refused"),
    ]  # fmt: skip
    assert report["hosts"][0]["detail"] == "not begun: the operator stopped it while systems were built"
    assert [truth(host) for host in hosts] == before
    (entry,) = operator.shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"]) == ("build", "partial")


def test_a_specialisation_that_does_not_exist_is_refused_with_those_that_do(operator: Operator, host: Host) -> None:
    only(operator, host, specialisations=["night", "day"])
    ended = operator.shell.run("deploy", "--yes", "--json", "--specialisation", "noon")
    assert ended.code == 5, ended.err
    (told,) = ended.json["hosts"]
    assert told["detail"] == 'the system has no specialisation "noon"'
    assert told["remedy"] == "it has day, night"


def test_a_specialisation_runs_and_the_system_it_is_part_of_lasts(operator: Operator, host: Host) -> None:
    only(operator, host, specialisations=["night"])
    ended = operator.shell.run("deploy", "--yes", "--json", "--specialisation", "night")
    assert ended.code == 0, ended.err
    now = truth(host)
    assert "one-night-26.05" in now.current
    assert now.profile == now.boot_default != now.current
    assert "-one-26.05" in (now.profile or "")
    again = operator.shell.run("deploy", "--yes", "--json", "--specialisation", "night")
    assert again.json["outcome"] == "unchanged"


@pytest.mark.parametrize("action", ["boot", "test", "dry-activate"])
def test_other_actions_go_as_far_as_they_say(operator: Operator, host: Host, action: str) -> None:
    only(operator, host)
    before = truth(host)
    ended = operator.shell.run("deploy", "--yes", "--json", "--action", action)
    assert ended.code == 0, ended.err
    (told,) = ended.json["hosts"]
    now = truth(host)
    match action:
        case "boot":
            assert told["outcome"] == "committed"
            assert (now.current, now.profile, now.boot_default) == (
                before.current,
                told["to_system"],
                told["to_system"],
            )
        case "test":
            assert told["outcome"] == "tested"
            assert (now.current, now.profile) == (told["to_system"], before.profile)
        case _:
            assert told["outcome"] == "unchanged"
            assert now == before
    assert leftovers(host) == ""


def test_a_dry_run_shows_what_one_decides_by_and_changes_nothing(operator: Operator, host: Host) -> None:
    only(operator, host, ballast=8000)
    before = truth(host)
    ended = operator.shell.run("deploy", "--dry-run")
    assert ended.code == 0, ended.err
    assert "ballast-one: – → " in ended.out
    assert "copy: " in ended.out
    assert truth(host) == before
    assert [each["kind"] for each in operator.shell.run("journal", "--json").json] == ["build"]


def test_a_host_that_is_not_built_says_why_and_the_others_go_on(operator: Operator, hosts: list[Host]) -> None:
    operator.want_all("one", h2={"throws": "no such module"})
    ended = operator.shell.run("deploy", "--yes", "--json")
    assert ended.code == 4, ended.err
    assert [each["outcome"] for each in ended.json["hosts"]] == ["committed", "failed", "committed"]
    assert "no such module" in ended.json["hosts"][1]["detail"]
    operator.want_all("one")
    again = operator.shell.run("deploy", "--retry", ended.json["operation"], "--yes", "--json")
    assert again.code == 0, again.err
    assert [(each["name"], each["outcome"]) for each in again.json["hosts"]] == [("h2", "committed")]
