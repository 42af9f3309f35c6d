"""Building and deploying on the embedded fleet, through keys: no nix and no root."""

import subprocess
from pathlib import Path

from textual.pilot import Pilot

from nixtui.model.status import HostState
from nixtui.operations.operation import Operation
from nixtui.operations.report import Outcome
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.builds import BuildsScreen
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, until, until_shown, write

EASY = {"environments": {"prod": {"confirm": "key"}}}


async def select(app: NixtuiApp, pilot: Pilot[None], *names: str) -> None:
    fleet = app.session.cockpit.fleet
    await until(pilot, lambda: all(fleet.status(name).facts.current_system for name in names), "the hosts are seen")
    await press(pilot, "slash")
    await write(pilot, ",".join(names))
    await press(pilot, "enter", "ctrl+a")


def last(app: NixtuiApp) -> Operation:
    return app.session.cockpit.operations.begun()[-1]


async def test_a_build_grows_fails_and_succeeds_when_it_is_tried_again() -> None:
    async with embedded("log-1", "stage-web-1", pace=0.3) as (app, pilot, _):
        await select(app, pilot, "log-1", "stage-web-1")
        await press(pilot, "B")
        await until_shown(pilot, "Build 2 systems")
        await until_shown(pilot, "nixos-system-log-1")
        assert "Type" not in shown(app)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, BuildsScreen), "the builds")
        await until_shown(pilot, "▶ vector")
        await until_shown(pilot, "fetched")
        await until_shown(pilot, "✖ vector-0.51.2")
        await until_shown(pilot, "test sources::journald::tests::survives")
        await until(pilot, lambda: last(app).report is not None, "its end")
        await press(pilot, "F")
        await until_shown(pilot, "Build")
        await until_shown(pilot, "▸ Cancel ◂")
        await until_shown(pilot, "1. build")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: len(app.session.cockpit.operations.begun()) == 2, "the second build")
        await until_shown(pilot, "✔ succeeded")
        await press(pilot, "h")
        await until_shown(pilot, "failed")


async def test_d_takes_a_new_generation_to_a_host_that_is_broken_and_it_gets_well() -> None:
    async with embedded("web-2", "web-4", overrides=EASY, pace=0.1) as (app, pilot, fleet):
        before = fleet.hosts["web-2"].root.resolved("/run/current-system")
        await select(app, pilot, "web-2")
        assert app.session.cockpit.fleet.status("web-2").state is HostState.DEGRADED
        await press(pilot, "d")
        await until_shown(pilot, "Deploy to web-2")
        await until_shown(pilot, "shop-api: 2.38.0 → 2.38.1")
        await until_shown(pilot, "▸ Cancel ◂")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: last(app).plan.kind == "deploy" and last(app).report is not None, "the end")
        report = last(app).report
        assert report is not None
        assert [each.outcome for each in report.targets] == [Outcome.COMMITTED]
        (only,) = app.session.cockpit.operations.begun()
        newest, *_ = await app.session.cockpit.operations.past(10)
        assert newest.operation == only.id and newest.plan.targets[0].known, "one record, with what was decided by"
        now = fleet.hosts["web-2"].root.resolved("/run/current-system")
        assert now != before
        await until(
            pilot, lambda: app.session.cockpit.fleet.status("web-2").facts.generation == 413, "the generation is seen"
        )
        await until(pilot, lambda: app.session.cockpit.fleet.status("web-2").state is HostState.UP, "it is well")
        await press(pilot, "3")
        await until_shown(pilot, "Deploy web-2: 412 → ")
        await until_shown(pilot, "✔ succeeded")


def first_commit(history: Path) -> str:
    words = ["git", f"--git-dir={history}", "log", "--format=%H"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[-1]


async def test_a_deploy_from_an_older_checkout_says_what_it_takes_back() -> None:
    async with embedded("web-1", pace=0.1) as (app, pilot, fleet):
        history = fleet.directory / "infra/.git"
        (history / "refs/heads/main").write_text(f"{first_commit(history)}\n")
        await select(app, pilot, "web-1")
        await press(pilot, "d")
        await until_shown(pilot, "takes back what runs there")
        await until_shown(pilot, "0 added, ")
        await until_shown(pilot, "− ")
