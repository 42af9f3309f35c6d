"""The table of the fleet: follows the hosts, keeps still enough to be read, and knows what is marked."""

from collections.abc import Callable, Collection

import msgspec

from nixtui.fleet.state import Changes, FleetState
from nixtui.model.selector import parse_selector
from nixtui.tui import hosts
from nixtui.tui.fleet_list import FleetList, Marks
from nixtui.tui.groups import Group, Grouping, is_head
from nixtui.tui.last_actions import LastActions
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.widgets.table import Table

REORDER_AFTER_S = 1.0
"""Rows change places at most this often: a list that never stands still cannot be read."""

AGE_AFTER_S = 5.0
"""Ages in the table are in steps of ten seconds and more, so looking at them every second would show nothing new."""


class HostTable(Table[hosts.HostRow]):
    """Hosts by name. The owner brings changes and ticks; times are Unix seconds by `clock`."""

    def __init__(self, fleet: FleetState, clock: Callable[[], float], actions: LastActions) -> None:
        self._names = fleet.names()
        columns = hosts.columns(self._names)
        super().__init__(columns, self.full_row, id="hosts")
        self.listing = FleetList(fleet, columns, actions.of)
        self.marks = Marks()
        self._fleet = fleet
        self._clock = clock
        self._waiting: set[str] | None = None
        self._reorder_due = False
        self._ordered_at = self._aged_at = 0.0

    def full_row(self, name: str) -> hosts.HostRow | None:
        """A host with all there is to show of it; `None` when it left the fleet."""
        try:
            row = self.listing.row(name, self._clock())
        except KeyError:  # left the inventory; the next rebuild takes it out of the list
            return None
        return msgspec.structs.replace(row, loads=self._fleet.load_history(name))

    @property
    def host(self) -> str | None:
        """The host under the cursor; `None` on a heading."""
        return None if is_head(self.cursor) else self.cursor

    @property
    def group(self) -> Group | None:
        """The group whose heading the cursor is on."""
        return self.listing.groups.get(self.cursor) if self.listing.groups and self.cursor else None

    def heading(self, key: str) -> Line | None:
        """The line over a group."""
        groups = self.listing.groups
        if groups is None or not is_head(key):
            return None
        group = groups.get(key)
        if group is None:
            return EMPTY
        marked = len(self.marks.names & group.names)
        return group.heading(groups.by.title, collapsed=key in groups.collapsed, marked=marked)

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
        self._headings_changed()

    def _headings_changed(self) -> None:
        if self.listing.groups is not None:
            self.rows_changed({key for key in self._drawn if is_head(key)})

    def actions_changed(self, names: Collection[str]) -> None:
        """Something was done to these hosts."""
        if self._waiting is None and names:
            self._reorder_due |= self.listing.update(names, self._clock())
            self.rows_changed(names)

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
        grouped = f"by {listing.groups.by.title} ─ " if listing.groups is not None else ""
        count = f"{len(listing)} of {len(self._fleet)}" if listing.is_filtered else f"{len(self._fleet)}"
        right = line((by, Role.ACCENT), (grouped, Role.MUTED), (count, Role.MUTED))
        self.set_title(line(("Fleet", Role.STRONG)), (*marks, *right, *self._beside()))

    def _beside(self) -> Line:
        """Where there are more columns than one sees."""
        if not self.is_wide:
            return EMPTY
        left, right = self.columns_beside
        hint = " ".join(filter(None, (f"◂ {left}" if left else "", f"{right} ▸" if right else "")))
        return line((f" ─ {hint} columns", Role.MUTED)) if hint else EMPTY

    # What a person asks for

    def filter_by(self, text: str) -> None:
        """Show what a selector matches. Raises `BadSelector` and shows what was shown before."""
        self.listing.selector = parse_selector(text, plain_is_substring=True)
        self._refilter()

    def show_environment(self, name: str | None) -> None:
        """Show one environment only, or all."""
        self.listing.environment = name
        self._refilter()

    def show_problems(self, only: bool) -> None:
        """Only hosts somebody should look at, or all again."""
        self.listing.only_problems = only
        self._refilter()

    def _refilter(self) -> None:
        """Another filter over the same order."""
        self.listing.held = None
        self.listing.refilter(self._clock())
        self._show_order(from_top=True)

    def group_by(self, by: Grouping | None) -> None:
        """Group, or not any more. Begins at the top, where the headings of what is in trouble are."""
        self.listing.group_by(by)
        self.listing.refilter(self._clock())
        self._show_order()
        self.scroll_rows_to(0)
        self._scroll_to_cursor()

    def toggle_group(self) -> None:
        """Show only the heading under the cursor, or its hosts again."""
        if self.listing.groups is not None and is_head(self.cursor):
            self.listing.groups.toggle(str(self.cursor))
            self._show_order()
            self._headings_changed()

    def find(self, name: str) -> None:
        """Put the cursor on a host that is listed, opening its group."""
        groups = self.listing.groups
        if groups is not None and (key := groups.key_of(name)) in groups.collapsed:
            groups.toggle(str(key))
            self._show_order()
        self.go_to(name)

    def sort_by(self, column: str) -> None:
        """Order by a column; the same again turns it round."""
        self.listing.sort_by(column)
        self.rebuild()

    def mark_cursor(self) -> None:
        """Mark the host under the cursor, or all under a heading, or unmark them; and go on to the next row."""
        if (group := self.group) is not None:
            self.marks.toggle_these(group.names)
        elif self.host is not None:
            self.marks.toggle(self.host)
        self.move(1)
        self._marks_changed()

    def mark_all(self) -> None:
        """Mark all that are shown, or unmark them."""
        self.marks.toggle_all(self.listing.names())
        self._marks_changed()

    def mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        if self.host is not None:
            self.marks.extend_to(self.host, [key for key in self.order if not is_head(key)])
            self._marks_changed()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.set_marks(self.marks.names)
        self._headings_changed()
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
