"""The form of a launch: what the region has is offered, what is typed goes, and nothing is begun by it."""

from nixtui.instances.offers import Offers
from nixtui.tui.screens.launching import LaunchDialog
from tests.tui.aws_in_memory import with_aws
from tests.tui.cockpit import MemoryCockpit, synthetic_fleet
from tests.tui.screen import line_with, opened, press, shown, until, until_shown, write


def at_aws() -> MemoryCockpit:
    cockpit = MemoryCockpit(synthetic_fleet(60))
    with_aws(cockpit)
    return cockpit


async def test_what_the_region_has_is_offered_and_chosen_with_arrows() -> None:
    async with opened(at_aws()) as (app, pilot, _):
        await press(pilot, "4", "tab")
        await until_shown(pilot, "7 in 2 regions")
        await press(pilot, "n")
        await until_shown(pilot, "it has no name yet")
        await write(pilot, "web 2")
        await until_shown(pilot, "✖ the name")
        await press(pilot, "backspace", "backspace", "2", "enter")
        await until_shown(pilot, "t3.micro")  # although another type is there: nothing was typed yet
        await press(pilot, *["backspace"] * len("c7i.xlarge"))
        await write(pilot, "sma")
        await until(pilot, lambda: "t3.micro" not in shown(app), "only what fits")
        await press(pilot, "down", "enter")
        await until_shown(pilot, "type      t3.small")
        await until_shown(pilot, "10.1.0.0/20")
        await press(pilot, "shift+tab", "x")
        await until_shown(pilot, "nothing that is known is like that")
        await press(pilot, "escape")
        await until(pilot, lambda: not isinstance(app.screen, LaunchDialog), "no form")


async def test_where_nothing_may_be_asked_it_can_be_typed() -> None:
    cockpit = at_aws()

    async def nothing(_: object) -> Offers:
        return Offers()

    cockpit.instances.offers = nothing
    async with opened(cockpit) as (app, pilot, _):
        await press(pilot, "4")
        await until_shown(pilot, "▌ shop/web")
        await press(pilot, "n")
        await until_shown(pilot, "Launch from shop/web-26.05.20261119")
        await write(pilot, "web9")
        await press(pilot, "enter")
        await until_shown(pilot, "what there is may not be asked; type it")
        await until_shown(pilot, "it has no type yet")
        await write(pilot, "t3.nano")
        await until(pilot, lambda: "no type yet" not in shown(app), "no objection")
        await press(pilot, "enter", "enter", "enter", "enter", "enter", "enter")
        await until_shown(pilot, "▸ Show the plan ◂")
        assert "web9" in line_with(app, "name  ")
