"""Generations on the embedded fleet, through keys: side by side, what differs, and every way to go, delete and pin."""

import pytest
from textual.pilot import Pilot

from nixtui.demo import DemoFleet
from nixtui.operations.report import Outcome
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.confirming import Confirming
from nixtui.tui.screens.generations import GenerationsScreen
from nixtui.tui.screens.logs import LogsScreen
from tests.tui.embedded import embedded
from tests.tui.screen import line_with, press, shown, until, until_shown, write

EASY = {"environments": {"prod": {"confirm": "key"}}}
WEB = ("web-1", "web-2", "web-4")
SIZES = ((80, 24), (120, 40), (200, 50))


async def to_generations(app: NixtuiApp, pilot: Pilot[None], *names: str) -> GenerationsScreen:
    """The generations of these hosts, as soon as all have told them."""
    fleet = app.session.cockpit.fleet
    await until(pilot, lambda: all(fleet.status(name).facts.current_system for name in names), "the hosts are seen")
    await press(pilot, "slash")
    await write(pilot, ",".join(names))
    await press(pilot, "enter", *(["ctrl+a"] if len(names) > 1 else []), "enter")
    await until(pilot, lambda: isinstance(app.screen, GenerationsScreen), "the screen")
    screen = app.screen
    assert isinstance(screen, GenerationsScreen)
    await until(pilot, lambda: set(screen._known) == set(names), "all have told")
    return screen


async def ended(app: NixtuiApp, pilot: Pilot[None]) -> Outcome:
    """The outcome of the last operation, once it is there."""
    operations = app.session.cockpit.operations
    await until(pilot, lambda: operations.begun() and operations.begun()[-1].report, "it ends")
    report = operations.begun()[-1].report
    assert report is not None
    return report.outcome


async def confirm(app: NixtuiApp, pilot: Pilot[None]) -> None:
    """Say yes: the choice to start is one to the right of Cancel, which has the focus."""
    await until(pilot, lambda: isinstance(app.screen, Confirming) and app.screen.draft.plan, "the plan")
    await pilot.pause()
    assert app.focused is not None
    assert app.focused.id == "cancel"
    await press(pilot, "tab", "enter")
    await until(pilot, lambda: not isinstance(app.screen, Confirming), "it begins")


async def back_to(screen: GenerationsScreen, pilot: Pilot[None]) -> None:
    """Leave the progress view; the first esc may only send a message away."""
    while pilot.app.screen is not screen:
        await press(pilot, "escape")
        await pilot.pause()


def current(fleet: DemoFleet, name: str) -> str | None:
    return fleet.hosts[name].root.resolved("/run/current-system")


def profile(fleet: DemoFleet, name: str) -> str | None:
    return fleet.hosts[name].root.resolved("/nix/var/nix/profiles/system")


@pytest.mark.parametrize("size", SIZES)
async def test_hosts_stand_side_by_side_and_outliers_are_seen(size: tuple[int, int]) -> None:
    async with embedded(*WEB, size=size) as (app, pilot, _):
        screen = await to_generations(app, pilot, *WEB)
        await until_shown(pilot, "!web-1" if screen.host != "web-1" else "▸web-1")
        header = line_with(app, "REV ")
        assert all(name in header for name in WEB)
        newest = next(line for line in shown(app).splitlines() if "2/2" in line)
        assert newest.count("412 ●") == 2, "what most run, and only they have it"
        older = next(line for line in shown(app).splitlines() if "411 ●" in line)
        assert "1/3" in older
        await until_shown(pilot, "1 not on what most run")
        await until_shown(pilot, "runs")
        await until_shown(pilot, "boots next")


async def test_columns_scroll_with_the_selected_host_and_m_shows_it_alone() -> None:
    names = ("web-1", "web-2", "web-3", "web-4", "db-1", "stage-web-1")
    async with embedded(*names, size=(60, 24)) as (app, pilot, _):
        screen = await to_generations(app, pilot, *names)
        last = screen.hosts[-1]
        assert last not in line_with(app, "REV ")
        assert f"▸{screen.host}" in line_with(app, "REV ")
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: f"▸{last}" in line_with(app, "REV "))
        await press(pilot, "m")
        await until(pilot, lambda: "● running" in shown(app))
        assert last in shown(app).splitlines()[1]
        await press(pilot, "m")
        await until(pilot, lambda: f"▸{last}" in line_with(app, "REV "))


async def test_what_differs_is_told_with_commits_units_kernel_and_packages() -> None:
    async with embedded("web-2", size=(120, 50)) as (app, pilot, _):
        await to_generations(app, pilot, "web-2")
        await press(pilot, "j")
        await until_shown(pilot, "412 → 411")
        await until_shown(pilot, "3 commits undone")
        text = shown(app)
        assert "nginx: http3" in text
        assert "bump openssl" in text
        assert "2 changed" in line_with(app, "units")
        assert "~ nginx.service" in text
        assert "6.12.58  the same" in text
        assert "no reboot between them" in text
        await until_shown(pilot, "closure")
        await press(pilot, "G")
        await until_shown(pilot, "◆ reboot for full effect: kernel 6.12.58 →")


async def test_generations_of_two_hosts_can_be_compared() -> None:
    async with embedded("web-1", "web-2", size=(120, 50)) as (app, pilot, _):
        screen = await to_generations(app, pilot, "web-1", "web-2")
        if screen.host != "web-2":
            await press(pilot, "right_square_bracket")
        await press(pilot, "g", "space", "right_square_bracket", "j")
        await until_shown(pilot, "web-2:412 → web-1:411")
        await until_shown(pilot, "3 commits undone")
        await press(pilot, "escape")
        await until(pilot, lambda: "web-2:412 → " not in shown(app))


