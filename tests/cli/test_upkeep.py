"""Units, timers and stores by command, on the embedded fleet."""

import pytest

from tests.cli.conftest import Ended, Shell


def demo(shell: Shell, *words: str) -> Ended:
    return shell.run("demo", "--", *words)


def test_units_failed_first_and_failed_only(shell: Shell) -> None:
    found = demo(shell, "units", "db-2", "--json")
    assert found.code == 0, found.err
    assert found.json[0]["name"] == "borgbackup-job-shop.service" and found.json[0]["failed"]
    assert {"name", "load", "active", "sub", "description", "failed", "result", "since"} <= set(found.json[0])
    only = demo(shell, "units", "db-2", "--failed", "--json").json
    assert [each["name"] for each in only] == ["borgbackup-job-shop.service"]


def test_timers_with_the_backup_that_failed_last_night(shell: Shell) -> None:
    first, *_ = demo(shell, "timers", "db-2", "--json").json
    assert (first["unit"], first["backup"], first["failed"]) == ("borgbackup-job-shop.service", True, True)
    assert first["result"] == "exit-code" and first["last"] and first["next"]
    assert "borgbackup-job-shop" in demo(shell, "timers", "db-2").out


def test_a_unit_is_restarted_and_reported(shell: Shell) -> None:
    ended = demo(shell, "unit", "restart", "nginx", "stage-web-1", "--yes", "--json")
    assert ended.code == 0, ended.err
    (only,) = ended.json["hosts"]
    assert (ended.json["outcome"], only["outcome"], only["exit_code"]) == ("committed", "committed", 0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("unit", "stop", "sshd", "stage-web-1", "--yes"), 5, "--cut-access"),
        (("unit", "restart", "nope", "stage-web-1", "--yes"), 5, "the host has no nope.service"),
        (("unit", "start", "nginx", "stage-web-1", "--yes"), 0, "it is active already"),
        (("unit", "restart", "nginx", "stage-web-1"), 5, "--yes"),
        (("unit", "restart", "nginx; reboot", "stage-web-1", "--yes"), 2, "no name of a unit"),
        (("unit", "restart", "redis-shop", "cache-2", "--yes"), 3, "unreachable"),
        (("store", "gc", "stage-db-1", "--older-than", "soon"), 2, "14d"),
        (("store", "gc", "stage-db-1", "--repair"), 2, "--repair belongs to verify"),
        (("store", "wipe", "stage-db-1"), 2, "gc, optimise and verify"),
        (("store", "gc", "build-1", "--yes"), 5, "is changing this host"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_exit_codes(shell: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    ended = demo(shell, *words)
    assert ended.code == code, ended.err + ended.out
    assert said in ended.err + ended.out


def test_the_plan_of_a_collection_has_its_commands_and_changes_nothing(shell: Shell) -> None:
    plan = demo(shell, "store", "gc", "stage-db-1", "--older-than", "1h", "--dry-run", "--json")
    assert plan.code == 0, plan.err
    commands = [command for step in plan.json["steps"] for command in step["commands"]]
    assert commands[0].startswith("nix-env --profile /nix/var/nix/profiles/system --delete-generations 146")
    assert commands[-1] == "nix-collect-garbage"
    assert any("frees about" in warning for warning in plan.json["hosts"][0]["warnings"])


def test_the_store_and_its_verification(shell: Shell) -> None:
    found = demo(shell, "store", "stage-db-1", "--garbage", "--json").json
    assert found["paths"] > 100 and found["garbage_bytes"] > 0 and found["used"] > 0
    broken = demo(shell, "store", "verify", "cache-1", "--json")
    assert broken.code == 5  # prod wants it typed, and nobody can
