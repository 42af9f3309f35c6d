"""One derivation per host, from a real Nix; remembered while the flake stays the same."""

import subprocess
import time
from pathlib import Path

from nixtui.model.system import System
from nixtui.nix.errors import NixError
from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.flake import Flake, open_flake
from nixtui.nix.outputs import Outputs
from nixtui.nix.systems import Evaluation, whence
from nixtui.nix.trace import EvaluationFailed
from nixtui.nix.wanted import Origin, Wanted
from tests.nix.flakes import write_flake
from tests.nix.systems_flake import cached_flake, git, nix_environ, outputs, system

TWENTY = {f"h{number:02}": system(f"h{number:02}") for number in range(20)}


def is_there(path: str) -> bool:
    return Path(path).exists()


def delete(path: str, flake: Flake) -> None:
    subprocess.run(["nix-store", "--delete", path], check=True, capture_output=True, env=flake.environ)


def committed(tmp_path: Path, systems: dict[str, str]) -> Flake:
    flake = cached_flake(tmp_path, systems)
    git(flake.directory, "init", "-q")
    git(flake.directory, "add", ".")
    git(flake.directory, "commit", "-qm", "x")
    return flake


async def evaluated(flake: Flake, *names: str) -> tuple[dict[str, System | NixError], int]:
    evaluation = Evaluation(flake, at_once=2)
    found = await evaluation.run([Wanted(name, name) for name in names])
    return dict(found), evaluation.remembered


async def test_a_broken_host_keeps_no_other_from_its_system(tmp_path: Path) -> None:
    flake = cached_flake(tmp_path, {"a": system("a"), "bad": "throw ''no disk''", "c.d": system("c")})
    told = []
    found = await Evaluation(flake, lambda host, _: told.append(host)).run(
        [Wanted(name, name) for name in ("bad", "a", "c.d")]
    )
    assert list(found) == ["bad", "a", "c.d"]
    assert sorted(told) == ["a", "bad", "c.d"]
    good = found["a"]
    assert isinstance(good, System)
    assert is_there(good.drv_path)
    assert good.out_path is not None
    assert good.out_path.endswith("-nixos-system-a")
    assert isinstance(found["c.d"], System)
    bad = found["bad"]
    assert isinstance(bad, EvaluationFailed)
    assert bad.reason == "no disk"


async def test_names_are_taken_as_they_are_written(tmp_path: Path) -> None:
    names = ("web.eu", "a b", "7", "$x")
    found, _ = await evaluated(cached_flake(tmp_path, {name: system("x") for name in names}), *names)
    assert all(isinstance(each, System) for each in found.values()), found


async def test_the_second_plan_for_twenty_hosts_comes_within_a_second(tmp_path: Path) -> None:
    flake = committed(tmp_path, TWENTY)
    first, remembered = await evaluated(flake, *TWENTY)
    assert remembered == 0
    began = time.monotonic()
    second, remembered = await evaluated(flake, *TWENTY)
    assert time.monotonic() - began < 1
    assert remembered == 20
    assert second == first


async def test_it_is_evaluated_anew_when_a_tracked_file_changes_committed_or_not(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("a")})
    (before,) = (await evaluated(flake, "a"))[0].values()
    write_flake(flake.directory, outputs({"a": system("a", "echo other")}))
    (dirty,), remembered = (lambda found, count: (found.values(), count))(*await evaluated(flake, "a"))
    assert remembered == 0
    assert dirty != before
    assert (await evaluated(flake, "a"))[1] == 1
    git(flake.directory, "commit", "-qam", "y")
    assert (await evaluated(flake, "a"))[1] == 0  # self.rev is another one


async def test_files_that_git_does_not_know_change_nothing(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("a")})
    await evaluated(flake, "a")
    (flake.directory / "notes").write_text("x")
    assert (await evaluated(flake, "a"))[1] == 1


async def test_a_file_that_git_was_told_not_to_look_at_is_looked_at(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("a")})
    git(flake.directory, "update-index", "--assume-unchanged", "flake.nix")
    await evaluated(flake, "a")
    write_flake(flake.directory, outputs({"a": system("a", "echo unseen")}))
    assert (await evaluated(flake, "a"))[1] == 0


async def test_without_git_nix_says_what_the_flake_is(tmp_path: Path) -> None:
    flake = cached_flake(tmp_path, {"a": system("a")})
    await evaluated(flake, "a")
    assert (await evaluated(flake, "a"))[1] == 1
    write_flake(flake.directory, outputs({"a": system("a", "echo changed")}))
    assert (await evaluated(flake, "a"))[1] == 0


