"""The pictures of README.md, drawn from the app itself on the tests' deterministic fleet: `make screenshots`."""

import asyncio
from pathlib import Path

from tests.tui.cockpit import MemoryCockpit, synthetic_fleet
from tests.tui.screen import opened, press, until_shown, write

FOLDER = Path(__file__).parents[2] / "screenshots"
SIZE = (150, 34)

SCENES = {
    "fleet": ((), "is:problem"),
    "rollback": (("r",), "will restart"),
    "generations": (("enter", "j"), "closure"),
}
"""Keys on web-2, and the text that shows that the screen is complete."""


async def draw() -> None:
    """Every scene into its file."""
    FOLDER.mkdir(exist_ok=True)
    for name, (keys, complete) in SCENES.items():
        async with opened(MemoryCockpit(synthetic_fleet()), SIZE) as (app, pilot, _):
            await press(pilot, "z")
            await write(pilot, ":host web-2")
            await press(pilot, "enter", *keys)
            await until_shown(pilot, complete)
            app.save_screenshot(f"{name}.svg", str(FOLDER))


if __name__ == "__main__":
    asyncio.run(draw())
