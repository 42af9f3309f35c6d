"""The whole fleet: there at once, as different as real hosts are, and gone without a trace."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import nixtui.demo
from nixtui.config.paths import state_dir
from nixtui.demo import demo_fleet
from nixtui.demo.story import CAST, Door
from nixtui.model.closure import Change, diff
from nixtui.model.status import HostFacts
from nixtui.operations.journal import Journal
from nixtui.operations.report import Outcome
from nixtui.remote.closures import closure
from nixtui.remote.errors import HostKeyUnknown, Unreachable
from nixtui.remote.generations import generations
from nixtui.remote.preview import preview
from nixtui.remote.probe import read_facts
from tests.demo.conftest import Start, is_clean, processes_of
from tests.demo.operator import Operator
from tests.demo.waiting import until, until_true

EVERYBODY = tuple(who.name for who in CAST)
REACHABLE = tuple(who.name for who in CAST if who.door is Door.OPEN)


async def facts_of(operator: Operator, name: str) -> HostFacts:
    async with operator.at(name) as transport:
        return await read_facts(transport)


def test_two_dozen_hosts_in_three_environments_with_tags_to_tell_them_apart() -> None:
    assert len(CAST) == len({who.name for who in CAST}) == 24
    assert {who.environment for who in CAST} == {"prod", "staging", "archive"}
    assert len({who.tags["region"] for who in CAST}) >= 3 and len({who.role for who in CAST}) >= 6
    assert all(who.tags["zone"].startswith(who.tags["region"]) for who in CAST)


async def test_every_host_answers_every_question(start: Start) -> None:
    async with start(*EVERYBODY) as operator, asyncio.TaskGroup() as asking:
        for name in REACHABLE:
            asking.create_task(answers_everything(operator, name))


async def answers_everything(operator: Operator, name: str) -> None:
    async with operator.at(name) as transport:
        facts = await read_facts(transport)
        known = await generations(transport, elevated=True)
        newest, older = known.items[0], known.items[1]
        change = diff(await closure(transport, older.path), await closure(transport, newest.path))
        seen = await preview(transport, older.path)
    unknown = {key for key in facts.__struct_fields__ if getattr(facts, key) is None}
    optional = {"reboot_reason", "failed_at", "lock", "lock_deadline", "configuration_revision", "secrets_generation"}
    optional |= {"profile_wraps"}  # the demo has no generation of deploy-rs
    assert unknown <= optional, name
    assert facts.generation == newest.number and facts.generations == len(known.items) >= 3
    assert newest.profile and newest.boot_default and all(each.path_exists for each in known.items)
    assert all(each.kernel and each.nixos_version and each.configuration_revision for each in known.items)
    assert change.counts[Change.UPGRADED] and 1 < change.bytes_after / 2**30 < 4
    assert seen.is_complete or (name, seen.exit_code) == ("build-1", 11)


async def test_it_shows_what_can_be_wrong_with_a_fleet(start: Start) -> None:
    async with start(*EVERYBODY) as operator:
        facts = {name: await facts_of(operator, name) for name in REACHABLE}
    boot = {name: each.disk("/boot") for name, each in facts.items()}
    drifting = {name for name, each in facts.items() if each.current_system != each.profile_system}
    assert {name for name, each in facts.items() if each.failed_units} == {"web-2", "web-4", "web-6", "db-2"}
    assert {name for name, each in facts.items() if each.reboot_needed} == {"db-2"}
    assert facts["db-2"].reboot_reason == "kernel 6.12.51 → 6.12.58"
    assert drifting == {"web-5"}
    assert {name for name, each in facts.items() if each.lock} == {"build-1"}
    assert {name for name, disk in boot.items() if disk and disk.used_fraction > 0.9} == {"cache-1"}


async def test_one_host_is_down_and_one_is_a_stranger(start: Start) -> None:
    async with start(*EVERYBODY) as operator:
        with pytest.raises(Unreachable, match="refuses connections"):
            await facts_of(operator, "cache-2")
        with pytest.raises(HostKeyUnknown, match="ssh -o StrictHostKeyChecking=ask"):
            await facts_of(operator, "stage-web-2")


async def test_the_bad_deploy_was_minutes_ago_and_went_wrong_later(start: Start) -> None:
    async with start("web-2") as operator:
        facts = await facts_of(operator, "web-2")
        status = (await operator.run("web-2", "systemctl status nginx")).stdout
    assert facts.switched_at is not None and 8 * 60 < time.time() - facts.switched_at < 10 * 60
    assert "worker process 2211 exited on signal 11" in status
    assert status.index("Started Nginx") < status.index("exited on signal 11")


async def test_the_journal_tells_what_was_done_before(start: Start, tmp_path: Path) -> None:
    async with (
        start(*EVERYBODY) as operator,
        Journal(state_dir(operator.fleet.environ), operator="me", origin="here", token="test") as journal,
    ):
        entries = await journal.entries()
        newest = entries[0]
        assert newest.report is not None
        outcomes = {each.name: each.outcome for each in newest.report.targets}
        assert (newest.kind, newest.operator, newest.outcome) == ("deploy", "ops-2", Outcome.PARTIAL)
        assert {name for name, each in outcomes.items() if each is Outcome.COMMITTED} == {"web-2", "web-4", "web-6"}
        assert [each.outcome for each in entries if each.kind == "rollback"] == [Outcome.REVERTED]
        assert not await journal.cut_off()
        assert all(each.finished_at and each.finished_at < time.time() for each in entries)


async def test_the_users_own_files_are_left_alone(start: Start) -> None:
    async with start("web-1") as operator:
        fleet = operator.fleet
        assert {"XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"} <= fleet.environ.keys()
        folders = {name: value for name, value in fleet.environ.items() if name.startswith("XDG_")}
        assert all(value.startswith(str(fleet.directory)) for value in folders.values())
        assert fleet.environ["PATH"].startswith(f"{fleet.directory}/")
        assert fleet.environ["NIX_REMOTE"] == f"local?root={fleet.directory}/operator"
        assert (fleet.directory / "id_ed25519").stat().st_mode & 0o777 == 0o600
        assert fleet.directory.stat().st_mode & 0o777 == 0o700


async def test_a_unit_fails_while_one_looks_and_a_restart_mends_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"shop-worker.service": "fails 1 killed by the OOM killer"}
    hasty = [replace(who, goes_wrong=broken) if who.goes_wrong else who for who in CAST]
    monkeypatch.setattr("tests.demo.conftest.CAST", hasty)

    async def failed() -> bool:
        return (await facts_of(operator, "app-2")).failed_units == ("shop-worker.service",)

    async with start("app-2") as operator:
        await until(failed)
        assert "OOM killer" in (await operator.run("app-2", "journalctl -u shop-worker.service -n 20")).stdout
        await operator.run("app-2", "systemctl start shop-worker.service")
        assert (await facts_of(operator, "app-2")).failed_units == ()


async def test_life_goes_on(start: Start) -> None:
    async with start("build-1", "web-1") as operator:
        root = operator.fleet.hosts["build-1"].root
        files = [root.at(f"/proc/{name}") for name in ("uptime", "loadavg", "meminfo", "disks")]
        before = [file.read_text() for file in files]
        await until_true(lambda: not {file.read_text() for file in files} & set(before))


async def shape(seed: int, base: Path) -> dict[str, str]:
    """Everything on a fleet's disk that is no key, no port and no moment."""
    environ = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(base)}
    async with demo_fleet(seed=seed, environ=environ, clock=lambda: 1_795_000_000.0) as fleet:
        found = {}
        for file in sorted((fleet.directory / "hosts").rglob("*")):
            name = str(file.relative_to(fleet.directory))
            if file.is_symlink():
                found[name] = str(file.readlink()).replace(str(fleet.directory), "")
            elif file.is_file() and "/run/" not in name and file.suffix != ".pub" and file.stat().st_size < 2**20:
                found[name] = file.read_text()
        return found


