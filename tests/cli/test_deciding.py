"""What one decides a rollback by on a terminal, and what a plan that leaves hosts out says: on the embedded fleet."""

import asyncio
import os
import pty
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nixtui.cli.foresight import foresee
from nixtui.demo import DemoFleet, demo_fleet
from nixtui.demo.story import CAST
from nixtui.model.target import Previous
from tests.cli.conftest import Ended, Shell
from tests.tui.embedded import embedded

NAMES = ("web-1", "web-2", "web-3", "cache-2", "db-2")
"""The last but one is down; the last was not rebooted since it got a new kernel."""


@pytest.fixture
async def fleet() -> AsyncIterator[DemoFleet]:
    async with demo_fleet(cast=[who for who in CAST if who.name in NAMES], follows_ec2=False) as found:
        yield found


async def nixtui(shell: Shell, fleet: DemoFleet, *words: str) -> Ended:
    shell.environ.update(fleet.environ)
    return await asyncio.to_thread(shell.run, "--config", str(fleet.config_path), *words)


def lock(fleet: DemoFleet, name: str, *, seconds_ago: int) -> Path:
    """Somebody else's operation, as the guard writes it."""
    file: Path = fleet.hosts[name].root.at("/run/nixtui/lock")
    for each in ("8f2a", "ended"):
        (file.parent / each).mkdir(parents=True, exist_ok=True)
    file.write_text(f"operation 8f2a\noperator ada@ops-2\nsince {int(time.time()) - seconds_ago}\nuptime 12\n")
    return file


async def test_the_dry_run_names_both_systems_and_what_would_restart(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "rollback", "web-1", "--dry-run")
    assert ended.code == 0, ended.err
    now, then = (next(line for line in ended.out.splitlines() if line.split()[0] == word) for word in ("now", "then"))
    assert all(word in now and word in then for word in ("NixOS 2", "revision ", "kernel 6", "made ", " ago"))
    assert "will restart: nginx.service" in ended.out
    assert "no reboot needed" in ended.out
    (host,) = (await nixtui(shell, fleet, "rollback", "web-1", "--dry-run", "--json")).json["hosts"]
    assert "will restart: nginx.service" in host["known"]


async def test_going_back_to_the_kernel_of_the_boot_needs_no_reboot(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "rollback", "db-2", "--dry-run")
    now, then = (next(line for line in ended.out.splitlines() if line.split()[0] == word) for word in ("now", "then"))
    assert "kernel 6.12.58" in now and "kernel 6.12.51" in then
    assert "no reboot needed" in ended.out and "only after a reboot" not in ended.out


async def test_on_a_terminal_all_of_it_is_there_before_the_question(shell: Shell, fleet: DemoFleet) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "nixtui", "--config", str(fleet.config_path), "rollback", "web-1", "--json"]
    process = subprocess.Popen(  # noqa: ASYNC220 - it has begun when this returns
        words,
        cwd=shell.directory,
        env={**shell.environ, **fleet.environ},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, b"something else\n")
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    os.close(ours)
    os.close(theirs)
    shown = err[: max(err.find("Type web-1"), err.find("Go on?"))]
    assert "will restart: nginx.service" in shown
    assert "made " in shown
    assert "$ nix-env --profile" in shown
    assert Ended(process.returncode, out, err).json["outcome"] == "refused"


async def test_a_preview_that_does_not_come_in_time_is_said_to_be_missing() -> None:
    async with embedded("web-1") as (app, _, _):
        assembly = app.session.cockpit._nixtui  # type: ignore[attr-defined] # the live one
        seen = await assembly.ask_generations([app.session.cockpit.fleet.host("web-1")])
        rollback = assembly.plan_rollback(seen, Previous())
        known = await foresee(assembly, rollback, seen, limit=0.0)
        assert "what would restart is not known: the host did not say so within 0 s" in known["web-1"]


async def test_a_known_lock_is_a_refusal_and_never_the_canary(shell: Shell, fleet: DemoFleet) -> None:
    lock(fleet, "web-1", seconds_ago=5)
    ended = await nixtui(shell, fleet, "rollback", "web-1", "web-2", "web-3", "--dry-run", "--json")
    assert ended.code == 4, ended.err
    first, second, third = ended.json["hosts"]
    assert (first["outcome"], first["wave"], second["wave"], third["wave"]) == ("refused", 0, 1, 2)
    assert first["detail"].startswith("locked by ada@ops-2 with operation 8f2a, ")
    assert "--break-lock" in first["remedy"]


async def test_a_lock_that_a_crash_left_refuses_nothing(shell: Shell, fleet: DemoFleet) -> None:
    lock(fleet, "web-1", seconds_ago=3600)
    ended = await nixtui(shell, fleet, "rollback", "web-1", "--dry-run")
    assert (ended.code, "locked" in ended.out) == (0, False), ended.err


