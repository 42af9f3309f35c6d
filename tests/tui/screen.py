"""Looking at the app as a person does: the text on the screen, and waiting for it to say something."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from textual._context import visible_screen_stack
from textual.pilot import Pilot

from nixtui.tui.app import NixtuiApp
from tests.tui.cockpit import MemoryCockpit

LIMIT_S = 30.0
"""How long anything may take that a test waits for: hosts are real, and machines are busy."""

SIZES = ((80, 24), (120, 40), (200, 50))


def shown(app: NixtuiApp) -> str:
    """The text of the screen in front, line by line, with what is behind a dialog."""
    visible_screen_stack.set(app._background_screens)  # else a dialog is painted, and kept, with nothing behind it
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def line_with(app: NixtuiApp, text: str) -> str:
    """The first line of the screen that has `text` in it."""
    return next((line for line in shown(app).splitlines() if text in line), "")


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str = "") -> None:
    """Wait until the app is in a state; fails with what is on the screen."""
    end = monotonic() + LIMIT_S
    while monotonic() < end:
        if condition():
            return
        await pilot.pause()
        await asyncio.sleep(0.005)
    app = pilot.app
    assert isinstance(app, NixtuiApp)
    raise AssertionError(f"never: {what}\n{shown(app)}")


async def until_shown(pilot: Pilot[None], text: str) -> None:
    """Wait until `text` is on the screen."""
    app = pilot.app
    assert isinstance(app, NixtuiApp)
    await until(pilot, lambda: text in shown(app), text)


@asynccontextmanager
async def opened(
    cockpit: MemoryCockpit | None = None, size: tuple[int, int] = (120, 40), **options: object
) -> AsyncIterator[tuple[NixtuiApp, Pilot[None], MemoryCockpit]]:
    """The app on a cockpit, at a size, once its first screen is there."""
    cockpit = cockpit or MemoryCockpit()
    app = NixtuiApp(cockpit, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot, cockpit


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, each taking effect before the next."""
    for key in keys:
        await pilot.press(key)


async def write(pilot: Pilot[None], text: str) -> None:
    """Type text as a person does."""
    await press(pilot, *({"-": "minus", " ": "space", ":": "colon", "@": "at"}.get(letter, letter) for letter in text))