async def test_a_seed_gives_the_same_fleet_again_and_another_seed_another(base: Path) -> None:
    first, again, other = [await shape(seed, base) for seed in (7, 7, 8)]
    assert first == again
    assert first != other


_STORY = ("name", "environment", "tags", "state", "generation", "generations", "configuration_revision", "kernel",
          "reboot_needed", "reboot_reason", "failed_units", "locked_by", "boot_id")  # fmt: skip


def story(seed: int, folder: Path) -> list[dict[str, object]]:
    """What `status --json` says of a demo, but for moments, ports and what wanders about."""
    (folder / "run").mkdir(exist_ok=True)
    environ = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}
    words = ["nixtui", "demo", "--seed", str(seed), "--", "status", "--json"]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, env=environ, text=True)
    assert done.returncode == 4, "partly: one host is down, and one is a stranger"
    hosts = json.loads(done.stdout)
    commits: dict[object, int] = {}  # ids of commits have their moments in them: which hosts have the same one is told
    for host in hosts:
        host["configuration_revision"] = commits.setdefault(host["configuration_revision"], len(commits))
    return [{key: host[key] for key in _STORY} for host in hosts]


def test_a_seed_tells_the_same_story_again(tmp_path: Path) -> None:
    first = story(5, tmp_path)
    assert story(5, tmp_path) == first
    assert story(6, tmp_path) != first
    assert sum(bool(host["failed_units"]) for host in first) == 4


