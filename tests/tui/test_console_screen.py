"""The console of an instance in the app: read, searched, asked for again, and never waited for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.tui.screens.console import ConsoleScreen
from tests.instances.fake_doors import FakeDoors
from tests.instances.fake_machines import Machine
from tests.tui.screen import SIZES, press, shown, until, until_shown, write
from tests.tui.test_instances_screen import at_ec2

WEB = "i-0a1b2c3d4e5f60718"
BOOT = "<<< NixOS Stage 1 >>>\r\n" + "".join(f"line {number}\r\n" for number in range(100)) + "web1 login: "


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDoors]:
    with FakeDoors(Machine(WEB, "web1", "10.0.0.1", console=BOOT)) as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_read_from_its_end_and_searched(size, tmp_path: Path, fake: FakeDoors) -> None:
    async with at_ec2(tmp_path, fake.environ, size) as (app, pilot, screen):
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "l")
        await until(pilot, lambda: isinstance(app.screen, ConsoleScreen), "the console")
        await until_shown(pilot, "web1 login:")
        await until_shown(pilot, "as of 2026-11-24 03:12:41Z")
        await press(pilot, "g")
        await until_shown(pilot, "<<< NixOS Stage 1 >>>")
        await press(pilot, "slash")
        await write(pilot, "line 50")
        await until_shown(pilot, "1 lines")
        await press(pilot, "enter")
        await until_shown(pilot, "▌line 50")
        await press(pilot, "G")
        await until_shown(pilot, "web1 login:")
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen, "the view")


async def test_what_it_wrote_meanwhile_is_a_key_away(tmp_path: Path, fake: FakeDoors) -> None:
    async with at_ec2(tmp_path, fake.environ) as (app, pilot, _):
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "l")
        await until_shown(pilot, "web1 login:")
        fake.machines[WEB].console = BOOT + "\r\nKernel panic - not syncing\r\n"
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "Kernel panic - not syncing")
        fake.denied.add("GetConsoleOutput")
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "✖ could not be asked again")
        assert "Kernel panic - not syncing" in shown(app)


async def test_an_ec2_that_does_not_answer_holds_up_nobody(
    tmp_path: Path, fake: FakeDoors, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer, usual = threading.Event(), FakeDoors._GetConsoleOutput

    def late(self: FakeDoors, form: dict[str, str]) -> str:
        may_answer.wait(30)
        return usual(self, form)

    monkeypatch.setattr(FakeDoors, "_GetConsoleOutput", late)
    async with at_ec2(tmp_path, fake.environ) as (app, pilot, screen):
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "l")
        await until_shown(pilot, "asking EC2 …")
        await press(pilot, "slash")  # there is no text yet
        await until_shown(pilot, "there is no output")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.screen is screen, "the view")
        await press(pilot, "l")
        may_answer.set()
        await until_shown(pilot, "web1 login:")


async def test_why_there_is_nothing_is_said_there(tmp_path: Path, fake: FakeDoors) -> None:
    fake.machines[WEB].console = ""
    async with at_ec2(tmp_path, fake.environ) as (_, pilot, __):
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "l")
        await until_shown(pilot, "EC2 has no output of its console.")
        await until_shown(pilot, "console=ttyS0")


async def test_who_may_not_read_it_is_told_what_is_missing(tmp_path: Path, fake: FakeDoors) -> None:
    fake.denied.add("GetConsoleOutput")
    async with at_ec2(tmp_path, fake.environ) as (_, pilot, __):
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "l")
        await until_shown(pilot, "may not call ec2:GetConsoleOutput")


async def test_ways_that_are_not_opened_are_copied_and_read_only_opens_none(tmp_path: Path, fake: FakeDoors) -> None:
    async with at_ec2(tmp_path, fake.environ, read_only=True) as (app, pilot, screen):
        await until_shown(pilot, "1 in eu-central-1")
        await until(pilot, screen.looked_doors, "the ways in")
        await press(pilot, "s")
        await until_shown(pilot, "the first that works")
        await press(pilot, "enter")
        await until_shown(pilot, "nixtui runs read-only")
        assert app.screen is screen
        await press(pilot, "escape", "s")
        await until_shown(pilot, "console output")
        await write(pilot, "console output")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, ConsoleScreen), "the console")
