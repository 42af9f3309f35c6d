"""`nixtui` without a command: the app."""

import asyncio
import sys
from dataclasses import replace

from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit import LiveCockpit
from nixtui.cli.exits import Exit
from nixtui.tui.app import NixtuiApp
from nixtui.tui.story import farewell


class DialogPrompter:
    """Asks in a dialog of the app."""

    app: NixtuiApp | None = None

    async def secret(self, question: str) -> str | None:
        """What was typed; `None` when the person does not want to, or the app is not there any more."""
        if self.app is None or not self.app.is_running:
            return None
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        # The app asks from its own message loop: a host's task has no screen to push a dialog on.
        self.app.call_later(self.app.ask_secret, question, answer.set_result)
        return await answer


async def run(nixtui: Assembly) -> Exit:
    """Until the person leaves."""
    prompter = DialogPrompter()
    nixtui.surroundings = replace(nixtui.surroundings, prompter=prompter)
    async with LiveCockpit(nixtui) as cockpit:
        prompter.app = app = NixtuiApp(cockpit, no_color="NO_COLOR" in nixtui.surroundings.environ)
        await app.run_async()
        for line in farewell(cockpit.operations.begun()):
            print(line, file=sys.stderr)
    return Exit(app.return_code or Exit.DONE)
