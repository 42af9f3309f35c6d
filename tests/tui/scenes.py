"""What is drawn of the app: for the snapshots that tests compare, and for the pictures of README.md.

A scene is keys on a host and the text that shows that its screen is complete. Add one for every new screen.
"""

from collections.abc import Callable
from dataclasses import dataclass

from textual.pilot import Pilot

from nixtui.tui.app import NixtuiApp
from tests.tui.aws_in_memory import with_aws
from tests.tui.cockpit import KEY_IS_ENOUGH, MemoryCockpit, synthetic_fleet
from tests.tui.screen import opened, press, until, until_shown, write
from tests.tui.staged import said, staged, with_a_build, with_nothing_yet


@dataclass(frozen=True)
class Scene:
    """`keys` are pressed with the cursor on web-2, once `stage` has put things in. In a `quick` one a key is consent
    enough, and in one that `logs` the host's journal says something then.
    """

    keys: tuple[str, ...]
    complete: str
    quick: bool = False
    logs: bool = False
    stage: Callable[[MemoryCockpit], None] = staged
    ready: Callable[[NixtuiApp], object] = lambda _: True
    """What is waited for where its sign is below the edge of a small terminal."""


@dataclass(frozen=True)
class Look:
    """A terminal: its size, its colours."""

    size: tuple[int, int]
    no_color: bool = False
    theme: str = "nixtui-dark"


SCENES = {
    "fleet": Scene((), "web-2"),
    "problems": Scene(("z",), "is:problem"),
    "diff": Scene(("enter", "j"), "closure"),
    "side-by-side": Scene(("space", "space", "2"), "outlier"),
    "rollback": Scene(("r",), "will restart"),
    "rollback-many": Scene(("space", "space", "space", "r"), "will restart"),
    "run": Scene(("space", "space", "x", *"uptime", "enter"), "for at most"),
    "host": Scene(("i",), "borgbackup"),
    "incident": Scene(("7", "tab"), "nginx"),
    "logs": Scene(("l",), "Failed with result", logs=True),
    "builds": Scene(("3",), "failed", stage=with_a_build),
    "nothing-built": Scene(("3",), "Nothing was built yet"),
    "first-run": Scene((), "nixtui watches a fleet", stage=with_nothing_yet),
    "progress": Scene(("r", "right", "enter"), "committed in", quick=True),
    "activity": Scene(("r", "right", "enter", "7"), "Roll back web-2", quick=True),
    "secrets": Scene(("5", "j", "enter"), "postgres/superuser"),
    "secrets-recipients": Scene(("5", "tab", "j"), "yuki reads it and should not"),
    "secrets-editor": Scene(("5", "j", "enter", "e"), "typing replaces it"),
    "images": Scene(("4",), "shop/db", stage=with_aws, ready=lambda app: app.screen._uses),
    "instances": Scene(
        ("4", "tab", "G"), "7 in 2 regions", stage=with_aws, ready=lambda app: app.screen.looked_doors()
    ),
    "bin": Scene(("4", "shift+tab"), "shop/cache", stage=with_aws),
    "console": Scene(("4", "tab", "g", "j", "l"), "emergency mode", stage=with_aws),
    "launch": Scene(("4", "tab", "n", "w", "enter", "down"), "t3.micro", stage=with_aws),
    "help": Scene(("?",), "Keys"),
}

LOOKS = {
    "80x24": Look((80, 24)),
    "120x40": Look((120, 40)),
    "160x50": Look((160, 50)),
    "no-color": Look((120, 40), no_color=True),
    "light": Look((120, 40), theme="nixtui-light"),
}


async def drawn(scene: Scene, look: Look) -> str:
    """The scene on that terminal, as SVG."""
    cockpit = MemoryCockpit(synthetic_fleet(), policy=KEY_IS_ENOUGH if scene.quick else None)
    options = {"no_color": True} if look.no_color else {"theme": look.theme}
    scene.stage(cockpit)
    async with opened(cockpit, look.size, **options) as (app, pilot, _):
        if "web-2" in cockpit.fleet:
            await write(pilot, ":host web-2")
            await press(pilot, "enter")
        for key in scene.keys:
            await pilot.press(key)
            if scene.quick and key == "r":
                await until_shown(pilot, "412 → 411")
            if scene.quick and key == "enter":
                await until_shown(pilot, "committed in")
            if key == "5":
                await until_shown(pilot, "secrets/db.yaml")
            if key == "tab" and scene.stage is with_aws:
                await until_shown(pilot, "7 in 2 regions")
        if scene.logs:
            cockpit.logs.tails[-1].take("web-2", said(cockpit.now), 0.0)
        await until_shown(pilot, scene.complete)
        await until(pilot, lambda: scene.ready(app), "all that is asked")
        return await settled(app, pilot)


async def settled(app: NixtuiApp, pilot: Pilot[None]) -> str:
    """The picture of the screen once it does not change any more, not even when the second is over."""
    pictures = [""]
    while len(pictures) < 4 or len(set(pictures[-3:])) > 1:
        app._tick()
        await pilot.pause()
        pictures.append(app.export_screenshot(title="nixtui"))
        assert len(pictures) < 200, "a screen that never comes to rest"
    return pictures[-1]
