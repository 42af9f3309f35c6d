"""`nixtui` without a command: the app."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec

from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit import LiveCockpit
from nixtui.cli.exits import Exit
from nixtui.cli.keys import interface_problems
from nixtui.config import BadConfiguration
from nixtui.config.problem import KeyPath
from nixtui.config.schema import Document
from nixtui.tui.app import NixtuiApp
from nixtui.tui.keymap import keymap, troubles
from nixtui.tui.story import farewell
from nixtui.tui.theme.house import theme_called, theme_words


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


def interface_troubles(document: Document) -> list[tuple[KeyPath, str, str]]:
    """What is wrong in `[keys]` and `[ui]`: place, reason and remedy of each."""
    found: list[tuple[KeyPath, str, str]] = [
        (("keys", each.action), each.reason, each.remedy) for each in troubles(document.keys)
    ]
    theme = document.ui.theme
    if theme is not None and theme_called(theme) is None:
        found.append((("ui", "theme"), f'there is no theme "{theme}"', f"there are {', '.join(theme_words())}"))
    return found


async def run(nixtui: Assembly, *, mouse: bool = True) -> int:
    """Until the person leaves, or a signal asks for it. Raises `BadConfiguration` for keys and themes that do not
    exist.
    """
    configuration, environ = nixtui.configuration, nixtui.surroundings.environ
    if problems := interface_problems(configuration, nixtui.surroundings.cwd):
        raise BadConfiguration(problems)
    ui = configuration.document.ui
    over_ssh = "SSH_CONNECTION" in environ or "SSH_TTY" in environ
    prompter = DialogPrompter()
    nixtui.surroundings = msgspec.structs.replace(nixtui.surroundings, prompter=prompter)
    async with LiveCockpit(nixtui) as cockpit:
        prompter.app = app = NixtuiApp(
            cockpit,
            theme=theme_called(ui.theme) if ui.theme else None,
            no_color="NO_COLOR" in environ,
            terse=over_ssh if ui.terse is None else ui.terse,
            pace=ui.pace,
            keymap=keymap(configuration.document.keys),
        )
        with _left_by_signals(app):
            await app.run_async(mouse=mouse and ui.mouse)
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
