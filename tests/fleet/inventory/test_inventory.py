"""From a directory, as an operator has it, to the hosts of the fleet."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nixtui.config import load_configuration
from nixtui.fleet.inventory import Found, Inventory, PartialHost, Snapshot, SourceProblem, inventory_of
from tests.nix.flakes import environ, write_flake


class Prompted:
    """A source that answers when the test says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers: asyncio.Queue[Found | None] = asyncio.Queue()
        self.ended = False

    async def hosts(self) -> AsyncIterator[Found]:
        try:
            while (found := await self.answers.get()) is not None:
                yield found
        finally:
            self.ended = True


def found(*names: str) -> Found:
    return Found(tuple(PartialHost(name=name) for name in names))


def names(snapshot: Snapshot) -> list[str]:
    return [host.name for host in snapshot.hosts]


def inventory(directory: Path, **more: str) -> Inventory:
    surroundings = {**environ(directory), "HOME": str(directory), **more}
    return inventory_of(load_configuration(directory, surroundings), directory, surroundings)


# --- as it grows ------------------------------------------------------------------------------------------------------


async def test_the_list_gets_better_as_sources_answer() -> None:
    file, flake = Prompted("file"), Prompted("flake")
    seen: asyncio.Queue[Snapshot] = asyncio.Queue()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        result = group.create_task(Inventory([file, flake]).load(seen.put_nowait))
        flake.answers.put_nowait(found("b"))
        first = await seen.get()
        assert (names(first), first.pending, first.is_complete) == (["b"], ("file", "flake"), False)
        file.answers.put_nowait(found("a"))
        assert names(await seen.get()) == ["a", "b"]
        file.answers.put_nowait(None)
        assert (await seen.get()).pending == ("flake",)
        flake.answers.put_nowait(found("b", "c"))
        assert names(await seen.get()) == ["a", "b", "c"]
        flake.answers.put_nowait(None)
    last = await seen.get()
    assert last.is_complete
    assert last == result.result()
    assert seen.empty()


async def test_a_source_without_an_answer_leaves_the_others_alone() -> None:
    class Failing(Prompted):
        async def hosts(self) -> AsyncIterator[Found]:
            yield Found(problems=(SourceProblem(source="flake", reason="no nix"),))

    file = Prompted("file")
    file.answers.put_nowait(found("a"))
    file.answers.put_nowait(None)
    snapshot = await Inventory([file, Failing("flake")]).load()
    assert names(snapshot) == ["a"]
    assert [str(problem) for problem in snapshot.problems] == ["flake: no nix"]


async def test_cancelling_stops_every_source() -> None:
    sources = [Prompted("file"), Prompted("flake")]
    seen: asyncio.Queue[Snapshot] = asyncio.Queue()
    task = asyncio.create_task(Inventory(sources).load(seen.put_nowait))
    for source in sources:
        source.answers.put_nowait(found("a"))
        await seen.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(source.ended for source in sources)


async def test_no_sources_are_no_hosts() -> None:
    assert await Inventory([]).load() == Snapshot()


# --- as operators have it ---------------------------------------------------------------------------------------------


async def test_a_directory_with_only_a_flake_needs_no_file(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ nixosConfigurations = { web-1 = { }; db-1 = { }; }; }")
    snapshot = await inventory(tmp_path).load()
    assert [(host.name, host.address, host.sources) for host in snapshot.hosts] == [
        ("db-1", "db-1", ("flake",)),
        ("web-1", "web-1", ("flake",)),
    ]
    assert snapshot.problems == ()


async def test_the_fleet_shows_before_the_evaluation_ends(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ nixosConfigurations.web-2 = { }; }")
    (tmp_path / "nixtui.toml").write_text("[hosts.web-1]\n[environments.prod]\nmatch = 'web-*'")
    seen: list[Snapshot] = []
    await inventory(tmp_path).load(seen.append)
    assert (names(seen[0]), seen[0].hosts[0].environment) == (["web-1"], "prod")
    assert "flake" in seen[0].pending
    assert (names(seen[-1]), seen[-1].is_complete) == (["web-1", "web-2"], True)


