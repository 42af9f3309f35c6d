"""Deploying from the app, through keys, to real hosts with a real Nix here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.model.status import HostState
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.progress import ProgressScreen
from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.lab.host import Host
from tests.tui.screen import press, shown, until, until_shown

pytestmark = pytest.mark.lab


@asynccontextmanager
async def the_app(operator: Operator) -> AsyncIterator[tuple[NixtuiApp, Pilot[None]]]:
    """The app in the operator's directory, once it sees all hosts."""
    shell = operator.shell
    surroundings = Surroundings(shell.directory, shell.environ, Nobody(), "ops-1")
    configuration = load_configuration(shell.directory, shell.environ)
    async with Assembly(configuration, surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        async with app.run_test(size=(140, 45)) as pilot:
            fleet, count = cockpit.fleet, len(operator.lab.hosts)
            await until(pilot, lambda: fleet.counts.states[HostState.UP] == count, "all hosts up")
            yield app, pilot


async def test_d_builds_shows_what_changes_and_deploys_under_the_guard(operator: Operator, hosts: list[Host]) -> None:
    operator.want_all("keys")
    async with the_app(operator) as (app, pilot):
        await press(pilot, "ctrl+a", "d")
        await until_shown(pilot, f"Deploy to {len(hosts)} hosts")
        await until_shown(pilot, "packages: ")
        assert "copy: " in shown(app)
        assert "▸ Cancel ◂" in shown(app)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the deploy")
        screen = app.screen
        assert isinstance(screen, ProgressScreen)
        await until(pilot, lambda: screen.operation is not None and screen.operation.report is not None, "the end")
        assert screen.operation is not None and screen.operation.report is not None
        assert {str(each.outcome) for each in screen.operation.report.targets} == {"committed"}
        for host in hosts:
            now = truth(host)
            assert "-keys-26.05" in now.current
            assert now.current == now.profile == now.boot_default
            assert leftovers(host) == ""
        await press(pilot, "3")
        await until_shown(pilot, "✔ succeeded")


async def test_leaving_the_dialog_changes_nothing(operator: Operator, hosts: list[Host]) -> None:
    before = [truth(host) for host in hosts]
    operator.want_all("left")
    async with the_app(operator) as (app, pilot):
        await press(pilot, "ctrl+a", "d")
        await until_shown(pilot, "evaluating, building")
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen, "the fleet")
        await until(pilot, lambda: not any(each.is_running for each in app.session.cockpit.operations.begun()))
    assert [truth(host) for host in hosts] == before
