"""What must hold whatever happens: no colour where none is wanted, no secret in a crash, a first frame at once."""

import io
import re
import subprocess
import sys

import pytest
from rich.console import Console
from textual import events
from textual.drivers.headless_driver import HeadlessDriver

from nixtui.tui.app import NixtuiApp
from nixtui.tui.story import farewell
from tests.tui.cockpit import KEY_IS_ENOUGH, MemoryCockpit
from tests.tui.screen import opened, press, shown, until, until_shown

_SGR = re.compile(r"\x1b\[([0-9;]*)m")


class Recording(HeadlessDriver):
    """A terminal that is there and keeps what it is sent."""

    written = ""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        Recording.written += data

    def flush(self) -> None:
        pass


def colours(written: str) -> set[str]:
    """The colour parameters among the styles that were sent; 39 and 49 are "your own"."""
    found = set()
    for sequence in _SGR.findall(written):
        for parameter in filter(None, sequence.split(";")):
            if 30 <= int(parameter) <= 48 and int(parameter) != 39:
                found.add(parameter)
    return found


@pytest.mark.parametrize("no_color", [True, False])
async def test_with_no_color_not_one_colour_is_sent_and_every_state_has_a_word(no_color, monkeypatch) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    Recording.written = ""
    app = NixtuiApp(MemoryCockpit(), no_color=no_color)
    app.driver_class = Recording
    async with app.run_test(size=(120, 40), headless=False) as pilot:
        await press(pilot, "j", "r")
        await pilot.pause(0.3)
        text = shown(app)
    assert bool(colours(Recording.written)) is not no_color
    assert "▸ Cancel ◂" in text
    assert "PROD" in text


async def test_a_link_where_bytes_are_felt_gets_none_while_nothing_happens() -> None:
    Recording.written = ""
    app = NixtuiApp(MemoryCockpit(), terse=True)
    app.driver_class = Recording
    async with app.run_test(size=(120, 40), headless=False) as pilot:
        await pilot.pause(0.5)
        Recording.written = ""
        app.session.cockpit.now += 1
        await pilot.pause(2.2)
        assert Recording.written == ""


async def test_a_ticking_clock_costs_a_few_bytes() -> None:
    Recording.written = ""
    app = NixtuiApp(MemoryCockpit())
    app.driver_class = Recording
    async with app.run_test(size=(120, 40), headless=False) as pilot:
        await pilot.pause(0.5)
        Recording.written = ""
        app.session.cockpit.now += 1
        await pilot.pause(1.2)
        assert 0 < len(Recording.written) < 120


async def test_a_crash_shows_where_and_never_what() -> None:
    class Breaking(NixtuiApp):
        def break_down(self) -> None:
            password = "hunter2"
            raise RuntimeError(f"broke with {len(password)}")

    app = Breaking(MemoryCockpit())
    printed = Console(record=True, width=100, file=io.StringIO())
    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            app.call_later(app.break_down)
            await pilot.pause(0.2)
            for renderable in app._exit_renderables:
                printed.print(renderable)
    text = printed.export_text()
    assert "RuntimeError" in text
    assert "go back by themselves" in text
    assert "locals" not in text
    assert "'hunter2'" not in text.replace('password = "hunter2"', "")  # the source line may be quoted, the value not


HEAVY = ("asyncssh", "boto3", "botocore", "sqlite3", "cryptography")


def test_the_first_frame_waits_for_none_of_the_heavy_libraries() -> None:
    code = f"import sys, nixtui.tui.app; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("keys", [("j",), ("j", "space"), ("j", "r"), ("j", "enter"), ("j", "enter", "j", "r")])
async def test_a_host_that_leaves_the_fleet_takes_nothing_down(keys: tuple[str, ...]) -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, *keys)
        hosts = [host for name, host in cockpit.fleet.hosts().items() if name != "web-2"]
        cockpit.fleet.set_hosts(hosts)
        cockpit.now += 30
        await pilot.pause(1.3)
        await press(pilot, "y", "escape", "escape", "escape", "1", "k", "r", "escape")
        await until(pilot, lambda: "web-2 " not in shown(app))


async def test_what_fails_in_the_background_is_told() -> None:
    async with opened() as (app, pilot, _):

        async def fail() -> None:
            raise RuntimeError("[bold]no luck")

        app.fleet_screen.in_background(fail, group="test", doing="Trying something")
        await until_shown(pilot, "✖ Trying something: RuntimeError: [bold]no luck")
        assert app.is_running


async def test_leaving_says_what_was_done() -> None:
    async with opened(MemoryCockpit(policy=KEY_IS_ENOUGH)) as (_, pilot, cockpit):
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "✔ committed in")
        assert farewell(cockpit.operations.begun()) == ["op000000  Roll back web-2: 412 → 411  committed"]


NAMES = {":": "colon", "/": "slash", " ": "space", "-": "minus"}


@pytest.mark.parametrize("opener", [":", "/"])
async def test_what_is_typed_faster_than_anything_is_painted_is_text_and_no_keys(opener: str) -> None:
    """A paste into the terminal, or a slow link: all keys are there at once."""
    async with opened() as (app, pilot, cockpit):
        for letter in f"{opener}x rbq S web-2":
            app.post_message(events.Key(NAMES.get(letter, letter), letter))
        await until_shown(pilot, "x rbq S web-2")
        assert app.is_running and not cockpit.operations.begun()
        assert app.fleet_screen.selection().marked == 0
