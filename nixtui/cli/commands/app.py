"""`nixtui` without a command: the app."""

from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit import LiveCockpit
from nixtui.cli.exits import Exit
from nixtui.tui.app import NixtuiApp


async def run(nixtui: Assembly) -> Exit:
    """Until the person leaves."""
    async with LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit, no_color="NO_COLOR" in nixtui.surroundings.environ)
        await app.run_async()
    return Exit(app.return_code or Exit.DONE)
