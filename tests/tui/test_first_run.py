"""Started by somebody who has configured nothing: told what was found, and asked before anything is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from tests.tui.screen import SIZES, press, shown, until, until_shown


@asynccontextmanager
async def first_run(
    folder: Path, size: tuple[int, int] = (120, 40), more: str = ""
) -> AsyncIterator[tuple[NixtuiApp, Pilot[None]]]:
    """The app in an empty directory of somebody with one ssh host, which refuses connections."""
    (folder / "home/.ssh").mkdir(parents=True)
    (folder / "home/.ssh/config").write_text("Host far\n  HostName 127.0.0.1\n  Port 1\nHost *\n" + more)
    (folder / "work").mkdir()
    surroundings = Surroundings(folder / "work", {"HOME": str(folder / "home")}, Nobody(), "ops-1")
    configuration = load_configuration(surroundings.cwd, surroundings.environ)
    async with Assembly(configuration, surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        async with app.run_test(size=size) as pilot:
            await until_shown(pilot, "Welcome")
            yield app, pilot


def in_one_line(app: NixtuiApp) -> str:
    """What is shown, without frames and ends of lines."""
    return " ".join("".join(" " if each in "│┃" else each for each in shown(app)).split())


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
async def test_it_says_what_it_is_what_was_found_and_what_to_do(size, tmp_path: Path) -> None:
    async with first_run(tmp_path, size) as (app, pilot):
        await until_shown(pilot, "nixtui watches a fleet")
        if size[1] > 20:
            for words in ("1: far", "nixtui demo", "nixtui init"):  # wherever lines end: paths are as long as they are
                await until(pilot, lambda words=words: words in in_one_line(app), words)
        await until_shown(pilot, "write nixtui.toml")
        assert not list(app.session.cockpit.fleet.names())


async def test_the_file_is_shown_and_written_only_on_yes(tmp_path: Path) -> None:
    file = tmp_path / "work/nixtui.toml"
    async with first_run(tmp_path) as (app, pilot):
        await press(pilot, "w")
        await until_shown(pilot, "[hosts.far]")
        await press(pilot, "enter")
        await until(pilot, lambda: "▸ Cancel ◂" not in shown(app))
        assert not file.exists()
        await press(pilot, "w")
        await until_shown(pilot, "▸ Cancel ◂")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "Wrote ")
        assert "[hosts.far]" in file.read_text()
        await until_shown(pilot, "unreachable")
        assert not app.session.cockpit.policy.read_only


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
async def test_however_long_the_file_is_the_choices_are_in_sight_and_it_can_be_read(size, tmp_path: Path) -> None:
    more = "".join(f"Host web-{number}\n" for number in range(60))
    async with first_run(tmp_path, size, more) as (app, pilot):
        await press(pilot, "w")
        await until_shown(pilot, "▸ Cancel ◂")
        assert "web-59" not in shown(app)
        await press(pilot, *["pagedown"] * 20)
        await until_shown(pilot, "environments.prod")
        await until_shown(pilot, "▸ Cancel ◂")


async def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    async with first_run(tmp_path) as (_, pilot):
        (tmp_path / "work/nixtui.toml").write_text("# mine")
        await press(pilot, "w", "right", "enter")
        await until_shown(pilot, "never overwritten")
        assert (tmp_path / "work/nixtui.toml").read_text() == "# mine"


async def test_ssh_hosts_are_looked_at_read_only_and_nothing_is_written(tmp_path: Path) -> None:
    async with first_run(tmp_path) as (app, pilot):
        await press(pilot, "h")
        await until_shown(pilot, "unreachable")
        assert app.session.cockpit.policy.read_only
        assert not (tmp_path / "work/nixtui.toml").exists()
        await press(pilot, "escape", "r")
        await until_shown(pilot, "read-only")


async def test_leaving_it_leads_to_the_empty_fleet_and_q_leaves(tmp_path: Path) -> None:
    async with first_run(tmp_path) as (app, pilot):
        await press(pilot, "escape")
        await until(pilot, lambda: "Welcome" not in shown(app))
        await press(pilot, "q")
        await until(pilot, lambda: not app.is_running)