async def test_a_preview_says_what_would_restart_and_changes_nothing() -> None:
    async with embedded("web-2") as (app, pilot, fleet):
        before = current(fleet, "web-2")
        await to_generations(app, pilot, "web-2")
        await press(pilot, "j", "p")
        await until_shown(pilot, "Preview going to 411 on web-2")
        await until_shown(pilot, "will start")
        await until_shown(pilot, "no reboot needed")
        await press(pilot, "p")
        await until_shown(pilot, "412 → 411")
        assert current(fleet, "web-2") == before


async def test_a_row_is_rolled_back_to_by_every_host_that_has_it_each_to_its_own_number() -> None:
    async with embedded(*WEB, size=(120, 40), overrides=EASY) as (app, pilot, fleet):
        screen = await to_generations(app, pilot, *WEB)
        older = next(row for row in screen._matrix.rows if row.running == 1)
        screen.table.go_to(older.key)
        numbers = {name: cell.generation.number for name, cell in older.cells.items()}
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(app.screen, Confirming) and app.screen.draft.plan, "the plan")
        assert isinstance(app.screen, Confirming)
        assert app.screen.draft.plan is not None
        acting = {row.name: row.after for row in app.screen.draft.plan.acting_on}
        assert acting == {name: str(numbers[name]) for name in ("web-2", "web-4")}, "web-1 runs it already"
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.COMMITTED
        assert (
            len({older.cells[name].generation.path for name in acting} & {current(fleet, name) for name in acting}) == 2
        )


async def test_the_dialog_names_the_commits_that_are_undone() -> None:
    async with embedded("web-2") as (app, pilot, _):
        await to_generations(app, pilot, "web-2")
        await press(pilot, "j", "r")
        await until_shown(pilot, '3 commits undone: "nginx: http3"')
        assert "12 min" not in line_with(app, "commits")


async def test_a_test_ends_as_tested_and_undo_leads_back() -> None:
    async with embedded("stage-web-1", size=(120, 40)) as (app, pilot, fleet):
        screen = await to_generations(app, pilot, "stage-web-1")
        newest = profile(fleet, "stage-web-1")
        await press(pilot, "j", "T")
        await until_shown(pilot, "until the next reboot")
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.TESTED
        await until_shown(pilot, "tested")
        assert current(fleet, "stage-web-1") != newest == profile(fleet, "stage-web-1")
        await back_to(screen, pilot)
        await until_shown(pilot, "running, not the profile")
        await press(pilot, "U")
        await until_shown(pilot, "154 → 155")
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.COMMITTED
        assert current(fleet, "stage-web-1") == newest


async def test_boot_only_leaves_what_runs_alone() -> None:
    async with embedded("stage-web-1") as (app, pilot, fleet):
        await to_generations(app, pilot, "stage-web-1")
        running = current(fleet, "stage-web-1")
        await press(pilot, "j", "B")
        await until_shown(pilot, "what runs stays as it is until the next reboot")
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.COMMITTED
        assert current(fleet, "stage-web-1") == running
        assert profile(fleet, "stage-web-1") != running
        assert fleet.hosts["stage-web-1"].root.boots_next() == profile(fleet, "stage-web-1")


async def test_old_ones_are_deleted_after_a_plan_that_names_them_and_a_pinned_one_stays() -> None:
    async with embedded("stage-web-1", size=(120, 40)) as (app, pilot, fleet):
        screen = await to_generations(app, pilot, "stage-web-1")
        await press(pilot, "G", "P")
        await until_shown(pilot, "Pin 151 on stage-web-1")
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.COMMITTED
        await back_to(screen, pilot)
        await until_shown(pilot, "★ pinned")
        await press(pilot, "D")
        await write(pilot, "x")
        await until_shown(pilot, "is neither how many to keep")
        await press(pilot, "backspace")
        await write(pilot, "1")
        await press(pilot, "enter")
        await until_shown(pilot, "deletes 152; frees up to")
        await until_shown(pilot, "cannot be undone")
        await confirm(app, pilot)
        assert await ended(app, pilot) is Outcome.COMMITTED
        await back_to(screen, pilot)
        await until(pilot, lambda: [each.number for each in screen.known.items] == [155, 154, 153, 151])
        assert not fleet.hosts["stage-web-1"].root.has("/boot/loader/entries/nixos-generation-152.conf")


async def test_the_journal_of_the_units_that_differ_is_asked_for() -> None:
    async with embedded("web-2") as (app, pilot, _):
        await to_generations(app, pilot, "web-2")
        await press(pilot, "l")
        await until_shown(pilot, "Choose another generation")
        await press(pilot, "j")
        await until_shown(pilot, "3 commits undone")
        await press(pilot, "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await press(pilot, "y")
        await until(pilot, lambda: "--unit nginx.service" in app.clipboard)
        assert "--since" in app.clipboard


async def test_a_target_for_all_is_proposed_from_the_row() -> None:
    async with embedded(*WEB, size=(120, 40)) as (app, pilot, _):
        screen = await to_generations(app, pilot, *WEB)
        revision = screen._matrix.rows[1].revision
        assert revision is not None
        screen.table.go_to(screen._matrix.rows[1].key)
        await press(pilot, "R")
        await until_shown(pilot, f"rev:{revision[:12]}")


async def test_read_only_proposes_nothing() -> None:
    async with embedded("web-2", read_only=True) as (app, pilot, _):
        await to_generations(app, pilot, "web-2")
        await press(pilot, "j")
        for key in ("r", "R", "T", "B", "U", "D", "P"):
            await press(pilot, key)
            await until_shown(pilot, "nixtui runs read-only")
            assert not isinstance(app.screen, Confirming)
            await press(pilot, "escape")