@pytest.mark.parametrize(
    ("words", "code"),
    [(["web-1"], 5), (["cache-2"], 3), (["web-1", "web-2"], 4), (["web-2"], 0), (["web-1", "cache-2"], 3)],
)
async def test_a_dry_run_ends_as_the_act_would(shell: Shell, fleet: DemoFleet, words: list[str], code: int) -> None:
    lock(fleet, "web-1", seconds_ago=1)
    ended = await nixtui(shell, fleet, "rollback", *words, "--dry-run")
    assert ended.code == code, ended.out
    assert (await nixtui(shell, fleet, "rollback", *words, "--yes")).code == code


async def test_the_remedy_is_a_field_of_its_own(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "rollback", "cache-2", "--yes", "--json")
    (host,) = ended.json["hosts"]
    assert host["detail"].endswith("refuses connections")
    assert host["remedy"] == "is sshd running there, and is the port right?"


async def test_break_lock_is_foretold_and_reported(shell: Shell, fleet: DemoFleet) -> None:
    file = lock(fleet, "web-1", seconds_ago=2)
    words = ("rollback", "web-1", "cache-2", "--break-lock")
    foretold = await nixtui(shell, fleet, *words, "--dry-run", "--json")
    assert foretold.code == 4, foretold.err
    assert [each["operation"] for each in foretold.json["break_lock"]["hosts"]] == ["8f2a"]
    assert any("locked by ada@ops-2" in each for each in foretold.json["warnings"])
    assert file.exists()
    ended = await nixtui(shell, fleet, *words, "--yes", "--json")
    assert ended.code == 4, ended.err
    assert {each["name"]: each["outcome"] for each in ended.json["hosts"]} == {
        "web-1": "committed",
        "cache-2": "unreachable",
    }
    broken = {each["name"]: each["outcome"] for each in ended.json["break_lock"]["hosts"]}
    assert broken == {"web-1": "done", "cache-2": "unreachable"}
    assert not file.exists()


async def test_a_journal_entry_has_the_hosts_of_the_report(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "rollback", "web-1", "--yes", "--json")
    entry = (await nixtui(shell, fleet, "journal", ended.json["operation"], "--json")).json
    (host,), (told,) = ended.json["hosts"], entry["hosts"]
    assert told == {key: host[key] for key in told}
    assert {"from", "to", "exit_code", "detail", "remedy", "seconds"} <= told.keys()
    assert (entry["cut_off"], entry["outcome"]) == (False, "committed")
    assert None not in entry["events"]


async def test_an_operation_whose_nixtui_died_is_cut_off_in_the_journal(shell: Shell, fleet: DemoFleet) -> None:
    shell.environ.update(fleet.environ)
    process = shell.start("--config", str(fleet.config_path), "rollback", "web-1", "--yes")
    assert process.stderr is not None
    while "testing" not in (line := await asyncio.to_thread(process.stderr.readline)):
        assert line, "it ended before it tested"
    process.kill()
    await asyncio.to_thread(process.communicate)
    entry = (await nixtui(shell, fleet, "journal", "--json")).json[0]
    assert entry["targets"] == ["web-1"]
    assert (entry["outcome"], entry["cut_off"]) == (None, True)
    assert "cut off" in (await nixtui(shell, fleet, "journal")).out


@pytest.mark.parametrize("known", ["", "changed"])
async def test_a_host_key_unknown_or_changed_is_exit_3(shell: Shell, fleet: DemoFleet, known: str) -> None:
    file = fleet.directory / "known_hosts"
    lines = file.read_text().splitlines()
    if known:  # every host with the key of the next
        keys = [line.split(None, 1) for line in lines]
        lines = [f"{name} {keys[at - 1][1]}" for at, (name, _) in enumerate(keys)]
    file.write_text("\n".join(lines if known else []) + "\n")
    ended = await nixtui(shell, fleet, "rollback", "web-1", "--yes", "--json")
    assert ended.code == 3, ended.err
    (host,) = ended.json["hosts"]
    assert host["outcome"] == "unreachable"
    assert "key" in host["detail"] and host["remedy"]
    generations = await nixtui(shell, fleet, "generations", "web-1")
    assert (generations.code, host["remedy"] in generations.err) == (3, True)


async def test_a_moment_that_is_none_is_quoted_as_it_was_written(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "journal", "--since", "nonsense")
    assert (ended.code, '"nonsense" is no moment' in ended.err, "@nonsense" in ended.err) == (2, True, False)


def test_every_exit_status_is_in_the_help(shell: Shell) -> None:
    assert "130 interrupted" in " ".join(shell.run("--help").out.split())


async def test_who_did_not_answer_is_said_where_the_answer_decides(shell: Shell, fleet: DemoFleet) -> None:
    ended = await nixtui(shell, fleet, "run", "is:failed", "--dry-run", "--", "true")
    assert ended.code == 0, ended.err
    assert 'cache-2 did not answer: whether "is:failed" means them is not known' in ended.err
    for host in fleet.hosts.values():
        await host.switch_off()
    ended = await nixtui(shell, fleet, "rollback", "is:failed", "--yes")
    assert ended.code == 3
    assert "did not answer" in ended.err
