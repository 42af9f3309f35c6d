"""A host that somebody else is changing, in the dialog of a rollback; and the way to the field to type in."""

import time

from nixtui.demo import DemoFleet
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, until_shown


def lock(fleet: DemoFleet, name: str) -> None:
    file = fleet.hosts[name].root.at("/run/nixtui/lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"operation 8f2a\noperator ada@ops-2\nsince {int(time.time())}\nuptime 12\n")


async def test_the_dialog_refuses_a_host_that_is_locked_though_its_generations_were_known() -> None:
    async with embedded("web-1") as (_, pilot, fleet):
        await press(pilot, "r")
        await until_shown(pilot, "no reboot needed")
        await press(pilot, "escape")
        lock(fleet, "web-1")
        await until_shown(pilot, "ada@ops-2")
        await press(pilot, "r")
        await until_shown(pilot, "locked by ada@ops-2 with operation 8f2a")
        await until_shown(pilot, "--break-lock")
        await until_shown(pilot, "nothing to do")


async def test_the_field_says_how_to_get_there_until_one_is() -> None:
    async with embedded("web-1") as (app, pilot, _):
        await press(pilot, "r")
        await until_shown(pilot, "to confirm ▸ Tab goes here")
        await press(pilot, "tab")
        if "Tab goes here" in shown(app):  # a plan of one host has choices before it
            await press(pilot, "tab")
        assert "Tab goes here" not in shown(app)
        await press(pilot, *"web-1")
        await until_shown(pilot, "to confirm ▸ web-1")