async def test_an_error_of_whoever_uses_it_comes_out_as_it_is(start: Start) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with start("web-1"):
            raise LookupError("mine")


ASK = Path(nixtui.demo.__file__).with_name("bin") / "ask.sh"

ON_ITS_OWN = """
import asyncio
from nixtui.demo import demo_fleet
async def main():
    async with demo_fleet() as fleet:
        print(fleet.directory, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def on_its_own(base: Path, number: int) -> tuple[Path, int]:
    """A demo in a process of its own, ended by a signal: its directory and how the process ended."""
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(base)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ON_ITS_OWN, stdout=asyncio.subprocess.PIPE, env=environ
    )
    assert process.stdout
    directory = Path((await process.stdout.readline()).decode().strip())
    process.send_signal(number)
    return directory, await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_asked_to_end_it_leaves_nothing(base: Path, number: int) -> None:
    _, status = await on_its_own(base, number)
    assert status == -number
    assert is_clean(base)


async def test_killed_its_hosts_end_by_themselves_and_the_next_one_clears_up(base: Path, start: Start) -> None:
    directory, _ = await on_its_own(base, signal.SIGKILL)
    await until_true(lambda: only_who_asks_is_left(directory))
    assert is_there(directory)
    async with start("web-1"):
        assert not is_there(directory)
        await until_true(lambda: not processes_of(directory))


def only_who_asks_is_left(directory: Path) -> bool:
    """Who asked the service manager at that very moment waits for the next demo, with its callers and helpers."""
    left = processes_of(directory)
    asking = {int(box.suffix[1:]) for box in directory.rglob("box.*") if box.is_fifo()}
    return all(asking & set(lineage(pid)) or any(pid in lineage(each) for each in asking) for pid in left)


def lineage(pid: int) -> list[int]:
    """A process and those it descends from, as far as they are there."""
    found = []
    while pid > 1:
        found.append(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found


async def test_who_asks_a_service_manager_that_is_killed_just_then_is_ended_by_the_next(
    base: Path, start: Start
) -> None:
    left = base / "nixtui-demo-left"
    (left / "web-1/run/systemd").mkdir(parents=True)
    (left / "alive").touch()
    (left / "web-1/run/systemd/pid").write_text(f"{os.getpid()}\n")  # there, and never answers
    os.mkfifo(left / "web-1/run/systemd/private")
    script = f"NIXTUI_ROOT={left}/web-1; . {ASK}; ask show"
    asking = await asyncio.create_subprocess_exec("sh", "-c", script)
    await until_true(lambda: any(left.rglob("box.*.words")))
    async with start("web-1"):
        assert await asyncio.wait_for(asking.wait(), 10) == 1
        assert not left.exists()


def is_there(directory: Path) -> bool:
    return directory.exists()
