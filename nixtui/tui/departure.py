"""Leaving the app while operations run: at once, when they have ended, or after they were stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nixtui.tui import opening
from nixtui.tui.notices import Level

if TYPE_CHECKING:
    from nixtui.operations.operation import Operation
    from nixtui.tui.app import NixtuiApp
    from nixtui.tui.screens.farewell import Departure as Way


class Departure:
    """Whether the person is on the way out. `is_waiting` once they said to go when everything has ended."""

    def __init__(self, app: NixtuiApp) -> None:
        self._app = app
        self.is_waiting = False

    @property
    def running(self) -> list[Operation]:
        """What has not ended yet."""
        return [each for each in self._app.session.cockpit.operations.begun() if each.is_running]

    def ask(self) -> None:
        """Leave, after asking when something still runs."""
        if running := self.running:
            opening.farewell(self._app, running)
        else:
            self._app.exit()

    def choose(self, way: Way | None) -> None:
        """What was chosen; nothing is to stay."""
        if way is None:
            return
        match way.value:
            case "detach":
                self.leave_at_once()
            case "cancel":
                for operation in self.running:
                    operation.cancel()
                self._wait("stopped")
            case _:
                self._wait("ended")

    def leave_at_once(self, code: int = 0) -> None:
        """Detach from what runs and go."""
        self._app.session.cockpit.acting.detach()
        self._app.exit(return_code=code)

    def stay(self) -> None:
        """Not after all."""
        self.is_waiting = False
        self._app.session.say(Level.INFO, "nixtui stays; operations go on.")

    def tick(self) -> None:
        """Go, if that is waited for and nothing runs any more, and no dialog is open."""
        if self.is_waiting and not self.running and self._app.place is self._app.screen:
            self._app.exit()

    def _wait(self, until: str) -> None:
        self.is_waiting = True
        count = len(self.running)
        what = "the operation has" if count == 1 else f"{count} operations have"
        self._app.session.say(Level.WARNING, f"nixtui quits when {what} {until}; esc stays after all.")
