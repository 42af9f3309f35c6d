"""The pictures of README.md, drawn from the app on the embedded fleet: `make screenshots`."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from nixtui.tui.action_table import DESTINATIONS
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, until, until_shown, write

FOLDER = Path(__file__).parents[2] / "screenshots"
SEED = 7
OVER_HERE = {"fleet": {"name": "shop"}}
"""The demo's fleet is called what it is about."""


@dataclass(frozen=True)
class Picture:
    """`keys` are pressed on web-2; `complete` are texts that show that all is there. `needs` is a screen's id."""

    keys: tuple[str, ...]
    complete: tuple[str, ...]
    size: tuple[int, int] = (150, 34)
    needs: str | None = None


PICTURES = {
    "fleet": Picture((), ("failed: nginx", "never"), (170, 34)),
    "rollback": Picture(("r",), ("will stop", "no reboot needed")),
    "diff": Picture(("enter", "j"), ("closure", "nginx")),
    "incident": Picture(("T",), ("deploy",), needs="timeline"),
    "logs": Picture(("l",), ("nginx",), needs="logs"),
    "narrow": Picture((), ("failed: nginx", "never"), (80, 24)),
}
"""A picture whose screen is not in the table of destinations is left out, and said to be."""


async def draw() -> None:
    """Every picture into its file."""
    FOLDER.mkdir(exist_ok=True)
    there = {each.id for each in DESTINATIONS}
    for name, picture in PICTURES.items():
        if picture.needs is not None and picture.needs not in there:
            print(f"{name}: left out, there is no screen {picture.needs}")
            continue
        async with embedded(size=picture.size, seed=SEED, overrides=OVER_HERE) as (app, pilot, _):
            await until(pilot, lambda app=app: "/24 seen" in shown(app) and "connecting" not in shown(app), "the fleet")
            await until_shown(pilot, "▌ web-2")
            if picture.keys:
                await write(pilot, ":host web-2")
                await press(pilot, "enter", *picture.keys)
            for text in picture.complete:
                await until_shown(pilot, text)
            app.save_screenshot(f"{name}.svg", str(FOLDER))


if __name__ == "__main__":
    asyncio.run(draw())
