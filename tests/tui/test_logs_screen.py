"""Screen 6: the journals of the embedded fleet's hosts, through keys."""

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from nixtui.fleet.state import FleetState
from nixtui.logs.line import Kind
from nixtui.logs.query import LogQuery
from nixtui.remote.journal import JournalEntry
from nixtui.tui import opening
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.logs import LogsScreen
from tests.tui.cockpit import MemoryCockpit
from tests.tui.embedded import embedded
from tests.tui.screen import SIZES, opened, press, shown, until, until_shown, write


def screen_of(app: NixtuiApp) -> LogsScreen:
    screen = app.get_screen_stack("logs")[0]
    assert isinstance(screen, LogsScreen)
    return screen


async def open_logs(app: NixtuiApp, pilot: Pilot[None], *, every: bool = False) -> LogsScreen:
    await until(pilot, lambda: len(app.session.cockpit.fleet) and app.fleet_screen.table.cursor, "hosts")
    if every:
        await press(pilot, "ctrl+a")
    await press(pilot, "l")
    await until(pilot, lambda: app.current_mode == "logs", "the screen")
    await until(pilot, lambda: screen_of(app).view and screen_of(app).view.rows, "lines")
    return screen_of(app)


def say(fleet, host: str, message: str, *, priority: int = 6, unit: str = "nginx.service") -> None:
    fleet.hosts[host]._log.say(unit, message, pid=7, priority=priority)


def rows(screen: LogsScreen) -> list[str]:
    assert screen.view is not None
    return [line.message for line in screen.view.rows if line.kind is Kind.ENTRY]


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_written_and_what_is_being_written(size: tuple[int, int]) -> None:
    async with embedded("web-1", "db-1", size=size) as (app, pilot, fleet):
        await open_logs(app, pilot, every=True)
        await until_shown(pilot, "following")
        say(fleet, "web-1", "the answer is 42", priority=3)
        await until_shown(pilot, "the answer is 42")
        line = next(line for line in shown(app).splitlines() if "the answer" in line)
        assert "web-1" in line
        assert "nginx" in line
        assert "✖" in line
        assert "PROD" in shown(app).splitlines()[0]


async def test_scrolled_up_it_counts_what_is_new_and_G_returns() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        await until_shown(pilot, "following")
        await press(pilot, "k", "k", "k")
        await until_shown(pilot, "new")
        cursor = screen.view.cursor
        for number in range(12):
            say(fleet, "web-1", f"later {number}")
        await until(pilot, lambda: re.search(r"\+1[2-9] new", shown(app)), "+12 new")
        assert screen.view.cursor == cursor
        await press(pilot, "G")
        await until_shown(pilot, "following")
        await until_shown(pilot, "later 11")
        await press(pilot, "f")
        await until_shown(pilot, "+0 new")
        await press(pilot, "f")
        await until_shown(pilot, "following")


async def test_search_finds_as_one_types_and_goes_from_one_to_the_next() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        for number in (1, 2, 3):
            say(fleet, "web-1", f"Needle {number}")
            say(fleet, "web-1", "hay")
        await until_shown(pilot, "Needle 3")
        await press(pilot, "slash")
        await write(pilot, "needle")
        await until_shown(pilot, "3 lines")
        await press(pilot, "enter")
        await until_shown(pilot, "3 of 3 found")
        await press(pilot, "N")
        await until_shown(pilot, "2 of 3 found")
        await press(pilot, "n", "n")
        await until_shown(pilot, "Went on from the oldest line")
        await until_shown(pilot, "1 of 3 found")
        assert screen.view.current.message == "Needle 1"
        await until_shown(pilot, "n next  N before")
        await press(pilot, "slash")
        await write(pilot, "s and straw")
        await press(pilot, "enter")
        await until_shown(pilot, "No line has “needles and straw”")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: "found" not in shown(app), "the search is over")
        assert app.current_mode == "logs"


async def test_typing_in_the_search_acts_on_nothing() -> None:
    async with embedded("web-1") as (app, pilot, _):
        screen = await open_logs(app, pilot)
        await press(pilot, "slash")
        await write(pilot, "pmq")
        await until_shown(pilot, "found nowhere")
        assert not screen.is_paused
        assert all(line.kind is not Kind.MARK for line in screen.view.rows)
        await press(pilot, "escape")
        await until(pilot, lambda: not screen.view.needle, "left")


async def test_paused_nothing_moves_and_nothing_is_lost() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        await press(pilot, "p")
        await until_shown(pilot, "PAUSED")
        say(fleet, "web-1", "while paused")
        await until(pilot, lambda: any(x.message == "while paused" for x in screen.tail.buffer.lines), "followed on")
        assert "while paused" not in shown(app)
        await press(pilot, "p")
        await until_shown(pilot, "while paused")