async def test_a_derivation_that_is_gone_from_the_store_is_made_again(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("gone-from-the-store")})
    (found,) = (await evaluated(flake, "a"))[0].values()
    assert isinstance(found, System)
    delete(found.drv_path, flake)
    again, remembered = await evaluated(flake, "a")
    assert remembered == 0
    assert again["a"] == found
    assert is_there(found.drv_path)


async def test_impure_evaluations_are_not_remembered(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("a")})
    await evaluated(flake, "a")
    assert (await evaluated(flake.with_options(("--impure",)), "a"))[1] == 0
    inside = open_flake(
        ".",
        base=flake.directory,
        environ={**flake.environ, "NIX_CONFIG": "pure-eval = false"},
        cache=EvaluationCache(tmp_path / "cache"),
    )
    assert (await evaluated(inside, "a"))[1] == 0
    assert await inside.state() is None


async def test_nor_is_what_depends_on_an_input_without_a_lock(tmp_path: Path) -> None:
    write_flake(tmp_path / "input", "{ word = ''one''; }")
    flake = cached_flake(tmp_path, {})
    text = f'{{ inputs.x.url = "path:{tmp_path}/input"; outputs = {{ self, x }}: {{ word = x.word; }}; }}'
    (flake.directory / "flake.nix").write_text(text)
    git(flake.directory, "init", "-q")
    git(flake.directory, "add", ".")
    git(flake.directory, "commit", "-qm", "x")
    assert await flake.ask("word", "x: x", str) == "one"
    write_flake(tmp_path / "input", "{ word = ''two''; }")
    assert await flake.ask("word", "x: x", str) == "two"


async def test_a_cache_that_is_broken_in_any_way_costs_an_evaluation_and_nothing_else(tmp_path: Path) -> None:
    flake = committed(tmp_path, {"a": system("a")})
    await evaluated(flake, "a")
    (file,) = (tmp_path / "cache").glob("*.json")
    for content in (b"", b"\xff", b'{"format": 99, "answers": {}}', file.read_bytes()[:-5]):
        file.write_bytes(content)
        found, remembered = await evaluated(flake, "a")
        assert remembered == 0
        assert isinstance(found["a"], System)
    file.unlink()
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("a file where a directory should be")
    assert isinstance((await evaluated(flake, "a"))[0]["a"], System)


async def test_the_nearest_names_are_offered(tmp_path: Path) -> None:
    flake = cached_flake(tmp_path, {"web-1": system("w"), "web-2": system("w"), "db": system("d")})
    found, _ = await evaluated(flake, "web1")
    failure = found["web1"]
    assert isinstance(failure, NixError)
    assert failure.reason == "there is no web1 in nixosConfigurations of the flake"
    assert failure.remedy is not None
    assert "web-1" in failure.remedy


async def test_systems_of_deploy_rs_and_of_a_hive(tmp_path: Path) -> None:
    drv = 'derivation { name = "s"; system = "x86_64-linux"; builder = "/bin/sh"; }'
    where = write_flake(
        tmp_path / "flake",
        f"""let drv = {drv}; in {{
            deploy.nodes.d = {{ hostname = "d"; profiles.system.path = drv; profiles.text.path = "${{drv}}"; }};
            colmenaHive = {{
                __schema = "v0.5"; nodes.h = throw "never"; toplevel.h = drv;
                evalSelectedDrvPaths = names: {{ h = drv.drvPath; }};
            }};
        }}""",
    )
    flake = open_flake(".", base=where, environ=nix_environ(tmp_path))
    wanted = [
        Wanted("d", "d", Origin.DEPLOY),
        Wanted("text", "d", Origin.DEPLOY, "text"),
        Wanted("h", "h", Origin.HIVE),
    ]
    found = await Evaluation(flake).run(wanted)
    assert all(isinstance(each, System) for each in found.values()), found
    assert len({(each.drv_path, each.out_path) for each in found.values() if isinstance(each, System)}) == 1


def test_a_name_in_an_attribute_path_is_not_escaped() -> None:
    assert [Wanted("h", name).attribute.split(".config")[0] for name in ("a.b", "${x}", "a\\b")] == [
        'nixosConfigurations."a.b"',
        'nixosConfigurations."${x}"',
        'nixosConfigurations."a\\b"',
    ]


def test_where_systems_come_from() -> None:
    known = Outputs(configurations=("a",), deploy_nodes=("a", "d"), hive_nodes=("d", "h"))
    hosts = [(name, name) for name in ("a", "d", "h", "x")]
    assert [each.origin for each in whence(hosts, known)] == [
        Origin.CONFIGURATION,
        Origin.DEPLOY,
        Origin.HIVE,
        Origin.CONFIGURATION,
    ]
