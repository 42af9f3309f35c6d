"""The Builds screen: real builds by the real nix, begun, watched, stopped and looked back at through keys."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.builds import BuildsScreen
from tests.nix.flakes import write_flake
from tests.nix.systems_flake import nix_environ, outputs, system
from tests.tui.screen import SIZES, line_with, press, shown, until, until_shown, write

LOUD = "i=0; while [ $i -lt 3000 ]; do echo line $i of the log; i=$((i+1)); done"
BROKEN = "echo compiling; echo 'src/main.c:42: fatal error: zlib.h: No such file'; exit 3"


def configured(folder: Path, systems: Mapping[str, str]) -> Path:
    """A flake of these systems, and a nixtui.toml with hosts that refuse connections."""
    where = folder / "flake"
    if not where.exists():
        # The folder's name is in it, as the store has whatever another run has built.
        write_flake(where, outputs({name: system(name, f": {folder}; {script}") for name, script in systems.items()}))
    hosts = "".join(f'[hosts.{name}]\naddress = "127.0.0.1"\nport = 1\n' for name in systems)
    config = folder / "nixtui.toml"
    config.write_text(f'[fleet]\nname = "shop"\nsources = ["file"]\nflake = "{where}"\n{hosts}')
    return config


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def building(
    folder: Path, systems: Mapping[str, str], size: tuple[int, int] = (140, 40)
) -> AsyncIterator[tuple[NixtuiApp, Pilot[None]]]:
    """The app where a flake is, for hosts that refuse connections: building needs none of them."""
    config = configured(folder, systems)
    environ = {**nix_environ(folder), "XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    surroundings = Surroundings(folder, environ, Nobody(), "ops-1")
    configuration = load_configuration(folder, environ, config)
    async with Assembly(configuration, surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: len(app.fleet_screen.table.order) == len(systems), "all hosts")
            yield app, pilot


async def begin(app: NixtuiApp, pilot: Pilot[None]) -> BuildsScreen:
    """Build all hosts."""
    await press(pilot, "ctrl+a", "B")
    await until(pilot, lambda: "1. build" in shown(app), "the plan")
    await until_shown(pilot, "▸ Cancel ◂")
    await press(pilot, "right", "enter")
    await until(pilot, lambda: isinstance(app.screen, BuildsScreen), "the Builds screen")
    screen = app.screen
    assert isinstance(screen, BuildsScreen)
    return screen


async def until_ended(screen: BuildsScreen, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: screen._ended and screen.operation and screen.operation.report, "the end")


@pytest.mark.parametrize("size", SIZES)
async def test_a_build_is_begun_from_the_fleet_watched_and_told(size: tuple[int, int], tmp_path: Path) -> None:
    names = {f"w{size[0]}a": "echo hello", f"w{size[0]}b": "echo hello; sleep 0.5"}
    async with building(tmp_path, names, size) as (app, pilot):
        screen = await begin(app, pilot)
        await until_ended(screen, pilot)
        await until_shown(pilot, "✔ succeeded in")
        await until_shown(pilot, "✔ 2 built")
        await press(pilot, "z")
        await until_shown(pilot, f"✔ nixos-system-w{size[0]}a")
        (entry,) = await app.session.cockpit.operations.past(5)
        assert (entry.kind, str(entry.outcome)) == ("build", "committed")


async def test_a_failure_is_what_one_sees_first_with_its_log_and_its_verdict(tmp_path: Path) -> None:
    async with building(tmp_path, {"good-1": "sleep 0.2", "bad-1": BROKEN}) as (app, pilot):
        screen = await begin(app, pilot)
        await until_ended(screen, pilot)
        await until_shown(pilot, "✖ failed after")
        assert "exit code 3" in line_with(app, "✖ nixos-system-bad-1")
        await until_shown(pilot, "fatal error: zlib.h")
        await press(pilot, "v")
        await until_shown(pilot, "1 failed:")
        await press(pilot, "v", "c")
        assert "fatal error: zlib.h" in app.clipboard
        await press(pilot, "F")
        await until_shown(pilot, "▸ Cancel ◂")
        await until_shown(pilot, "bad-1")


async def test_the_log_is_searched_saved_and_read_back_whole(tmp_path: Path) -> None:
    async with building(tmp_path, {"loud-1": f"{LOUD}; exit 1"}) as (app, pilot):
        screen = await begin(app, pilot)
        await until_ended(screen, pilot)
        await until_shown(pilot, "line 2999 of the log")
        await until_shown(pilot, "3,000 lines")
        await press(pilot, "slash")
        await write(pilot, "line 17 of")
        await until_shown(pilot, "1 lines")
        await press(pilot, "enter")
        await until_shown(pilot, "line 17 of the log")
        await press(pilot, "escape", "ctrl+s")
        await until_shown(pilot, "Saved 3,000 lines")
        (saved,) = await asyncio.to_thread(lambda: list(tmp_path.glob("nixtui-build-*.log")))
        assert saved.read_text().splitlines()[16:18] == ["line 16 of the log", "line 17 of the log"]
        await press(pilot, "f")
        await until_shown(pilot, "line 2999 of the log")
        await press(pilot, "enter")
        await until(pilot, lambda: "DERIVATION" not in shown(app) and "line 2999" in shown(app), "the log alone")
        for _ in range(3):  # messages, and what was searched for, go before the log alone
            if "DERIVATION" not in shown(app):
                await press(pilot, "escape")
        await until_shown(pilot, "DERIVATION")


async def test_stopping_asks_and_leaves_no_builder(tmp_path: Path) -> None:
    mark = tmp_path / "builder"
    script = f"echo $$ > {mark}; echo begun; sleep 600"
    async with building(tmp_path, {"slow-1": script}) as (app, pilot):
        screen = await begin(app, pilot)
        await until_shown(pilot, "begun")
        pid = int(mark.read_text())
        await press(pilot, "X")
        await until_shown(pilot, "▸")
        assert screen.operation is not None and screen.operation.is_running
        await press(pilot, "right", "enter")
        await until_ended(screen, pilot)
        assert not is_there(pid)
        await until_shown(pilot, "■")


async def test_a_build_of_an_earlier_nixtui_is_there_with_its_log(tmp_path: Path) -> None:
    systems = {"old-1": f"echo this is kept; {LOUD}; exit 1"}
    async with building(tmp_path, systems) as (app, pilot):
        await until_ended(await begin(app, pilot), pilot)
    async with building(tmp_path, systems) as (app, pilot):
        await press(pilot, "3")
        await until_shown(pilot, "✖ failed")
        await until_shown(pilot, "line 2999 of the log")
        await press(pilot, "slash")
        await write(pilot, "this is kept")
        await until_shown(pilot, "▌this is kept")
        await press(pilot, "enter", "h")
        await until_shown(pilot, "failed     build the system of old-1")


async def test_nothing_built_says_what_to_do_and_a_broken_flake_says_why(tmp_path: Path) -> None:
    async with building(tmp_path, {"web-1": "true"}) as (app, pilot):
        await press(pilot, "3")
        await until_shown(pilot, "Nothing was built yet.")
        (tmp_path / "flake/flake.nix").write_text('{ outputs = _: { nixosConfigurations = throw "not today"; }; }')
        await press(pilot, "1", "B")
        await until_shown(pilot, "not today")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is app.fleet_screen)
