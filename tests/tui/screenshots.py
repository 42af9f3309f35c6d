"""The pictures of README.md, drawn from the app on the embedded fleet: `make screenshots`."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from nixtui.tui.app import NixtuiApp
from tests.tui.embedded import embedded
from tests.tui.screen import press, shown, until, until_shown, write

FOLDER = Path(__file__).parents[2] / "screenshots"
SEED = 7
OVER_HERE = {"fleet": {"name": "shop"}}
"""The demo's fleet is called what it is about."""


@dataclass(frozen=True)
class Picture:
    """`keys` are pressed on web-2; `complete` are texts that show that all is there; `then` is pressed after that."""

    keys: tuple[str, ...]
    complete: tuple[str, ...]
    size: tuple[int, int] = (150, 34)
    then: tuple[str, ...] = ()


PICTURES = {
    "fleet": Picture((), ("failed: nginx", "never", "old image"), (170, 34)),
    "rollback": Picture(("r",), ("will stop", "no reboot needed")),
    "diff": Picture(("enter", "j"), ("closure", "nginx")),
    "incident": Picture(("7", "tab"), ("web-2 … web-6 (3)", "24 hosts"), then=("j", "j")),
    "logs": Picture(("space", "space", "space", "l"), ("signal 11", "following")),
    "images": Picture(("4",), ("commits behind", "in 4 regions", "the newest:")),
    "instances": Picture(("4", "tab", "G"), ("24 in 4 regions", "launched")),
    "narrow": Picture((), ("failed: nginx", "never", "db-2"), (80, 24)),
}


def _is_seen_and_in_order(screen: str) -> bool:
    """All hosts are known, the worst on top: what comes above a cursor later may be out of sight."""
    worst = [screen.find(f" {name} ") for name in ("db-2", "web-6", "cache-2")]
    return "22/24 seen" in screen and "connecting" not in screen and -1 not in worst and worst == sorted(worst)


def _has_machines(app: NixtuiApp) -> bool:
    fleet = app.session.cockpit.fleet
    return all(fleet.machine(name) for name in fleet.names())


async def draw() -> None:
    """Every picture into its file."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        async with embedded(size=picture.size, seed=SEED, overrides=OVER_HERE, follows_ec2=True) as (app, pilot, _):
            await until(pilot, lambda app=app: _is_seen_and_in_order(shown(app)), "the fleet")
            await until(pilot, lambda app=app: _has_machines(app), "what EC2 knows")
            await write(pilot, ":host web-2")
            await press(pilot, "enter")
            await until_shown(pilot, "▌ web-2")
            await press(pilot, *picture.keys)
            for text in picture.complete:
                await until_shown(pilot, text)
            await press(pilot, *picture.then)
            app.save_screenshot(f"{name}.svg", str(FOLDER))


if __name__ == "__main__":
    asyncio.run(draw())
