"""Which hosts the fleet table shows, and in which order: filter, sorting and marks, without a screen."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from nixtui.model.selector import Selector, parse_selector
from nixtui.tui.cockpit import Fleet
from nixtui.tui.hosts import HostRow
from nixtui.tui.widgets.columns import Column

EVERYTHING = parse_selector("", plain_is_substring=True)
_PROBLEMS = parse_selector("is:problem")

SortKey = tuple[bool, Any, str]


class FleetList:
    """The names to show, kept up to date change by change.

    A host under the cursor (`held`) stays listed when it stops matching by itself, so that no key ever hits the row
    that moved up into its place; it goes when the cursor leaves it or somebody changes the filter.
    """

    def __init__(self, fleet: Fleet, columns: Sequence[Column[HostRow]]) -> None:
        self._fleet = fleet
        self._columns = {column.id: column for column in columns}
        self.selector: Selector = EVERYTHING
        self.environment: str | None = None
        self.only_problems = False
        self.sort_column = "state"
        self.descending = False
        self.held: str | None = None
        self.order: list[str] = []
        self._keys: dict[str, SortKey] = {}

    @property
    def is_filtered(self) -> bool:
        """True when hosts may be left out."""
        return bool(self.selector.text.strip() or self.environment or self.only_problems)

    @property
    def description(self) -> str:
        """The filter in words of the selector language; empty when nothing is left out."""
        terms = (
            f"env:{self.environment}" if self.environment else "",
            "is:problem" if self.only_problems else "",
            self.selector.text.strip(),
        )
        return " ".join(filter(None, terms))

    def sort_by(self, column: str) -> None:
        """Order by a column, or turn the order round when it is that column already."""
        self.descending = column == self.sort_column and not self.descending
        self.sort_column = column

    def row(self, name: str, now: float) -> HostRow:
        """A host as a row."""
        return HostRow(self._fleet.host(name), self._fleet.status(name), now)

    def rebuild(self, now: float) -> list[str]:
        """The order from scratch: 10,000 hosts take about 30 ms, so this is for what a person did, not for every change."""
        self._keys.clear()
        for name in self._fleet.names():
            self._place(name, now)
        return self._sort()

    def update(self, changed: Iterable[str], now: float) -> bool:
        """Take changes in; true when the order is another one now. Costs what changed, and a sort only when it must."""
        moved = False
        for name in changed:
            before = self._keys.get(name)
            self._place(name, now)
            moved |= before != self._keys.get(name)
        if moved:
            self._sort()
        return moved

    def _place(self, name: str, now: float) -> None:
        try:
            row = self.row(name, now)
        except KeyError:  # left the inventory between the change and us
            self._keys.pop(name, None)
            return
        if self._is_shown(row):
            self._keys[name] = self._sort_key(row)
        else:
            self._keys.pop(name, None)

    def _is_shown(self, row: HostRow) -> bool:
        if row.host.name == self.held:
            return True
        if self.environment and row.host.environment != self.environment:
            return False
        if self.only_problems and not _PROBLEMS.matches(row):
            return False
        return self.selector is EVERYTHING or self.selector.matches(row)

    def _sort_key(self, row: HostRow) -> SortKey:
        column = self._columns.get(self.sort_column)
        value = column.sort(row) if column and column.sort else None
        return (value is None, value, row.host.name)

    def _sort(self) -> list[str]:
        """Unknown values come last in either direction: they are neither small nor large."""
        known = [name for name, key in self._keys.items() if not key[0]]
        unknown = [name for name, key in self._keys.items() if key[0]]
        known.sort(key=self._keys.__getitem__, reverse=self.descending)
        self.order = [*known, *sorted(unknown)]
        return self.order


class Marks:
    """The hosts a person marked. Marks survive filtering; what is marked and not shown is counted, never forgotten."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self._anchor: str | None = None

    def toggle(self, name: str) -> None:
        """Mark a host, or take its mark away; ranges begin here."""
        self.names ^= {name}
        self._anchor = name

    def toggle_all(self, shown: Collection[str]) -> None:
        """Mark all that are shown, or take those marks away when all of them are marked."""
        shown = frozenset(shown)
        self.names = self.names - shown if shown <= self.names else self.names | shown

    def extend_to(self, name: str, shown: Sequence[str]) -> None:
        """Mark everything shown from the last marked host to this one."""
        if self._anchor not in shown:
            self._anchor = name
        first, last = sorted((shown.index(self._anchor), shown.index(name)))
        self.names |= frozenset(shown[first : last + 1])
        self._anchor = name

    def clear(self) -> None:
        """Take all marks away."""
        self.names = frozenset()
        self._anchor = None

    def forget_all_but(self, known: Collection[str]) -> None:
        """Drop the marks of hosts that left the fleet."""
        self.names &= frozenset(known)

    def hidden(self, shown: Collection[str]) -> frozenset[str]:
        """The marked hosts that a filter hides."""
        return self.names - frozenset(shown) if self.names else frozenset()
