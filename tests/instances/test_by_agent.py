"""In the app: a host that SSH does not reach is reached by its SSM agent once somebody says so, and not before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.model.status import HostState
from nixtui.remote.prompter import Nobody
from nixtui.tui.app import NixtuiApp
from tests.instances.fake_machines import FakeMachines, Machine, a_shell
from tests.remote.nixos_root import NixosRoot
from tests.tui.screen import press, until, until_shown

WEB = "i-0a1b2c3d4e5f60718"


@asynccontextmanager
async def looking(folder: Path, fake: FakeMachines, hosts: str) -> AsyncIterator[tuple[NixtuiApp, Pilot[None]]]:
    (folder / "nixtui.toml").write_text(f'[fleet]\nsources = ["file", "ec2"]\n[ec2]\n{hosts}')
    environ = {**fake.environ, "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    configuration = load_configuration(folder, environ)
    surroundings = Surroundings(cwd=folder, environ=environ, prompter=Nobody(), user="me")
    async with Assembly(configuration, surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        async with app.run_test(size=(120, 40)) as pilot:
            yield app, pilot


async def test_a_host_is_reached_by_its_agent_and_by_ssh_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = NixosRoot(tmp_path / "root")
    with FakeMachines(Machine(WEB, "web-1", "10.0.0.1", execute=a_shell("dash", environ=root.environment))) as fake:
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with looking(tmp_path, fake, '[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n') as (app, pilot):
            fleet = app.session.cockpit.fleet

            def state() -> HostState | None:
                return fleet.status("web-1").state if "web-1" in fleet and fleet.host("web-1").instance else None

            await until(pilot, lambda: state() is HostState.UNREACHABLE, "it is an instance that SSH does not reach")
            await until_shown(pilot, "▌ web-1")  # the cursor may be let go until the last host has answered
            await press(pilot, "i")
            await until_shown(pilot, f"nixtui instance doors {WEB}")
            assert "SendCommand" not in fake.calls
            await press(pilot, "A")
            await until_shown(pilot, "reached by its SSM agent from now on")
            await until(pilot, lambda: state() in (HostState.UP, HostState.DEGRADED), "its agent says how it is")
            assert fleet.status("web-1").facts.load == (0.42, 0.31, 0.20)
            await press(pilot, "A")
            await until_shown(pilot, "reached by SSH again")
            await until(
                pilot, lambda: state() in (HostState.UNREACHABLE, HostState.CONNECTING), "SSH does not reach it"
            )


async def test_what_is_no_instance_has_no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeMachines() as fake:
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with looking(tmp_path, fake, '[hosts.db-1]\naddress = "127.0.0.1"\nport = 1\n') as (_, pilot):
            await until_shown(pilot, "db-1")
            await press(pilot, "i", "A")
            await until_shown(pilot, "db-1 is no instance of EC2 as far as it is known")
