"""The app's first promise, on hosts that are reached over SSH: a bad generation is taken back by keys alone."""

import pytest

from nixtui.tui.action_table import actions_in
from nixtui.tui.actions import Scope
from tests.tui.embedded import embedded
from tests.tui.screen import line_with, press, until, until_shown, write


async def test_a_bad_deploy_is_taken_back_by_keys_alone_and_the_row_says_so_by_itself() -> None:
    async with embedded("web-1", "web-2") as (app, pilot, fleet):
        await until_shown(pilot, "failed: nginx")
        before = fleet.hosts["web-2"].root.resolved("/run/current-system")
        await write(pilot, ":host web-2")
        await press(pilot, "enter", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")  # the field that is missing gets the focus
        await write(pilot, "web-2")
        await press(pilot, "enter", "enter")
        await until_shown(pilot, "committed in")
        await press(pilot, "escape", "1")
        await until(pilot, lambda: "● up" in line_with(app, "web-2") and " 411 " in line_with(app, "web-2"))
        assert fleet.hosts["web-2"].root.resolved("/run/current-system") != before


async def test_what_a_configuration_says_otherwise_applies() -> None:
    key_is_enough = {"environments": {"prod": {"confirm": "key"}}}
    async with embedded("web-2", overrides=key_is_enough) as (_, pilot, _fleet):
        await until_shown(pilot, "failed: nginx")
        await press(pilot, "j", "r")
        await until_shown(pilot, "412 → 411")
        await press(pilot, "right", "enter")
        await until_shown(pilot, "committed in")


async def test_read_only_is_read_only() -> None:
    async with embedded("web-2", read_only=True) as (_, pilot, _fleet):
        await until_shown(pilot, "failed: nginx")
        await press(pilot, "r")
        await until_shown(pilot, "read-only")


_DANGEROUS = [each.id for each in actions_in(Scope.FLEET) if each.danger]


@pytest.mark.parametrize("identity", _DANGEROUS)
async def test_no_key_of_the_fleet_changes_anything_without_a_decision(identity: str) -> None:
    """Whatever the table will have in it: the key, and Enter twice as a hasty finger does, begin nothing."""
    key_is_enough = {"environments": {"prod": {"confirm": "key"}}}
    async with embedded("web-2", overrides=key_is_enough) as (app, pilot, fleet):
        await until_shown(pilot, "failed: nginx")
        before = fleet.hosts["web-2"].root.resolved("/run/current-system")
        app.fleet_screen.action_act(identity)
        if identity != "break_lock":  # there is none to break, and that is said at once
            await until(pilot, lambda: app.screen is not app.fleet_screen or app.focused is not app.fleet_screen.table)
        await press(pilot, "enter", "enter")
        await pilot.pause()
        assert not app.session.cockpit.operations.begun()
        assert fleet.hosts["web-2"].root.resolved("/run/current-system") == before
