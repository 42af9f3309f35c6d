"""`nixtui` without a command: the app."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


async def run(nixtui: Assembly) -> int:
    """Until the person leaves, or a signal asks for it."""
    prompter = DialogPrompter()
    nixtui.surroundings = replace(nixtui.surroundings, prompter=prompter)
    async with LiveCockpit(nixtui) as cockpit:
        prompter.app = app = NixtuiApp(cockpit, no_color="NO_COLOR" in nixtui.surroundings.environ)
        with _left_by_signals(app):
            await app.run_async()
        cockpit.acting.detach()  # whatever still runs: nobody is there any more to see it
        with suppress(OSError):  # after SIGHUP the terminal is gone
            for line in farewell(cockpit.operations.begun()):
                print(line, file=sys.stderr)
    return int(app.return_code or Exit.DONE)


@contextmanager
def _left_by_signals(app: NixtuiApp) -> Iterator[None]:
    """SIGTERM and SIGHUP detach, as choosing so in the dialog does; the terminal is put in order where there is one."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, app.departure.leave_at_once, 128 + number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
