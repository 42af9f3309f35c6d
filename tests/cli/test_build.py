"""`nixtui build`, as a process of its own, with the real nix."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended, Shell
from tests.nix.flakes import write_flake
from tests.nix.systems_flake import SETTINGS, git, outputs, system
from tests.nix.test_process import is_running


@pytest.fixture
def fleet(shell: Shell) -> Shell:
    """A directory with a flake, and a nix that needs no network."""
    (shell.directory / "nix").mkdir()
    (shell.directory / "nix" / "nix.conf").write_text(SETTINGS)
    shell.environ["NIX_CONF_DIR"] = str(shell.directory / "nix")
    return shell


def write(fleet: Shell, **systems: str) -> None:
    write_flake(fleet.directory, outputs(systems))


def unique(fleet: Shell, name: str, script: str = "true") -> str:
    return system(name, f"{script}; : {fleet.directory}")


def events(ended: Ended) -> list[Any]:
    return [json.loads(line) for line in ended.out.splitlines()]


def until_written(path: Path) -> int:
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)
    return int(path.read_text())


def until_recorded(fleet: Shell, text: str) -> None:
    """What a builder prints takes its way through nix."""
    deadline = time.monotonic() + 30
    records = fleet.directory.parent / "home" / "state" / "nixtui" / "builds"
    while not any(text in each.read_text() for each in records.glob("*/stream.json")):
        assert time.monotonic() < deadline, f"{text!r} was not recorded"
        time.sleep(0.02)


def test_quiet_when_all_is_well(fleet: Shell) -> None:
    write(fleet, a=unique(fleet, "a"), b=unique(fleet, "b"))
    ended = fleet.run("build")
    assert ended.code == 0, ended.err
    paths = [line.split()[1] for line in ended.out.splitlines()]
    assert [Path(path).read_text() for path in paths] == ["ok\n", "ok\n"]


def test_complete_when_it_is_not(fleet: Shell) -> None:
    write(fleet, a=unique(fleet, "a", "echo no such header; exit 3"), b=unique(fleet, "b"), c="throw ''no disk''")
    ended = fleet.run("build", "--keep-going")
    assert ended.code == 4
    assert "no such header" in ended.out
    assert "exit code 3" in ended.out
    assert "c  failed: no disk" in ended.out


def test_events_are_one_object_a_line_and_the_last_is_the_summary(fleet: Shell) -> None:
    write(fleet, a=unique(fleet, "a", "echo hello"), bad="{ }.x")
    ended = fleet.run("build", "--json")
    told = events(ended)
    assert {each["event"] for each in told} >= {"evaluated", "evaluation_failed", "build_started", "derivation", "log"}
    failed = next(each for each in told if each["event"] == "evaluation_failed")
    assert (failed["host"], failed["reason"], failed["file"], failed["line"]) == (
        "bad",
        "attribute 'x' missing",
        "flake.nix",
        1,
    )
    assert "hello" in [each["text"] for each in told if each["event"] == "log"]
    summary = told[-1]
    assert (summary["event"], summary["outcome"], summary["exit_code"]) == ("summary", "partial", 4)
    assert ended.code == 4
    assert summary["built"] == 1
    replayed = fleet.run("build", "--replay", next(each["record"] for each in told if "record" in each))
    assert replayed.code == 0
    assert "1 built" in replayed.out


def test_a_dry_run_builds_nothing(fleet: Shell) -> None:
    write(fleet, a=unique(fleet, "a"))
    ended = fleet.run("build", "--dry-run")
    assert ended.code == 0
    (command,) = [line for line in ended.out.splitlines() if "$ nix" in line]
    assert " build /nix/store/" in command
    assert " will be built:" in ended.out
    assert any(line.strip().endswith("-nixos-system-a.drv") for line in ended.out.splitlines())
    assert not (fleet.directory.parent / "home" / "state" / "nixtui" / "builds").exists()


def test_only_what_failed_is_tried_again(fleet: Shell) -> None:
    write(fleet, a=unique(fleet, "a", "exit 1"), b=unique(fleet, "b"))
    first = events(fleet.run("build", "--keep-going", "--json"))[-1]
    write(fleet, a=unique(fleet, "a"), b=unique(fleet, "b"))
    ended = fleet.run("build", "--retry", first["operation"], "--json")
    assert [each["name"] for each in events(ended)[-1]["hosts"]] == ["a"]
    assert ended.code == 0
    history = json.loads(fleet.run("build", "--history", "--json").out)
    assert [each["outcome"] for each in history] == ["committed", "partial"]
    assert all(Path(each["record"]).exists() for each in history)
    assert fleet.run("build", "--retry", "nothing").code == 2


def test_without_nix_one_sentence(fleet: Shell) -> None:
    fleet.configure("[hosts.a]\n")
    write(fleet, a=system("a"))
    fleet.environ["PATH"] = "/nowhere"
    ended = fleet.run("build", "a")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("nixtui: there is no nix command")
    assert len(ended.err.splitlines()) == 1


def test_without_a_flake_one_sentence(fleet: Shell) -> None:
    fleet.configure("[hosts.a]\n")
    ended = fleet.run("build", "a")
    assert ended.code == 2
    assert "no flake.nix" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_name_that_the_flake_does_not_have(fleet: Shell) -> None:
    fleet.configure("[hosts.web1]\n")
    write(fleet, **{"web-1": system("w")})
    ended = fleet.run("build", "web1")
    assert ended.code == 1
    assert "there is no web1 in nixosConfigurations of the flake" in ended.err
    assert "did you mean web-1?" in ended.err


def test_ctrl_c_stops_the_builder(fleet: Shell) -> None:
    pid = fleet.directory / "builder"
    write(fleet, a=system("a", f"echo $$ >{pid}; sleep 1000"))
    process = fleet.start("build", "a")
    until_written(pid)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "cancelled" in out
    assert not is_running(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_evaluation_leaves_no_process(fleet: Shell, number: int) -> None:
    write(fleet, a=system("a"))
    pid = fleet.directory / "evaluation"
    programs = fleet.directory / "programs"
    programs.mkdir()
    (programs / "nix").write_text(f"#!/bin/sh\necho $$ >{pid}\nexec sleep 1000\n")
    (programs / "nix").chmod(0o755)
    fleet.environ["PATH"] = f"{programs}:{fleet.environ['PATH']}"
    process = fleet.start("build", "a")
    until_written(pid)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert not is_running(pid)


def test_killed_in_the_middle_it_is_shown_as_cut_off_with_its_log(fleet: Shell) -> None:
    pid = fleet.directory / "builder"
    write(fleet, a=system("a", f"echo seen before the end; echo $$ >{pid}; sleep 1000"))
    process = fleet.start("build", "a")
    builder = until_written(pid)
    until_recorded(fleet, "seen before the end")
    process.kill()
    process.communicate()
    try:
        ended = fleet.run("build", "--history", "--json")
        (entry,) = json.loads(ended.out)
        assert "was cut off" in ended.err
        assert f"nixtui build --replay {entry['record']}" in ended.err
        assert entry["outcome"] == "unknown"
        assert "seen before the end" in Path(entry["record"]).read_text()
        replayed = fleet.run("build", "--replay", entry["record"], "--json")
        assert json.loads(replayed.out)["cut_off"] == 1
    finally:
        if is_running(pid):
            os.kill(builder, signal.SIGKILL)


def test_a_second_plan_for_twenty_hosts_evaluates_nothing(fleet: Shell) -> None:
    names = [f"h{number:02}" for number in range(20)]
    write(fleet, **{name: unique(fleet, name) for name in names})
    git(fleet.directory, "init", "-q")
    git(fleet.directory, "add", "flake.nix")
    git(fleet.directory, "commit", "-qm", "x")
    fleet.configure("".join(f"[hosts.{name}]\nflake_attr = '{name}'\n" for name in names))
    real = subprocess.run(["sh", "-c", "command -v nix"], capture_output=True, text=True, check=True).stdout.strip()
    programs = fleet.directory / "programs"
    programs.mkdir()
    (programs / "nix").write_text(f'#!/bin/sh\necho "$3" >>{fleet.directory}/asked\nexec {real} "$@"\n')
    (programs / "nix").chmod(0o755)
    fleet.environ["PATH"] = f"{programs}:{fleet.environ['PATH']}"
    asked = fleet.directory / "asked"
    first = fleet.run("build", "--dry-run", *names)
    assert asked.read_text().split().count("eval") >= 20
    assert fleet.run("build", "--dry-run").code == 0  # now the names are remembered as well
    asked.write_text("")
    second = fleet.run("build", "--dry-run")
    assert "eval" not in asked.read_text()
    assert (second.code, second.out) == (0, first.out)
