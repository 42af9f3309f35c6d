"""The table of the fleet: follows the hosts, keeps still enough to be read, and knows what is marked."""

from collections.abc import Callable

from nixtui.fleet.state import Changes, FleetState
from nixtui.model.selector import parse_selector
from nixtui.tui import hosts
from nixtui.tui.fleet_list import FleetList, Marks
from nixtui.tui.paint import EMPTY, Role, clean, line
from nixtui.tui.widgets.table import Table

REORDER_AFTER_S = 1.0
"""Rows change places at most this often: a list that never stands still cannot be read."""

AGE_AFTER_S = 5.0
"""Ages in the table are in steps of ten seconds and more, so looking at them every second would show nothing new."""


class HostTable(Table[hosts.HostRow]):
    """Hosts by name. The owner brings changes and ticks; times are Unix seconds by `clock`."""

    def __init__(self, fleet: FleetState, clock: Callable[[], float]) -> None:
        self._names = fleet.names()
        columns = hosts.columns(self._names)
        super().__init__(columns, self._row, id="hosts")
        self.listing = FleetList(fleet, columns)
        self.marks = Marks()
        self._fleet = fleet
        self._clock = clock
        self._waiting: set[str] | None = None
        self._reorder_due = False
        self._ordered_at = self._aged_at = 0.0

    def _row(self, name: str) -> hosts.HostRow | None:
        try:
            return self.listing.row(name, self._clock())
        except KeyError:  # left the inventory; the next rebuild takes it out of the list
            return None

    # What changes by itself

    def take(self, changes: Changes) -> None:
        """Take changes in; while the display is paused, only count them."""
        if self._waiting is not None:
            self._waiting |= changes.names
            return
        if changes.membership:
            self.rebuild()
            return
        self.listing.held = self.cursor
        self._reorder_due |= self.listing.update(changes.names, self._clock())
        self._reorder_when_due()
        self.rows_changed(changes.names)

    def tick(self, now: float) -> None:
        """Ages grow, hosts become stale, and rows that should change places do."""
        if self._waiting is not None:
            return
        if now - self._aged_at >= AGE_AFTER_S:
            self._aged_at = now
            self._reorder_due |= self.listing.update(self.listing.newly_stale(now), now)
            self.redraw()
        self._reorder_when_due()

    def _reorder_when_due(self) -> None:
        if self._reorder_due and self._clock() - self._ordered_at >= REORDER_AFTER_S:
            self._show_order()

    def rebuild(self, *, hold: bool = True) -> None:
        """Filter and sort everything anew; `hold` keeps the host under the cursor listed whatever the filter says."""
        self._know_hosts()
        self.listing.held = self.cursor if hold else None
        self.listing.rebuild(self._clock())
        self.redraw()  # hosts may have changed while nobody looked
        self._show_order(from_top=not hold)

    def _know_hosts(self) -> None:
        """Hosts may have come or gone: the first column is as wide as their names, and the gone are not marked."""
        names = self._fleet.names()
        if names == self._names:
            return
        self._names = names
        columns = hosts.columns(names)
        self.listing.set_columns(columns)
        self.set_columns(columns)
        self.marks.forget_all_but(names)
        self.set_marks(self.marks.names)

    def _show_order(self, *, from_top: bool = False) -> None:
        self._reorder_due, self._ordered_at = False, self._clock()
        sorted_by = (self.listing.sort_column, self.listing.descending)
        self.show(self.listing.order(), sorted_by=sorted_by, from_top=from_top)
        self.show_title()

    def show_title(self) -> None:
        """What is shown of how many, and what is marked."""
        listing, marked = self.listing, len(self.marks.names)
        hidden = len(self.marks.hidden(listing))
        hiding = f", {hidden} hidden" if hidden else ""
        marks = line((f"{marked} marked{hiding} ─ ", Role.WARN if hidden else Role.ACCENT)) if marked else EMPTY
        by = f"{clean(listing.description)} ─ " if listing.is_filtered else ""
        count = f"{len(listing)} of {len(self._fleet)}" if listing.is_filtered else f"{len(self._fleet)}"
        self.set_title(line(("Fleet", Role.STRONG)), (*marks, *line((by, Role.ACCENT), (count, Role.MUTED))))

    # What a person asks for

    def filter_by(self, text: str) -> None:
        """Show what a selector matches. Raises `BadSelector` and shows what was shown before."""
        self.listing.selector = parse_selector(text, plain_is_substring=True)
        self.rebuild(hold=False)

    def show_environment(self, name: str | None) -> None:
        """Show one environment only, or all."""
        self.listing.environment = name
        self.rebuild(hold=False)

    def show_problems(self, only: bool) -> None:
        """Only hosts somebody should look at, or all again."""
        self.listing.only_problems = only
        self.rebuild(hold=False)

    def sort_by(self, column: str) -> None:
        """Order by a column; the same again turns it round."""
        self.listing.sort_by(column)
        self.rebuild()

    def mark_cursor(self) -> None:
        """Mark the host under the cursor, or unmark it, and go on to the next."""
        if self.cursor is not None:
            self.marks.toggle(self.cursor)
            self.move(1)
            self._marks_changed()

    def mark_all(self) -> None:
        """Mark all that are shown, or unmark them."""
        self.marks.toggle_all(self.order)
        self._marks_changed()

    def mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        if self.cursor is not None:
            self.marks.extend_to(self.cursor, self.order)
            self._marks_changed()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.set_marks(self.marks.names)
        self.show_title()

    @property
    def is_paused(self) -> bool:
        """True while the display is held still."""
        return self._waiting is not None

    def pause(self) -> None:
        """Hold the display still."""
        self._waiting = set()

    def resume(self) -> int:
        """Let it run; the result is how many hosts changed meanwhile."""
        came = len(self._waiting or ())
        self._waiting = None
        self.rebuild()
        return came
