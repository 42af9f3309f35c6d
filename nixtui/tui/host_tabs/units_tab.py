"""Units: failed ones first; the one under the cursor in detail at the side."""

from collections.abc import Callable
from typing import Any

from textual import on
from textual.app import ComposeResult

from nixtui.model.unit import Unit, UnitDetail, Units
from nixtui.tui import units
from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.host_tabs.unit_words import detail_lines, unit_state
from nixtui.tui.messages import RowMoved
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, said
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

REST_S = 0.15
"""A unit is looked at this long before the host is asked about it."""


class UnitsTab(HostTab):
    """All units of the host."""

    title = "Units"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self._known: Asked[Units] = Asked()
        self._by_name: dict[str, Unit] = {}
        self._filter = ""
        self._details: dict[str, Asked[UnitDetail]] = {}
        self._list = Table[Unit](self._columns(), self._by_name.get, id="host-units")
        self._panel = Panel(id="host-unit")
        self._panel.display = False

    def compose(self) -> ComposeResult:
        """The list, and one unit."""
        yield self._list
        yield self._panel

    def _columns(self) -> tuple[Column[Unit], ...]:
        return (
            Column("state", "STATE", 15, unit_state, 0, 20),
            Column("name", "UNIT", 20, _name, 0, 46),
            Column("since", "SINCE", 5, self._since, 2, right=True),
            Column("description", "WHAT IT IS", 16, lambda row: (said(row.description, Role.MUTED),), 1, 60),
        )

    def _since(self, row: Unit) -> Line:
        if row.since is None or self._known.value is None or not row.is_failed:
            return EMPTY
        passed = self.session.cockpit.clock() - (self._known.at or 0)
        return line((units.age(self._known.value.clock - row.since + passed), Role.TEXT))

    @property
    def rows(self) -> Table[Any]:
        """The units."""
        return self._list

    @property
    def text(self) -> Panel:
        """The unit in detail."""
        return self._panel

    @property
    def unit(self) -> str | None:
        """The unit under the cursor."""
        return self._list.cursor

    @property
    def is_wanted(self) -> bool:
        """It should ask."""
        return self._known.is_wanted

    async def ask(self) -> None:
        """The list, and the unit that is open."""
        upkeep, clock = self.session.cockpit.upkeep, self.session.cockpit.clock
        await self._known.ask(lambda: upkeep.units(self.host), clock)
        self._details.clear()
        if self._known.value is not None:
            self._by_name.clear()
            self._by_name.update((each.name, each) for each in self._known.value.items)
        if self._panel.display:
            self._look_closer()

    def outdate(self) -> None:
        """The host changed."""
        self._known.is_old = self._known.value is not None

    def filter_by(self, text: str) -> Line:
        """Only units that have all these words somewhere."""
        self._filter = text
        self.draw(self.session.cockpit.clock())
        known = len(self._known.value.items) if self._known.value else 0
        return line((f"{len(self._list.order)} of {known}", Role.MUTED))

    @property
    def filtered_by(self) -> str:
        """The words of the filter."""
        return self._filter

    def go_to(self, unit: str) -> None:
        """Put the cursor on a unit and open it; one that is not listed (yet) is asked about nevertheless."""
        self._filter = ""
        self._panel.display = True
        if unit not in self._by_name:
            self._by_name[unit] = Unit(name=unit, load="loaded", active="–", sub="–")
        self.draw(self.session.cockpit.clock())
        self._list.go_to(unit)
        self._look_closer()

    def draw(self, now: float) -> None:
        """The list with how many failed, and the unit."""
        words = self._filter.lower().split()
        shown = [name for name, unit in self._by_name.items() if _matches(unit, words)]
        self._list.show(shown)
        self._list.set_empty(self._why_empty())
        self._list.redraw()
        failed = sum(each.is_failed for each in self._by_name.values())
        left = line(("Units", Role.STRONG), (f"  {failed} failed" if failed else "", Role.BAD))
        if self._filter:
            left += line(("  ", Role.TEXT), (clean(self._filter), Role.ACCENT))
        count = line((f"{len(shown)}", Role.MUTED)) if shown else EMPTY
        self._list.set_title(left, self._known.age(now, "units") or count)
        self._draw_unit(now)

    def _why_empty(self) -> list[Line]:
        if self._filter and self._by_name:
            rest = ((clean(self._filter), Role.ACCENT), ("; esc shows all", Role.MUTED))
            return [line(("No unit matches ", Role.TEXT), *rest)]
        return self._known.why_empty(f"asking {self.host} for its units")

    def _draw_unit(self, now: float) -> None:
        name = self._list.cursor
        if not self._panel.display or name is None:
            return
        asked = self._details.setdefault(name, Asked())
        self._panel.set_title(line((clean(name), Role.STRONG)), asked.age(now, "it"))
        if asked.value is not None:
            self._panel.show(detail_lines(asked.value, self._panel.text_cells))
        else:
            self._panel.show(asked.why_empty(f"asking about {name}"))

    @on(RowMoved)
    def _moved(self) -> None:
        if self._panel.display:
            self._panel.scroll_rows_to(0)
            self._draw_unit(self.session.cockpit.clock())
            name = self._list.cursor
            self.set_timer(REST_S, lambda: self._look_closer(name))

    def _look_closer(self, name: str | None = None) -> None:
        """Ask about the unit under the cursor, if the eye still rests on it and nobody has asked."""
        cursor = self._list.cursor
        if cursor is None or (name is not None and name != cursor) or not self._panel.display:
            return
        asked = self._details.setdefault(cursor, Asked())
        if asked.is_wanted:
            upkeep, clock = self.session.cockpit.upkeep, self.session.cockpit.clock

            async def find() -> None:
                await asked.ask(lambda: upkeep.unit(self.host, cursor), clock)
                self.draw(clock())

            work: Callable[[], Any] = find
            self.run_worker(work, group="unit", exit_on_error=False)
        self._draw_unit(self.session.cockpit.clock())

    def open(self) -> None:
        """The unit at the side, and away again."""
        self._panel.display = not self._panel.display
        self._look_closer()

    def step_back(self) -> bool:
        """First the unit goes, then the filter."""
        if self._panel.display:
            self._panel.display = False
            return True
        if self._filter:
            self.filter_by("")
            return True
        return False

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        if self._panel.display and self._list.cursor:
            return ("nixtui", "unit", "show", self._list.cursor, self.host)
        return ("nixtui", "units", self.host)


def _name(row: Unit) -> Line:
    return (said(row.name, Role.STRONG if row.is_failed else Role.TEXT),)


def _matches(unit: Unit, words: list[str]) -> bool:
    text = f"{unit.name} {unit.description} {unit.active} {unit.sub} {'failed' if unit.is_failed else ''}".lower()
    return all(word in text for word in words)
