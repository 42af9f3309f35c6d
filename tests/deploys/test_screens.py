"""Deploying from the app, through keys, to real hosts with a real Nix here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

import pytest
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.model.status import HostState
from nixtui.operations.events import WentOn
from nixtui.operations.report import Outcome, Report
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.confirming import Confirming
from nixtui.tui.screens.progress import ProgressScreen
from tests.activation.conftest import leftovers, truth
from tests.deploys.conftest import Operator
from tests.deploys.deploy_rs import NodesFlake
from tests.deploys.hive import HiveFlake, key
from tests.deploys.test_deploy_rs import ROOTS_APP, left, with_app
from tests.lab.host import Host
from tests.tui.screen import press, shown, until, until_shown, write

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
            fleet = cockpit.fleet
            await until(
                pilot, lambda: fleet.names() and fleet.counts.states[HostState.UP] == len(fleet.names()), "all up"
            )
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


async def deploy_by_keys(app: NixtuiApp, pilot: Pilot[None], kind: str = "deploy") -> Report:
    """What the plan in the dialog, of that kind, comes to."""
    operations, before = app.session.cockpit.operations, app.session.cockpit.operations.begun()
    await until(pilot, lambda: isinstance(app.screen, Confirming) and app.screen.draft.plan, "the plan")
    await until_shown(pilot, "▸ Cancel ◂")
    await press(pilot, "right", "enter")

    def ended() -> Report | None:
        found = [each for each in operations.begun() if each not in before and each.plan.kind == kind]
        return found[-1].report if found else None

    await until(pilot, lambda: ended() is not None, f"the end of the {kind}")
    report = ended()
    assert report is not None
    return report


async def to_host(app: NixtuiApp, pilot: Pilot[None], name: str) -> None:
    """The fleet with nothing but this host in it, which is marked."""
    await press(pilot, "slash")
    await write(pilot, name)
    await press(pilot, "enter", "ctrl+a")


async def test_d_deploys_every_profile_of_a_node_of_deploy_rs(operator: Operator, hosts: list[Host]) -> None:
    nodes = NodesFlake.make(operator.flake)
    operator.want_all("node")
    nodes.deploy(with_app("1.0"))
    async with the_app(operator) as (app, pilot):
        await to_host(app, pilot, "h1")
        await press(pilot, "d")
        await until_shown(pilot, "profile app of root")
        report = await deploy_by_keys(app, pilot)
        assert [str(each.outcome) for each in report.targets] == ["committed"]
    assert hosts[0].profile().path == nodes.path("h1")
    assert left(hosts[0], ROOTS_APP)[1].endswith(nodes.path("h1", "app"))
    assert leftovers(hosts[0]) == ""


async def test_d_uploads_the_keys_of_a_node_of_a_hive(operator: Operator, hosts: list[Host]) -> None:
    hive = HiveFlake.make(operator.flake)
    operator.want_all("hive")
    hive.say(h1={"keys": {"token": key("of no use to anybody", "/run/keys/token", permissions="0440")}})
    async with the_app(operator) as (app, pilot):
        await to_host(app, pilot, "h1")
        await press(pilot, "d")
        report = await deploy_by_keys(app, pilot)
        assert [str(each.outcome) for each in report.targets] == ["committed"]
        assert "of no use" not in shown(app)
    assert hosts[0].sh("stat -c %a /run/keys/token; cat /run/keys/token") == "440\nof no use to anybody"
    assert "-hive-26.05" in truth(hosts[0]).profile
    assert leftovers(hosts[0]) == ""


async def test_d_asks_first_where_a_node_is_to_be_built_on_its_host(operator: Operator, hosts: list[Host]) -> None:
    nodes = NodesFlake.make(operator.flake)
    operator.want_all(f"r{token_hex(4)}")
    nodes.deploy(with_app("1.0", order="remoteBuild = true;"))
    before = truth(hosts[0])
    async with the_app(operator) as (app, pilot):
        await to_host(app, pilot, "h1")
        await press(pilot, "d")
        await until_shown(pilot, "built on the host itself")
        assert "Build there first" in shown(app)
        assert not app.session.cockpit.operations.begun()
        report = await deploy_by_keys(app, pilot, "build")
        assert {str(each.outcome) for each in report.targets} == {"committed"}
        assert truth(hosts[0]) == before
        while app.screen is not app.fleet_screen:
            await press(pilot, "escape")
            await pilot.pause()
        await press(pilot, "d")
        await until_shown(pilot, "copy: nothing is missing")
        report = await deploy_by_keys(app, pilot)
        assert [str(each.outcome) for each in report.targets] == ["committed"]
        assert len(app.session.cockpit.operations.begun()) == 1, "what was built first is the deploy's beginning"
        (entry,) = await app.session.cockpit.operations.past(10)
        events = await app.session.cockpit.operations.events(entry.operation)
        assert (entry.kind, entry.outcome) == ("deploy", Outcome.COMMITTED)
        assert [each.before.kind for each in events if isinstance(each, WentOn)] == ["build"]
    assert hosts[0].profile().path == nodes.path("h1")


async def test_it_is_built_on_the_host_that_is_typed_after_a_yes(operator: Operator, hosts: list[Host]) -> None:
    operator.want_all(f"o{token_hex(4)}")
    async with the_app(operator) as (app, pilot):
        await to_host(app, pilot, "h1")
        await write(pilot, ":deploy on h2")
        await press(pilot, "enter")
        await until_shown(pilot, "this is built on h2 first")
        await until_shown(pilot, "Build there first")
        report = await deploy_by_keys(app, pilot, "build")
        assert {str(each.outcome) for each in report.targets} == {"committed"}
        while app.screen is not app.fleet_screen:
            await press(pilot, "escape")
            await pilot.pause()
        await press(pilot, "d")
        report = await deploy_by_keys(app, pilot)
        assert [str(each.outcome) for each in report.targets] == ["committed"]
    system = truth(hosts[0]).profile
    assert hosts[1].sh(f"test -e {system}.drv -o -e {system} && echo there") == "there"