async def test_units_and_priorities_are_asked_from_the_hosts() -> None:
    async with embedded("web-1", "db-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot, every=True)
        say(fleet, "web-1", "broken", priority=3, unit="shop-api.service")
        await until_shown(pilot, "broken")
        await press(pilot, "u")
        await write(pilot, "shop")
        await press(pilot, "tab", "enter")
        await until(pilot, lambda: screen.query_now.units == ("shop-api.service",), "the unit")
        await until_shown(pilot, "following")
        assert {line.unit for line in screen.view.rows if line.kind is Kind.ENTRY} == {"shop-api.service"}
        await press(pilot, "P")
        await write(pilot, "errors")
        await press(pilot, "enter")
        await until(pilot, lambda: rows(screen) == ["broken"], "only errors")
        await until_shown(pilot, "≥ err")
        await press(pilot, "escape")
        await until(pilot, lambda: len(rows(screen)) > 5, "everything again")


async def test_since() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        say(fleet, "web-1", "just now")
        await until_shown(pilot, "just now")
        await press(pilot, "t")
        await write(pilot, "5s")
        await until_shown(pilot, "→ ")
        await press(pilot, "enter")
        await until(pilot, lambda: screen.query_now.since is not None, "since")
        await until(pilot, lambda: "just now" in rows(screen) and len(rows(screen)) < 8, "only the newest")
        await press(pilot, "t")
        await write(pilot, "soon")
        await until_shown(pilot, "write 10m, 2h")


async def test_each_host_alone_then_all() -> None:
    async with embedded("web-1", "db-1") as (app, pilot, _):
        screen = await open_logs(app, pilot, every=True)
        await until(pilot, lambda: {x.host for x in screen.view.rows} >= {"web-1", "db-1"}, "both")
        await press(pilot, "right_square_bracket")
        await until_shown(pilot, "of 2 hosts")
        assert len({line.host for line in screen.view.rows if line.host}) == 1
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert screen.view.only is None
        await press(pilot, "h")
        await write(pilot, "db")
        await press(pilot, "enter")
        await until(pilot, lambda: screen.view.only == "db-1", "chosen")
        await press(pilot, "escape")
        await until(pilot, lambda: screen.view.only is None, "all again")


async def test_hosts_that_cannot_be_reached_are_said_in_a_line_and_hold_up_nobody() -> None:
    async with embedded("web-1", "cache-2") as (app, pilot, fleet):
        screen = await open_logs(app, pilot, every=True)
        await until_shown(pilot, "1 of 2 hosts lost")
        await until_shown(pilot, "refuses connections")
        say(fleet, "web-1", "still here")
        await until_shown(pilot, "still here")
        assert sum(line.kind is Kind.TROUBLE for line in screen.view.rows) == 1
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "Trying 1 lost host again")
        await press(pilot, "1")
        await until(pilot, lambda: app.current_mode == "fleet", "left")


async def test_a_host_that_goes_down_and_comes_back_is_followed_from_where_it_was() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        say(fleet, "web-1", "number 1")
        await until_shown(pilot, "number 1")
        server = fleet.hosts["web-1"]._server
        await server.down()
        await until_shown(pilot, "✖ host lost")
        say(fleet, "web-1", "number 2")
        await server.up()
        await until_shown(pilot, "number 2")
        await until_shown(pilot, "connected again")
        say(fleet, "web-1", "number 3")
        await until_shown(pilot, "number 3")
        assert [each for each in rows(screen) if each.startswith("number")] == ["number 1", "number 2", "number 3"]


async def test_a_record_has_all_its_fields() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        say(fleet, "web-1", "look at \x1b[31mme")
        await until_shown(pilot, "look at me")
        while not screen.view.current.message.startswith("look"):
            await press(pilot, "k")
        await press(pilot, "enter")
        await until_shown(pilot, "_BOOT_ID")
        await until_shown(pilot, "info (6)")
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen, "closed")


