"""The generations of the host, as a list; Enter goes to the screen that compares them."""

from typing import Any

from textual.app import ComposeResult

from nixtui.model.generation import Generation, Generations
from nixtui.tui import opening
from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.paint import EMPTY, Role, line
from nixtui.tui.screens.generation_columns import columns
from nixtui.tui.session import Session
from nixtui.tui.widgets.table import Table


class GenerationsTab(HostTab):
    """What the host has run and can go back to."""

    title = "Generations"
    short = "Gen"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self._known: Asked[Generations] = Asked()
        self._list = Table[Generation](columns(session.cockpit.clock), self._row, id="host-generations")

    def compose(self) -> ComposeResult:
        """The list."""
        yield self._list

    def _row(self, key: str) -> Generation | None:
        return self._known.value.with_number(int(key)) if self._known.value else None

    @property
    def rows(self) -> Table[Any]:
        """The generations."""
        return self._list

    @property
    def is_wanted(self) -> bool:
        """It should ask."""
        return self._known.is_wanted

    async def ask(self) -> None:
        """The generations."""
        session = self.session
        await self._known.ask(lambda: session.knowledge.generations(self.host), session.cockpit.clock)

    def outdate(self) -> None:
        """The host changed."""
        self._known.is_old = self._known.value is not None

    def draw(self, now: float) -> None:
        """The list."""
        known = self._known.value
        self._list.show([str(each.number) for each in known.items] if known else [])
        self._list.set_empty(self._known.why_empty(f"asking {self.host} for its generations"))
        self._list.redraw()
        hint = line(("enter compares them", Role.MUTED)) if known else EMPTY
        self._list.set_title(line(("Generations", Role.STRONG)), self._known.age(now, "generations") or hint)

    def open(self) -> None:
        """The screen that compares them."""
        opening.generations(self.app, (self.host,))  # type: ignore[arg-type]  # the one app there is

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        return ("nixtui", "generations", self.host)
