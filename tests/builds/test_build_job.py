"""The build operation, with the real nix: what it builds, tells, records, and leaves behind when it is stopped."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from nixtui.builds.building import Building
from nixtui.builds.history import BuildHistory
from nixtui.builds.job import BuildRequest, prepare_build
from nixtui.builds.record import Record, folder_of, prune
from nixtui.builds.tree import BuildTree
from nixtui.model.system import System
from nixtui.nix.build_place import BuildOptions, BuildPlace
from nixtui.nix.errors import NixFailed
from nixtui.nix.internal_json import parse
from nixtui.nix.systems import Evaluation
from nixtui.nix.version import nix_version
from nixtui.nix.wanted import Wanted
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation
from nixtui.operations.policy import Answer, Consent, Policy, Refused
from nixtui.operations.report import Outcome, Report
from tests.nix.systems_flake import cached_flake, nix_environ, system
from tests.nix.test_process import is_running, is_written, until
from tests.operations.full_disk import may_mount, small_disk

HERE, PLAIN = BuildPlace(), BuildOptions()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with Journal(tmp_path / "state", operator="me", origin="here", token="t") as opened:
        yield opened


async def requested(
    tmp_path: Path,
    systems: Mapping[str, str],
    place: BuildPlace = HERE,
    options: BuildOptions = PLAIN,
    stall_limit: float = 60,
) -> BuildRequest:
    flake = cached_flake(tmp_path, systems)
    found = await Evaluation(flake, at_once=2).run([Wanted(name, name) for name in systems])
    return BuildRequest(
        systems=found,
        places=dict.fromkeys(systems, place),
        options=options,
        version=await nix_version(flake.directory, flake.environ),
        directory=flake.directory,
        environ=flake.environ,
        state=tmp_path / "state",
        stall_limit=stall_limit,
    )


async def built(request: BuildRequest, journal: Journal, seen: Callable[[Building], None] = lambda _: None) -> Report:
    prepared = prepare_build(request, "op", seen)
    return await Operation("op", prepared.plan, prepared.job).run(None, Policy(), journal)


def outcomes(report: Report) -> dict[str, Outcome]:
    return {each.name: each.outcome for each in report.targets}


def unique(tmp_path: Path, script: str = "true") -> str:
    """Never built before, whatever the store of this machine has."""
    return f"{script}; : {tmp_path}"


async def test_systems_are_built_and_the_second_time_they_are_there(tmp_path: Path, journal: Journal) -> None:
    request = await requested(tmp_path, {name: system(name, unique(tmp_path)) for name in ("a", "b")})
    report = await built(request, journal)
    assert outcomes(report) == {"a": Outcome.COMMITTED, "b": Outcome.COMMITTED}
    for each in request.systems.values():
        assert isinstance(each, System)
        assert each.out_path is not None
        assert Path(each.out_path).read_text() == "ok\n"  # noqa: ASYNC240 - a test may wait for a disk
    prepared = prepare_build(request, "again")
    again = await Operation("again", prepared.plan, prepared.job).run(None, Policy(), journal)
    assert outcomes(again) == {"a": Outcome.UNCHANGED, "b": Outcome.UNCHANGED}


async def test_how_long_it_took_is_known_the_next_time(tmp_path: Path, journal: Journal) -> None:
    await built(await requested(tmp_path, {"a": system("slow-one", unique(tmp_path, "sleep 1"))}), journal)
    typical = await BuildHistory(tmp_path / "state").typical()
    (seconds,) = [each for (package, machine), each in typical.items() if "slow-one" in package and machine == ""]
    assert 0.5 <= seconds < 60


async def test_what_fails_is_told_by_host_and_with_keep_going_the_others_are_built(
    tmp_path: Path, journal: Journal
) -> None:
    broken = system("bad", unique(tmp_path, "echo no such header >&2; exit 3"))
    good = system("good", unique(tmp_path, "sleep 0.5"))
    request = await requested(
        tmp_path,
        {"bad": broken, "good": good, "worse": "throw ''nothing''"},
        options=BuildOptions(keep_going=True, more=(("max-jobs", "1"),)),
    )
    report = await built(request, journal)
    assert outcomes(report) == {"bad": Outcome.FAILED, "good": Outcome.COMMITTED, "worse": Outcome.FAILED}
    bad, _, worse = report.targets
    assert bad.detail == "nixos-system-bad failed: exit code 3"
    assert "no such header" in bad.log
    assert worse.detail == "nothing"
    assert report.outcome is Outcome.PARTIAL


async def test_a_hash_mismatch_shows_the_new_hash_to_copy(tmp_path: Path, journal: Journal) -> None:
    wrong = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    text = system("fixed", unique(tmp_path)).replace("derivation {", f'derivation {{ outputHash = "{wrong}"; ')
    request = await requested(tmp_path, {"a": text})
    (target,) = (await built(request, journal)).targets
    assert target.outcome is Outcome.FAILED
    assert target.detail is not None
    assert "hash mismatch, got sha256-" in target.detail
    assert target.remedy is not None
    assert wrong in target.remedy


async def test_a_record_can_be_replayed_to_the_same_end(tmp_path: Path, journal: Journal) -> None:
    trees: list[BuildTree] = []
    request = await requested(tmp_path, {"a": system("a", unique(tmp_path))})
    await built(request, journal, lambda building: trees.append(building.tree))
    replayed = BuildTree()
    for line in (folder_of(request.state, "op") / "stream.json").read_bytes().splitlines():
        replayed.apply(parse(line), 0.0)
    replayed.finish(None, 0.0)
    assert {path: each.state for path, each in replayed.derivations.items()} == {
        path: each.state for path, each in trees[0].derivations.items()
    }


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """An environment in which a nix-daemon builds, of this test alone."""
    where = {"NIX_DAEMON_SOCKET_PATH": str(tmp_path / "socket")}
    own = {name: value for name, value in nix_environ(tmp_path).items() if name != "NIX_REMOTE"}
    process = await asyncio.create_subprocess_exec(
        "nix-daemon", env={**own, **where}, stderr=asyncio.subprocess.DEVNULL
    )
    await until((tmp_path / "socket").exists)
    yield {**where, "NIX_REMOTE": "daemon"}
    process.terminate()
    await process.wait()


async def test_cancelled_no_builder_of_a_daemon_is_left(
    tmp_path: Path, journal: Journal, daemon: dict[str, str]
) -> None:
    pid = tmp_path / "builder"
    request = await requested(tmp_path, {"a": system("a", f"echo $$ >{pid}; sleep 1000")})
    prepared = prepare_build(replace(request, environ={**request.environ, **daemon}), "op")
    operation = Operation("op", prepared.plan, prepared.job)
    running = asyncio.create_task(operation.run(None, Policy(), journal))
    await until(lambda: is_written(pid))
    operation.cancel()
    assert (await running).interrupted
    await until(lambda: not is_running(pid))  # the daemon notices that nobody wants it any more


async def test_cancelled_no_builder_is_left(tmp_path: Path, journal: Journal) -> None:
    """The builder ignores what it can, and has a child."""
    pids = [tmp_path / "builder", tmp_path / "child"]
    script = f"trap '' TERM INT HUP; sleep 1000 & echo $! >{pids[1]}; echo $$ >{pids[0]}; wait; sleep 1000"
    request = await requested(tmp_path, {"a": system("a", script)})
    prepared = prepare_build(request, "op")
    operation = Operation("op", prepared.plan, prepared.job)
    running = asyncio.create_task(operation.run(None, Policy(), journal))
    await until(lambda: all(map(is_written, pids)))
    operation.cancel()
    report = await running
    assert report.interrupted
    assert report.targets[0].detail is not None
    assert "cancelled" in report.targets[0].detail
    assert not any(map(is_running, pids))


async def test_a_substituter_that_never_answers_is_given_up_with_a_sentence(tmp_path: Path, journal: Journal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        text = system("a", unique(tmp_path))
        request = await requested(tmp_path, {"a": text}, options=BuildOptions(substituters=url), stall_limit=1)
        (target,) = (await built(request, journal)).targets
    assert target.outcome is Outcome.FAILED
    assert target.detail is not None
    assert target.detail.endswith("for 1 s, and the build was stopped")
    assert target.remedy is not None


async def test_copied_on_into_a_binary_cache(tmp_path: Path, journal: Journal) -> None:
    cache = tmp_path / "binary-cache"
    request = await requested(tmp_path, {"a": system("a", unique(tmp_path))}, BuildPlace(push_to=f"file://{cache}"))
    prepared = prepare_build(request, "op")
    assert not prepared.plan.read_only  # it writes elsewhere, so somebody has to say yes
    run = Operation("op", prepared.plan, prepared.job)
    with pytest.raises(Refused):
        await run.run(None, Policy(), journal)
    again = prepare_build(request, "op2")
    run = Operation("op2", again.plan, again.job)
    assert (await run.run(Consent(Answer.KEY), Policy(), journal)).outcome is Outcome.COMMITTED
    assert list(cache.glob("*.narinfo"))


async def test_a_host_that_could_not_be_evaluated_has_its_reason_in_the_plan(tmp_path: Path) -> None:
    request = await requested(tmp_path, {"a": system("a")})
    request = BuildRequest(
        systems={**request.systems, "b": NixFailed("no disk", "buy one")},
        places={**request.places, "b": BuildPlace()},
        options=request.options,
        version=request.version,
        directory=request.directory,
        environ=request.environ,
        state=request.state,
    )
    plan = prepare_build(request, "op").plan
    assert [(row.name, row.refused, row.remedy) for row in plan.targets] == [
        ("a", None, None),
        ("b", "no disk", "buy one"),
    ]


@pytest.mark.skipif(not may_mount(), reason="mounting is not allowed here")
def test_a_full_disk_ends_the_record_with_a_word_and_not_the_build(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        record = Record(disk.directory / "op")
        disk.fill()
        for _ in range(10):
            record.take((b"x" * 4096,))
        assert record.trouble is not None
        assert record.trouble.endswith("No space left on device")


@pytest.mark.skipif(not may_mount(), reason="mounting is not allowed here")
async def test_a_cache_on_a_full_disk_is_told_with_the_reason(tmp_path: Path, journal: Journal) -> None:
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        place = BuildPlace(push_to=f"file://{disk.directory}/cache")
        request = await requested(tmp_path, {"a": system("a", unique(tmp_path))}, place)
        prepared = prepare_build(request, "op")
        run = Operation("op", prepared.plan, prepared.job)
        (target,) = (await run.run(Consent(Answer.KEY), Policy(), journal)).targets
    assert target.outcome is Outcome.FAILED
    assert target.detail is not None
    assert "No space left on device" in target.detail
    assert target.remedy == "free some space: nix-collect-garbage"


def test_a_record_is_bounded(tmp_path: Path) -> None:
    record = Record(tmp_path, most=10)
    record.take((b"12345",))
    record.take((b"12345",))
    record.take((b"12345",))
    assert record.path.read_bytes() == b"12345\n"
    assert record.trouble is not None


def test_only_the_newest_records_stay(tmp_path: Path) -> None:
    import os

    for number in range(5):
        folder = folder_of(tmp_path, f"op{number}")
        folder.mkdir(parents=True)
        os.utime(folder, (number, number))
    prune(tmp_path, most=2)
    assert sorted(each.name for each in (tmp_path / "builds").iterdir()) == ["op3", "op4"]


@pytest.mark.parametrize("bring_back", [True, False])
async def test_on_another_store_over_ssh(tmp_path: Path, journal: Journal, bring_back: bool) -> None:
    """The other side is this machine's own nix-daemon, behind a program that stands in for ssh."""
    text = system("a", unique(tmp_path))
    request = await requested(tmp_path, {"a": text}, BuildPlace("ssh-ng://builder", bring_back=bring_back))
    programs = tmp_path / "ssh-programs"
    programs.mkdir()
    ssh = programs / "ssh"
    # newer ones ask for a connection to share, and have ssh say on this side that it is through
    newer = 'case "$*" in *"-O check"*) exit 255 ;; *"LocalCommand=echo started"*) echo started ;; esac'
    ssh.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n{newer}\nexec nix-daemon --stdio\n')
    ssh.chmod(0o755)
    environ = {**request.environ, "PATH": f"{programs}:{request.environ['PATH']}"}
    prepared = prepare_build(replace(request, environ=environ), "op")
    titles = [step.title for step in prepared.plan.steps]
    assert titles == ["copy the derivations", "build", *(["copy back"] if bring_back else [])]
    run = Operation("op", prepared.plan, prepared.job)
    report = await run.run(Consent(Answer.KEY), Policy(), journal)
    assert outcomes(report) == {"a": Outcome.COMMITTED}, report
    assert "builder" in (tmp_path / "asked").read_text()