async def test_wrap_times_marks_and_sideways() -> None:
    async with embedded("web-1", size=(80, 24)) as (app, pilot, fleet):
        await open_logs(app, pilot)
        say(fleet, "web-1", "begin " + "x" * 100 + " end")
        await until_shown(pilot, "begin")
        assert " end" not in shown(app)
        await press(pilot, "right", "right", "right", "right")
        await until_shown(pilot, " end")
        await press(pilot, "left", "left", "left", "left", "w")
        await until_shown(pilot, "begin")
        await until_shown(pilot, " end")
        assert re.search(r"\d\d:\d\d:\d\d shop|\d\d:\d\d:\d\d nginx", shown(app))
        await press(pilot, "T", "T")
        await until_shown(pilot, "Times: age.")
        assert re.search(r"│[ ▌] *\d+[smh] ", shown(app))
        await press(pilot, "T")
        assert not re.search(r"│[ ▌] *\d+[smh] ", shown(app))
        await press(pilot, "m")
        await until_shown(pilot, "── ")


async def test_saving_copying_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with embedded("web-1", "db-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot, every=True)
        say(fleet, "web-1", "keep me")
        await until_shown(pilot, "keep me")
        await press(pilot, "ctrl+s")
        await until_shown(pilot, "Saved")
        saved = list(fleet.directory.glob("nixtui-logs-*-2-hosts.log"))
        assert len(saved) == 1
        assert "web-1 nginx.service[7] info: keep me\n" in saved[0].read_text()
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await press(pilot, "y")
        assert copied == ["nixtui logs " + " ".join(screen.hosts) + " --follow"]
        await press(pilot, "slash")
        await write(pilot, "keep")
        await press(pilot, "enter", "c")
        assert copied[-1].endswith("info: keep me")


async def test_hosts_stay_those_it_was_opened_with_and_the_same_ones_go_on() -> None:
    async with embedded("web-1", "db-1") as (app, pilot, _):
        screen = await open_logs(app, pilot)
        hosts, tail = screen.hosts, screen.tail
        assert len(hosts) == 1
        await press(pilot, "1", "j", "6")
        await until(pilot, lambda: app.current_mode == "logs", "back")
        assert screen.hosts == hosts
        assert screen.tail is tail
        await press(pilot, "1", "l")
        await until(pilot, lambda: screen.hosts != hosts, "the other host")


async def test_dropped_lines_are_said() -> None:
    async with embedded("web-1") as (app, pilot, fleet):
        screen = await open_logs(app, pilot)
        screen.tail.buffer._most_lines = 40
        for number in range(60):
            say(fleet, "web-1", f"flood {number}")
        await until_shown(pilot, "dropped")
        await press(pilot, "g")
        await until_shown(pilot, "older lines were dropped")


async def test_without_a_host_it_says_what_to_do() -> None:
    async with opened(MemoryCockpit(FleetState())) as (_, pilot, _):
        await press(pilot, "6")
        await until_shown(pilot, "No host is chosen.")
        await press(pilot, "u")
        await until_shown(pilot, "no host is selected")


async def test_while_nobody_answers_it_says_for_whom_it_waits_and_can_be_left() -> None:
    async with opened() as (app, pilot, _):
        await press(pilot, "l")
        await until_shown(pilot, "reading the journal of ")
        await press(pilot, "p", "p", "f", "slash", "escape", "G", "k", "m", "escape", "escape")
        await until(pilot, lambda: app.current_mode == "fleet", "left")


async def test_other_screens_can_open_it_with_a_query_and_it_keeps_what_it_shows_where_that_is_narrower() -> None:
    async with embedded("web-1") as (app, pilot, _):
        await until(pilot, lambda: len(app.session.cockpit.fleet), "hosts")
        opening.logs(app, ("web-1",), LogQuery(units=("nginx.service",)))
        screen = screen_of(app)
        await until(pilot, lambda: screen.view.rows, "lines")
        assert {line.unit for line in screen.view.rows if line.kind is Kind.ENTRY} == {"nginx.service"}
        before = rows(screen)
        screen.ask_for(LogQuery(units=("nginx.service",), grep="get"))
        assert rows(screen) == [each for each in before if "get" in each.lower()]
        await until_shown(pilot, "following")
        kept = [line.cursor for line in screen.view.rows if line.kind is Kind.ENTRY]
        assert len(kept) == len(set(kept))


async def test_nothing_is_painted_while_nothing_happens() -> None:
    async with opened() as (app, pilot, cockpit):
        await press(pilot, "l")
        await until(pilot, lambda: cockpit.logs.tails, "followed")
        tail = cockpit.logs.tails[-1]
        tail.take("web-1", [JournalEntry("c", None, 6, "a.service", "a", "1", "the only line")], 0.0)
        await until_shown(pilot, "the only line")
        pane = screen_of(app)._pane
        painted: list[object] = []
        pane.refresh = lambda *regions, **_: painted.append(regions)
        screen_of(app)._take_in()
        tail.wake()
        await pilot.pause(0.3)
        assert painted == []
