"""nix-eval-jobs, by a program that speaks as it does: it is not packaged where these tests run.

What the real one prints was recorded: version 2.33.0 with Nix 2.33.6, the command of `argv`, eleven names that were
asked for. One has a string in place of a derivation, and one is missing: of both it says nothing.
"""

import asyncio
from pathlib import Path

import pytest

from nixtui.model.system import System
from nixtui.nix import eval_jobs
from nixtui.nix.errors import NixError, NixTimedOut
from nixtui.nix.flake import Flake
from nixtui.nix.systems import Evaluation
from nixtui.nix.trace import EvaluationFailed
from nixtui.nix.wanted import Wanted
from tests.nix.flakes import stand_in
from tests.nix.test_process import is_running, is_written, until

DRV = "/nix/store/00000000000000000000000000000000-"
GOOD = f'{{"attr":"a","attrPath":["a"],"drvPath":"{DRV}a.drv","name":"a","outputs":{{"out":"{DRV}a"}}}}'
BAD = r'{"attr":"bad","attrPath":["bad"],"error":"error:\n … x\n error: no disk\n at /x/y.nix:3:4:"}'


RECORDED = Path(__file__).parent / "nix-eval-jobs-2.33.0.jsonl"


def program(
    tmp_path: Path, jobs: str, nix: str = 'echo "nix $*" >>"$HERE/asked"; echo "error: not asked" >&2; exit 1'
) -> Flake:
    environ = stand_in(tmp_path, nix)
    script = tmp_path / "programs" / "nix-eval-jobs"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = --help ]; then echo "--select"; exit; fi\necho "$@" >>"$HERE/asked"\n{jobs}'
    )
    script.chmod(0o755)
    return Flake(".", directory=tmp_path, environ=environ)


def wanted(*names: str) -> list[Wanted]:
    return [Wanted(name, name) for name in names]


def test_the_exact_command(tmp_path: Path) -> None:
    flake = program(tmp_path, "")
    path = "config.system.build.toplevel"
    assert eval_jobs.argv(flake, "nixosConfigurations", path, ["a", "b.c"], 3, 2000) == (
        "nix-eval-jobs",
        *("--extra-experimental-features", "nix-command flakes"),
        *("--flake", ".#nixosConfigurations"),
        "--select",
        f"set: builtins.mapAttrs (name: value: value.{path}) "
        '(builtins.intersectAttrs { "a" = null; "b.c" = null; } set)',
        *("--workers", "2"),  # no more than there are hosts
        *("--max-memory-size", "2000"),
        "--show-trace",
    )


async def test_one_process_for_all_and_a_bad_host_keeps_no_other_from_its_system(tmp_path: Path) -> None:
    flake = program(tmp_path, f"printf '%s\\n' noise '{BAD}' '{GOOD}'")
    found = await Evaluation(flake, at_once=2).run(wanted("a", "bad", "gone"))
    assert found["a"] == System("a", f".#{wanted('a')[0].attribute}", f"{DRV}a.drv", f"{DRV}a")
    bad = found["bad"]
    assert isinstance(bad, EvaluationFailed)
    assert (bad.reason, str(bad.position)) == ("no disk", "/x/y.nix:3:4")
    assert isinstance(found["gone"], NixError)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert sum("--select" in line for line in asked) == 1
    assert not any("nix eval" in line and '."a".' in line for line in asked)  # only who got no answer is asked again
    assert any('."gone".' in line for line in asked)


async def test_where_it_dies_each_host_is_asked_by_itself(tmp_path: Path) -> None:
    nix = f"""echo '{{"drv": "{DRV}x.drv", "out": null}}'"""
    found = await Evaluation(program(tmp_path, "kill -9 $$", nix), at_once=2).run(wanted("a", "b", "c"))
    assert all(isinstance(each, System) for each in found.values())


async def test_for_few_hosts_it_is_not_started(tmp_path: Path) -> None:
    await Evaluation(program(tmp_path, "exit 1"), at_once=2).run(wanted("a", "b"))
    assert "--select" not in (tmp_path / "asked").read_text()


async def test_cancelled_it_is_gone(tmp_path: Path) -> None:
    flake = program(tmp_path, 'echo $$ >"$HERE/pid"; exec sleep 1000')
    running = asyncio.create_task(Evaluation(flake, at_once=2).run(wanted("a", "b", "c")))
    await until(lambda: is_written(tmp_path / "pid"))
    running.cancel()
    await asyncio.wait((running,))
    await until(lambda: not is_running(tmp_path / "pid"))


async def test_names_that_it_cannot_find_are_asked_otherwise(tmp_path: Path) -> None:
    flake = program(tmp_path, "")
    await Evaluation(flake, at_once=2).run(wanted("a", "7", "b.c", 'q"'))
    (command,) = (line for line in (tmp_path / "asked").read_text().splitlines() if "--select" in line)
    assert '{ "a" = null; "b.c" = null; }' in command


async def test_hosts_of_one_name_are_asked_for_once(tmp_path: Path) -> None:
    flake = program(tmp_path, f"printf '%s\\n' '{GOOD}'")
    found = await Evaluation(flake, at_once=2).run([Wanted(host, "a") for host in ("x", "y", "z")])
    assert {each.drv_path for each in found.values() if isinstance(each, System)} == {f"{DRV}a.drv"}
    assert len(found) == 3
    assert len((tmp_path / "asked").read_text().splitlines()) == 1


async def test_the_time_limit_is_for_one_host_not_for_all(tmp_path: Path) -> None:
    slowly = "".join(f"sleep 0.7; printf '%s\\n' '{GOOD}'; " for _ in range(4))
    flake = program(tmp_path, slowly)
    flake.time_limit = 2.5
    assert len([name async for name, _ in eval_jobs.evaluate_jobs(flake, "x", "", ["a"], 1, 1024)]) == 4
    flake = program(tmp_path, "exec sleep 1000")
    flake.time_limit = 0.2
    with pytest.raises(NixTimedOut):
        await anext(eval_jobs.evaluate_jobs(flake, "x", "", ["a"], 1, 1024))


async def test_what_the_real_one_says(tmp_path: Path) -> None:
    names = ("web", "db.eu", "disk", "again", "lacks", "foreign", "text", "deep", "7", 'q"', "gone")
    flake = program(tmp_path, f"cat {RECORDED}")
    found = await Evaluation(flake, at_once=2).run(wanted(*names))
    web, db = found["web"], found["db.eu"]
    assert isinstance(web, System)
    assert web.drv_path == "/nix/store/5hwr4h3czshsx49xyqad4jz3yk5a7ikp-web.drv"
    assert web.out_path == "/nix/store/7p6c7chfjsg5rnmkc3lndx31f2xzbj1a-web"
    assert isinstance(db, System)
    assert db.out_path == "/nix/store/gx4andwlzzv772445sk0pfdqjyvmpfb0-db"
    deep = found["deep"]
    assert isinstance(deep, EvaluationFailed)
    reasons = {name: each.reason for name, each in found.items() if isinstance(each, EvaluationFailed)}
    assert (reasons["disk"], reasons["again"]) == ("no disk", "infinite recursion encountered")
    assert reasons["deep"] == "deep down"
    assert "at 5" in "\n".join(deep.trace)
    asked = [
        line for line in (tmp_path / "asked").read_text().splitlines() if line.startswith("nix ") and "toplevel" in line
    ]
    again = {name for name in names if any(f'."{name}".' in line for line in asked)}
    assert again >= {"lacks", "foreign", "text", "7", "gone"}  # nix itself may know more, or says it better
    assert again.isdisjoint({"web", "db.eu", "disk", "again", "deep"})
