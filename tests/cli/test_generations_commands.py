"""Deleting, pinning, testing and comparing from the command line, on the embedded fleet and on real hosts."""

import re

import pytest

from tests.activation.conftest import truth
from tests.cli.conftest import Ended, Shell
from tests.lab.host import Host


def demo(shell: Shell, *words: str) -> Ended:
    return shell.run("demo", "--", *words)


def test_what_would_be_deleted_is_named_with_its_commands(shell: Shell) -> None:
    ended = demo(shell, "delete-generations", "web-1", "db-1", "--keep", "2", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    web, db = ended.json["hosts"]
    assert (web["name"], web["generations"]) == ("web-1", [406, 407, 408, 409])
    assert web["freed_bytes"] > 2**30
    assert db["generations"] == [384, 385, 386, 387]
    commands = [command for step in ended.json["steps"] for command in step["commands"]]
    assert commands[0].endswith("--delete-generations 406 407 408 409")
    assert commands[-1] == "/nix/var/nix/profiles/system/bin/switch-to-configuration boot"


@pytest.mark.parametrize("words", [[], ["--keep", "few"], ["--keep", "30d"], ["--older-than", "x"]])
def test_a_rule_has_to_be_one(shell: Shell, words: list[str]) -> None:
    ended = demo(shell, "delete-generations", "web-1", *words, "--yes")
    assert ended.code == 2
    assert "--keep 5, --older-than 30d" in ended.err


def test_without_a_yes_nothing_is_deleted(shell: Shell) -> None:
    ended = demo(shell, "delete-generations", "stage-web-1", "--keep", "1", "--json")
    assert ended.code == 5
    assert ended.json["outcome"] == "refused"


def test_a_diff_has_units_kernel_and_commits_beside_packages(shell: Shell) -> None:
    ended = demo(shell, "diff", "web-2", "current", "web-1:408", "--json")
    assert ended.code == 0, ended.err
    found = ended.json
    assert {"from", "to", "packages", "rebuilt", "closure_bytes_before", "closure_bytes_after"} <= found.keys()
    assert found["units"]["changed"][:1] == ["acme-renew-shop.example.timer"]
    assert (found["kernel"]["before"], found["reboot_needed"]) == ("6.12.58", True)
    assert found["commits"]["undone"][0]["subject"] == "nginx: http3"
    assert found["commits"]["unknown"] is None
    plain = demo(shell, "diff", "web-2", "411", "current")
    assert "commit added: " in plain.out
    assert "units changed: nginx.service, shop-api.service" in plain.out


@pytest.mark.lab
def test_delete_pin_and_test_on_a_real_host(lab_shell: Shell, host: Host) -> None:
    oldest = host.generations[0]
    assert lab_shell.run("pin", host.name, str(oldest.number), "--yes").code == 0
    listed = lab_shell.run("generations", host.name, "--json").json
    assert [each["number"] for each in listed if each["pinned"]] == [oldest.number]
    ended = lab_shell.run("delete-generations", host.name, "--keep", "1", "--yes", "--json", "--reason", "room")
    assert (ended.code, ended.json["outcome"]) == (0, "committed"), ended.err
    newest = [each.number for each in host.generations[-2:]]
    assert host.generation_numbers() == (oldest.number, *newest)
    assert lab_shell.run("pin", host.name, str(oldest.number), "--remove", "--yes").code == 0
    before = truth(host)
    tested = lab_shell.run("rollback", host.name, "--action", "test", "--yes", "--json")
    assert (tested.code, tested.json["outcome"]) == (0, "tested"), tested.err
    assert truth(host).current == host.generations[-2].path
    assert truth(host).profile == before.profile
    kinds = [each["kind"] for each in lab_shell.run("journal", "--json").json]
    assert kinds == ["rollback", "pin", "delete-generations", "pin"]


@pytest.mark.lab
def test_the_units_of_real_systems_are_compared(lab_shell: Shell, host: Host) -> None:
    older, newest = host.generations[-2:]
    ended = lab_shell.run("diff", host.name, str(older.number), str(newest.number), "--json")
    assert ended.code == 0, ended.err
    assert ended.json["units"] is not None
    assert ended.json["units"]["changed"]
    assert ended.json["commits"]["unknown"], "no repository of the lab's systems is at hand, and that is said"


def test_the_size_of_a_closure_does_not_contradict_how_it_grew(shell: Shell) -> None:
    words = ("diff", "web-2", "previous", "current")
    sizes = demo(shell, *words, "--json").json
    assert sizes["closure_bytes_before"] != sizes["closure_bytes_after"]
    [told] = [line for line in demo(shell, *words).out.splitlines() if line.startswith("closure")]
    assert re.fullmatch(r"closure [0-9.]+ GiB \([+-][0-9.]+ (KiB|MiB)\)", told)