async def test_what_the_file_says_of_a_host_of_the_flake_wins(tmp_path: Path) -> None:
    write_flake(tmp_path, '{ deploy.nodes.web-1 = { hostname = "10.0.0.1"; sshUser = "root"; }; }')
    (tmp_path / "nixtui.toml").write_text("[hosts.web-1]\nuser = 'ada'\ntags = { env = 'prod' }")
    (host,) = (await inventory(tmp_path).load()).hosts
    assert (host.address, host.user, host.sources) == ("10.0.0.1", "ada", ("file", "flake"))


async def test_the_order_of_sources_can_be_turned_around(tmp_path: Path) -> None:
    write_flake(tmp_path, '{ deploy.nodes.web-1 = { hostname = "10.0.0.1"; sshUser = "root"; }; }')
    (tmp_path / "nixtui.toml").write_text("[fleet]\nsources = ['flake', 'file']\n[hosts.web-1]\nuser = 'ada'")
    (host,) = (await inventory(tmp_path).load()).hosts
    assert (host.user, host.sources) == ("root", ("flake", "file"))


async def test_the_flake_is_where_the_file_says_from_where_the_file_is(tmp_path: Path) -> None:
    write_flake(tmp_path / "infra", "{ nixosConfigurations.web-1 = { }; }")
    (tmp_path / "nixtui.toml").write_text("[fleet]\nflake = './infra'\nexclude = 'iso'")
    below = tmp_path / "docs"
    below.mkdir()
    surroundings = environ(tmp_path)
    configuration = load_configuration(below, surroundings)
    assert names(await inventory_of(configuration, below, surroundings).load()) == ["web-1"]


async def test_a_flake_in_a_git_repository(tmp_path: Path) -> None:
    write_flake(tmp_path / "nix", "{ nixosConfigurations.web-1 = { }; }")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: ASYNC221 - nothing else is running
    snapshot = await inventory(tmp_path / "nix").load()
    assert (names(snapshot), snapshot.problems) == (["web-1"], ())


async def test_a_machine_without_nix_still_has_the_hosts_of_the_file(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ nixosConfigurations.web-2 = { }; }")
    (tmp_path / "nixtui.toml").write_text("[hosts.web-1]")
    snapshot = await inventory(tmp_path, PATH=str(tmp_path)).load()
    assert names(snapshot) == ["web-1"]
    assert [problem.remedy for problem in snapshot.problems] == ["install Nix here, or name the hosts in nixtui.toml"]


async def test_with_neither_file_nor_flake_a_note_says_where_it_looked(tmp_path: Path) -> None:
    snapshot = await inventory(tmp_path).load()
    assert [str(problem) for problem in snapshot.problems] == [
        f"flake: there is no flake.nix in {tmp_path} or above it; name one in [fleet] flake"
    ]
    assert snapshot.problems[0].note


async def test_a_fleet_of_a_file_alone_is_not_bothered_about_flakes(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("[hosts.web-1]")
    assert (await inventory(tmp_path).load()).problems == ()


async def test_a_flake_that_is_not_where_the_file_says_is_told(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("[fleet]\nflake = './gone'\n[hosts.a]")
    snapshot = await inventory(tmp_path).load()
    assert names(snapshot) == ["a"]
    assert f"no directory {tmp_path}/gone" in snapshot.problems[0].reason


async def test_asking_again_sees_what_has_changed(tmp_path: Path) -> None:
    write_flake(tmp_path, "{ nixosConfigurations.a = { }; }")
    asked = inventory(tmp_path)
    assert names(await asked.load()) == ["a"]
    write_flake(tmp_path, "{ nixosConfigurations = { a = { }; b = { }; }; }")
    assert names(await asked.load()) == ["a", "b"]
