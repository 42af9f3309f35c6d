"""The incident view on the embedded fleet: real hosts, asked through real SSH, through keys."""

import pytest

from nixtui.model.timeline import Kind
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.incident import IncidentScreen
from nixtui.tui.screens.message_page import MessagePage
from nixtui.tui.screens.rollback import RollbackDialog
from tests.tui.embedded import embedded
from tests.tui.screen import SIZES, line_with, press, shown, until, until_shown, write

BAD_DEPLOY = ("web-2", "web-4", "db-1")


def incident(app: NixtuiApp) -> IncidentScreen:
    screen = app.screen
    assert isinstance(screen, IncidentScreen)
    return screen


async def ready(app: NixtuiApp, pilot) -> IncidentScreen:
    """The view, once every host was asked."""
    await until(pilot, lambda: len(app.session.cockpit.fleet) > 0, "hosts")
    await press(pilot, "7", "tab")
    await until(pilot, lambda: isinstance(app.screen, IncidentScreen), "the incident view")
    screen = incident(app)
    await until(pilot, lambda: screen.book.answers and not screen.book.waiting and screen._rows, "answers")
    await until(pilot, lambda: not screen._showing)
    return screen


def cursor_on(screen: IncidentScreen, kind: Kind) -> None:
    """Put the cursor on the newest moment of a kind."""
    key = next(key for key, row in screen._rows.items() if row.moment and row.moment.kind is kind)
    screen.table.go_to(key)


@pytest.mark.parametrize("size", SIZES)
async def test_the_night_is_one_look(size: tuple[int, int]) -> None:
    async with embedded(*BAD_DEPLOY, size=size) as (app, pilot, _):
        await ready(app, pilot)
        await until_shown(pilot, "generation 411 → 412")
        await until_shown(pilot, "[Incident]")
        lines = [line for line in shown(app).splitlines() if ":" in line]
        failed, switched, planned, rebooted = (
            next(number for number, line in enumerate(lines) if text in line)
            for text in ("nginx.service failed", "generation 411 → 412", "Deploy ", "rebooted (kernel")
        )
        assert failed < switched < planned < rebooted
        assert "web-2 web-4" in line_with(app, "generation 411 → 412")


async def test_the_age_of_what_is_looked_at_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    async with embedded("web-2") as (app, pilot, _):
        screen = await ready(app, pilot)
        cursor_on(screen, Kind.SWITCH)
        await until_shown(pilot, "min ago")
        clock = app.session.cockpit.clock
        monkeypatch.setattr(app.session.cockpit, "clock", lambda: clock() + 5 * 3600)
        await until_shown(pilot, "5 h ago")


async def test_back_to_before_proposes_what_each_host_ran() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        screen = await ready(app, pilot)
        cursor_on(screen, Kind.SWITCH)
        await press(pilot, "R")
        await until_shown(pilot, "Back to what ran before")
        await until_shown(pilot, "1  web-2")
        assert "412 → 411" in line_with(app, "1  web-2")
        assert "412 → 411" in line_with(app, "2  web-4")
        await until_shown(pilot, "▸ Cancel ◂")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is screen, "the view again")


async def test_back_to_before_is_done_and_the_way_back_leads_forward_again() -> None:
    """The host has switched since by then, and the first switch's before is still the same system."""
    overrides = {"environments": {"prod": {"confirm": "key"}}}
    async with embedded("web-2", overrides=overrides) as (app, pilot, _):
        screen = await ready(app, pilot)
        before = app.session.cockpit.fleet.status("web-2").facts.current_system
        cursor_on(screen, Kind.SWITCH)
        await press(pilot, "R")
        await until(pilot, lambda: isinstance(app.screen, RollbackDialog))
        await until_shown(pilot, "412 → 411")
        await until(pilot, lambda: app.screen.decision.why_not() is None)  # type: ignore[attr-defined]
        await press(pilot, "right", "enter")
        await until(pilot, lambda: "committed in" in shown(app), "the end")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.session.cockpit.fleet.status("web-2").facts.current_system != before)
        await press(pilot, "7", "tab", "ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, IncidentScreen))
        await until_shown(pilot, "generation 412 → 411")
        cursor_on(screen, Kind.SWITCH)
        await press(pilot, "R")
        await until_shown(pilot, "411 → 412")
        await press(pilot, "escape")
        rows = [row.moment for row in screen._rows.values() if row.moment and row.moment.kind is Kind.SWITCH]
        screen.table.go_to(rows[-1].key)
        await press(pilot, "R")
        await until_shown(pilot, "it runs, boots and is the profile already")


async def test_only_a_switch_has_a_way_back() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        screen = await ready(app, pilot)
        cursor_on(screen, Kind.FAILED)
        await press(pilot, "R")
        await until_shown(pilot, "only a generation switch has a before to go back to")
        assert app.screen is screen


async def test_read_only_stands_against_it() -> None:
    async with embedded(*BAD_DEPLOY, read_only=True) as (app, pilot, _):
        screen = await ready(app, pilot)
        cursor_on(screen, Kind.SWITCH)
        await press(pilot, "R")
        await until_shown(pilot, "read-only")
        assert app.screen is screen


async def test_what_changed_before_a_moment_draws_a_line_and_goes_to_the_change() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        screen = await ready(app, pilot)
        await press(pilot, "at")
        await until_shown(pilot, "what changed before")
        await press(pilot, "ctrl+u")
        await write(pilot, "5m")
        await until_shown(pilot, "→ web-2 web-4")
        await press(pilot, "enter")
        await until_shown(pilot, "what changed before: below")
        assert screen.chosen is not None and screen.chosen.kind is Kind.SWITCH
        await press(pilot, "escape")
        await until(pilot, lambda: "what changed before: below" not in shown(app))


async def test_the_command_line_asks_it_from_anywhere() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        await press(pilot, "colon")
        await write(pilot, "before 5m")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, IncidentScreen))
        await until_shown(pilot, "what changed before: below")
        await press(pilot, "colon")
        await write(pilot, "before teatime")
        await press(pilot, "enter")
        await until_shown(pilot, "is no moment")


