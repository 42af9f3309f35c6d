"""The running app and EC2: what it knows comes after the first frame, is asked again, and sees replacements."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit, machines
from nixtui.config import load_configuration
from nixtui.remote.prompter import Nobody
from tests.instances.fake_machines import FakeMachines, Machine

OLD, NEW = "i-0a1b2c3d4e5f60718", "i-0b1b2c3d4e5f60718"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMachines]:
    with FakeMachines(Machine(OLD, "web-1", "127.0.0.1")) as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(machines, "EVERY_S", 0.1)
        yield running


@asynccontextmanager
async def a_cockpit(directory: Path, fake: FakeMachines) -> AsyncIterator[LiveCockpit]:
    async with a_run(directory, fake) as nixtui, LiveCockpit(nixtui) as cockpit:
        yield cockpit


@asynccontextmanager
async def a_run(directory: Path, fake: FakeMachines) -> AsyncIterator[Assembly]:
    (directory / "nixtui.toml").write_text('[fleet]\nsources = ["file", "ec2"]\n[ec2]\n')
    environ = {**fake.environ, "HOME": str(directory), "PATH": "/usr/bin:/bin"}
    configuration = load_configuration(directory, environ)
    surroundings = Surroundings(cwd=directory, environ=environ, prompter=Nobody(), user="me")
    async with Assembly(configuration, surroundings) as nixtui:
        yield nixtui


async def until(cockpit: LiveCockpit, holds) -> None:
    """Wait for something to be so, looking whenever the fleet changes."""
    news = asyncio.Event()
    feed = cockpit.fleet.subscribe(news.set)
    async with asyncio.timeout(30):
        while not holds():
            await news.wait()
            news.clear()
            feed.take()
    feed.close()


async def test_nothing_is_asked_before_the_first_frame(tmp_path: Path, fake: FakeMachines) -> None:
    async with a_cockpit(tmp_path, fake) as cockpit:
        await asyncio.sleep(0)
        assert fake.calls == []
        cockpit.begin()
        await until(cockpit, lambda: "web-1" in cockpit.fleet and cockpit.fleet.machine("web-1") is not None)
        machine = cockpit.fleet.machine("web-1")
        assert machine is not None
        assert (machine.instance.identity, machine.state, machine.kind) == (OLD, "running", "t3.small")


async def test_a_replaced_host_is_a_new_one_and_is_told(tmp_path: Path, fake: FakeMachines) -> None:
    async with a_run(tmp_path, fake) as nixtui, LiveCockpit(nixtui) as cockpit:
        cockpit.begin()
        await until(cockpit, lambda: "web-1" in cockpit.fleet and cockpit.fleet.machine("web-1") is not None)
        password = nixtui.pool.access.sudo_passwords.of("web-1")
        nixtui.by_agent.add("web-1")
        fake.machines = {NEW: Machine(NEW, "web-1", "127.0.0.1", state="pending")}

        def is_new() -> bool:
            instance = cockpit.fleet.host("web-1").instance
            return instance is not None and instance.identity == NEW and cockpit.fleet.machine("web-1") is not None

        await until(cockpit, is_new)
        assert any(f"it is instance {NEW} now, and was {OLD}" in note for note in cockpit.notes)
        assert nixtui.pool.access.sudo_passwords.of("web-1") is not password  # typed for another machine
        assert nixtui.by_agent == set()


async def test_instances_that_come_later_are_hosts_by_themselves(tmp_path: Path, fake: FakeMachines) -> None:
    fake.machines = {}
    async with a_cockpit(tmp_path, fake) as cockpit:
        cockpit.begin()
        await asyncio.sleep(0)
        fake.machines = {OLD: Machine(OLD, "web-9", "127.0.0.1")}
        await until(cockpit, lambda: "web-9" in cockpit.fleet)


async def test_what_is_known_stays_while_aws_does_not_answer(tmp_path: Path, fake: FakeMachines) -> None:
    async with a_cockpit(tmp_path, fake) as cockpit:
        cockpit.begin()
        await until(cockpit, lambda: "web-1" in cockpit.fleet and cockpit.fleet.machine("web-1") is not None)
        fake.denied |= {"DescribeInstances"}
        asked = len(fake.calls)
        async with asyncio.timeout(30):
            while fake.calls[asked:].count("DescribeInstances") < 3:  # noqa: ASYNC110 - a thread of the fake counts
                await asyncio.sleep(0.02)
        assert cockpit.fleet.machine("web-1") is not None


async def test_what_one_may_not_ask_is_told_once_and_hides_nothing(tmp_path: Path, fake: FakeMachines) -> None:
    fake.denied |= {"DescribeInstanceStatus"}
    async with a_cockpit(tmp_path, fake) as cockpit:
        cockpit.begin()
        await until(cockpit, lambda: "web-1" in cockpit.fleet and cockpit.fleet.machine("web-1") is not None)
        told = [each for each in cockpit.notes if "may not call ec2:DescribeInstanceStatus" in each]
        assert len(told) == 1


async def test_a_fleet_without_instances_asks_nothing(tmp_path: Path, fake: FakeMachines) -> None:
    (tmp_path / "nixtui.toml").write_text('[fleet]\nsources = ["file"]\n[hosts.a]\naddress = "127.0.0.1"\nport = 1\n')
    environ = {**fake.environ, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    surroundings = Surroundings(cwd=tmp_path, environ=environ, prompter=Nobody(), user="me")
    async with Assembly(load_configuration(tmp_path, environ), surroundings) as nixtui, LiveCockpit(nixtui) as cockpit:
        cockpit.begin()
        await until(cockpit, lambda: "a" in cockpit.fleet and cockpit.fleet.status("a").state.value == "unreachable")
        assert fake.calls == []