async def test_filters_take_selectors_and_words() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        await ready(app, pilot)
        await press(pilot, "slash")
        await write(pilot, "tag:role=db")
        await until(pilot, lambda: "nginx.service failed" not in shown(app) and "rebooted" in shown(app))
        await press(pilot, "enter", "slash", "ctrl+u")
        await write(pilot, "nginx")
        await until(pilot, lambda: "nginx.service failed" in shown(app) and "rebooted" not in shown(app))
        await press(pilot, "enter", "slash", "ctrl+u")
        await write(pilot, "is:wonderful")
        await until_shown(pilot, "a host is never")
        await press(pilot, "escape", "escape")
        await until_shown(pilot, "rebooted")


async def test_kinds_can_be_left_out() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        await ready(app, pilot)
        await press(pilot, "f")
        await write(pilot, "reboots")
        await press(pilot, "enter")
        await until(pilot, lambda: "rebooted (kernel" not in shown(app) and "without reboots" in shown(app))
        await press(pilot, "escape")
        await until_shown(pilot, "rebooted (kernel")


async def test_it_is_about_the_hosts_that_are_marked_in_the_fleet() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        await until(pilot, lambda: "db-1" in app.session.cockpit.fleet)
        app.fleet_screen.go_to_host("db-1")
        await press(pilot, "space")
        screen = await ready(app, pilot)
        await until_shown(pilot, "1 marked")
        assert set(screen.book.answers) == {"db-1"}
        await press(pilot, "a")
        await until_shown(pilot, "nginx.service failed")
        await until_shown(pilot, "all hosts")


async def test_a_host_that_cannot_be_asked_is_named_and_stops_nothing() -> None:
    async with embedded("web-2", "cache-2") as (app, pilot, _):
        screen = await ready(app, pilot)
        await until_shown(pilot, "cache-2 not reached")
        await until_shown(pilot, "generation 411 → 412")
        await press(pilot, "c")
        await until(pilot, lambda: "cache-2: could not be asked" in app.clipboard)
        await press(pilot, "1")
        assert app.screen is app.fleet_screen
        assert screen.book.failed


async def test_the_incident_is_copied_as_markdown() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        await ready(app, pilot)
        await until(pilot, lambda: app.session.cockpit.fleet.status("web-2").facts.failed_units)
        await press(pilot, "c")
        await until(pilot, lambda: "**Incident timeline of demo**" in app.clipboard)
        assert "| web-2, web-4 | nginx.service failed |" in app.clipboard
        assert "| web-2 | degraded | 412 |" in app.clipboard
        assert "Operations:" in app.clipboard


async def test_enter_opens_the_operation_and_d_says_what_changed() -> None:
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        screen = await ready(app, pilot)
        cursor_on(screen, Kind.SWITCH)
        await press(pilot, "D")
        await until_shown(pilot, "changed on web-2")
        await until(
            pilot, lambda: screen._diffs and all("comparing" not in str(each) for each in screen._diffs.values())
        )
        await press(pilot, "enter")
        await until_shown(pilot, "WHERE IT IS")
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen)


async def test_tab_goes_round_the_three_views() -> None:
    async with embedded("web-2") as (_, pilot, _):
        await press(pilot, "7")
        await until_shown(pilot, "[Operations]")
        await press(pilot, "tab")
        await until_shown(pilot, "[Incident]")
        await press(pilot, "tab")
        await until_shown(pilot, "[Messages]")
        await press(pilot, "tab")
        await until_shown(pilot, "[Operations]")
        await press(pilot, "shift+tab")
        await until_shown(pilot, "[Messages]")


async def test_an_error_has_a_page_with_its_cause_and_next_step_that_can_be_copied() -> None:
    async with embedded("web-2", size=(80, 24)) as (app, pilot, _):
        try:
            raise OSError("disk\x1b[31m full " + "x" * 3000)
        except OSError as cause:
            error = RuntimeError("cannot keep it")
            error.__cause__ = cause
        app.session.confess(error, "Saving")
        await until_shown(pilot, "✖ Saving: RuntimeError: cannot keep it")
        await press(pilot, "exclamation_mark")
        await until(pilot, lambda: isinstance(app.screen, MessagePage))
        await until_shown(pilot, "OSError: disk full")
        await until_shown(pilot, "▸ Close ◂")
        await until_shown(pilot, "more lines")
        await press(pilot, "c")
        assert "cannot keep it" in app.clipboard and "\x1b" not in app.clipboard
        await press(pilot, "J", "J", "J", "J", "J", "J", "J", "J", "J")
        await until(pilot, lambda: "OSError: disk full" not in shown(app))
        await press(pilot, "escape", "7", "m")
        await until_shown(pilot, "[Messages]")
        await until_shown(pilot, "Saving: RuntimeError")


async def test_a_view_that_is_looked_at_repaints_only_what_changed() -> None:
    """Every second the ages may read differently; as a rule they do not, and then no row is drawn."""
    async with embedded(*BAD_DEPLOY) as (app, pilot, _):
        screen = await ready(app, pilot)
        drawn: list[object] = []
        screen.table.refresh = lambda *regions, **_: drawn.extend(regions or ("all",))  # type: ignore[method-assign]
        later = app.session.cockpit.clock() + 0.01
        screen.tick(later)
        assert "all" not in drawn
        assert len(drawn) <= 2, drawn
