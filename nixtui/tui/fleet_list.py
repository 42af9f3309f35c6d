"""Which hosts the fleet table shows, and in which order: filter, sorting, groups and marks, without a screen."""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from typing import Any

from nixtui.fleet.state import FleetState
from nixtui.model.selector import STALE_AFTER_S, Selector, Subject, parse_selector
from nixtui.tui.groups import Grouping, Groups
from nixtui.tui.hosts import HostRow, host_row, natural
from nixtui.tui.last_actions import LastAction
from nixtui.tui.widgets.columns import Column

EVERYTHING = parse_selector("", plain_is_substring=True)
_PROBLEMS = parse_selector("is:problem")

SortKey = tuple[bool, Any, tuple[tuple[int, int | str], ...], str]
"""Whether the value is unknown, the value, the name as people count, the name."""


class FleetList:
    """The names to show, kept up to date change by change.

    Every host has its place in the order, shown or not, so that a filter is one pass over names that are sorted
    already. A host under the cursor (`held`) stays listed when it stops matching by itself, so that no key ever hits
    the row that moved up into its place; it goes when the cursor leaves it or somebody changes the filter.
    """

    def __init__(
        self,
        fleet: FleetState,
        columns: Sequence[Column[HostRow]],
        last: Callable[[str], LastAction | None] = lambda _: None,
    ) -> None:
        self._fleet = fleet
        self._last = last
        self.set_columns(columns)
        self.selector: Selector = EVERYTHING
        self.environment: str | None = None
        self.only_problems = False
        self.sort_column = "state"
        self.descending = False
        self.held: str | None = None
        self.groups: Groups | None = None
        self._keys: dict[str, SortKey] = {}
        self._known: list[SortKey] = []
        self._unknown: list[SortKey] = []
        self._shown: set[str] = set()
        self._stale: set[str] = set()

    def set_columns(self, columns: Sequence[Column[HostRow]]) -> None:
        """The columns one can sort by."""
        self._columns = {column.id: column for column in columns}

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

    def group_by(self, by: Grouping | None) -> None:
        """Group from the next rebuild on, or not any more."""
        self.groups = Groups(by) if by is not None else None

    def row(self, name: str, now: float) -> HostRow:
        """A host as a row."""
        return host_row(self._fleet, name, now, self._last(name))

    def __contains__(self, name: object) -> bool:
        return name in self._shown

    def __len__(self) -> int:
        return len(self._shown)

    def names(self) -> list[str]:
        """The hosts that are shown, in order. Unknown values come last either way: they are neither small nor large."""
        known = reversed(self._known) if self.descending else self._known
        names = [key[-1] for key in known] + [key[-1] for key in self._unknown]
        shown = self._shown
        return names if len(names) == len(shown) else [name for name in names if name in shown]

    def order(self) -> tuple[str, ...]:
        """The keys as they are to be shown: names, and headings where hosts are grouped."""
        names = self.names()
        return tuple(names) if self.groups is None else self.groups.arrange(names)

    def rebuild(self, now: float) -> None:
        """From scratch, for another order or other hosts."""
        rows = (self._row(name, now) for name in self._fleet.names())
        self._keys = {row.host.name: self._key(row) for row in rows if row is not None}
        self._known = sorted(key for key in self._keys.values() if not key[0])
        self._unknown = sorted((key for key in self._keys.values() if key[0]), key=_last_parts)
        self.refilter(now)

    def refilter(self, now: float) -> None:
        """For another filter, while the order stays; `tests/bench` has its bar for 10,000 hosts."""
        if not self.is_filtered:
            self._shown = set(self._keys)
        else:
            self._shown = {subject.host.name for subject in self._subjects(now) if self._is_shown(subject)}
        if self.groups is not None:
            self.groups.clear()
            for name in self._shown:
                self.groups.put(self.row(name, now))

    def _subjects(self, now: float) -> Iterator[Subject]:
        """All hosts as a filter sees them, without what it does not look at."""
        status, is_outlier = self._fleet.status, self._fleet.peers.is_outlier
        asks_how, machine = "is" in self.selector.kinds, self._fleet.machine
        for name, host in self._fleet.hosts().items():
            if asks_how:
                yield Subject(host, status(name), now, is_outlier(name), machine(name))
            else:
                yield Subject(host, status(name), now)

    def update(self, changed: Iterable[str], now: float) -> bool:
        """Take changes in; true when the order is another one now. Costs what changed, not what there is."""
        moved = False
        for name in changed:
            row, before, was_shown = self._row(name, now), self._keys.get(name), name in self._shown
            after = self._key(row) if row is not None else None
            if before != after:
                moved |= was_shown
                self._place(name, before, after)
            is_shown = row is not None and self._is_shown(row)
            if was_shown != is_shown:
                moved = True
                (self._shown.add if is_shown else self._shown.discard)(name)
            if self.groups is not None:
                moved |= self.groups.put(row) if row is not None and is_shown else self.groups.drop(name)
        return moved

    def _place(self, name: str, before: SortKey | None, after: SortKey | None) -> None:
        if before is not None:
            _take_out(self._sorted_like(before), before)
        if after is None:
            del self._keys[name]
        else:
            self._keys[name] = after
            _put_in(self._sorted_like(after), after)

    def newly_stale(self, now: float) -> set[str]:
        """Hosts that became stale since the last call: the one change that nobody announces. 2 ms at 10,000."""
        limit, status = now - STALE_AFTER_S, self._fleet.status
        stale = {name for name in self._fleet.names() if (at := status(name).observed_at) is not None and at < limit}
        before, self._stale = self._stale, stale
        return stale - before

    def _sorted_like(self, key: SortKey) -> list[SortKey]:
        return self._unknown if key[0] else self._known

    def _row(self, name: str, now: float) -> HostRow | None:
        """As `row`; `None` for a host that left the fleet a moment ago."""
        try:
            return self.row(name, now)
        except KeyError:
            return None

    def _key(self, row: HostRow) -> SortKey:
        """What a host is ordered by."""
        column, name = self._columns.get(self.sort_column), row.host.name
        value = column.sort(row) if column and column.sort else None
        return (value is None, value, natural(name), name)

    def _is_shown(self, row: Subject) -> bool:
        if row.host.name == self.held:
            return True
        if self.environment and row.host.environment != self.environment:
            return False
        if self.only_problems and not _PROBLEMS.matches(row):
            return False
        return self.selector is EVERYTHING or self.selector.matches(row)


def _last_parts(key: SortKey) -> tuple[Any, ...]:
    """Unknown values cannot be compared; the names behind them can."""
    return key[2:]


def _take_out(keys: list[SortKey], key: SortKey) -> None:
    at = bisect_left(keys, key) if not key[0] else bisect_left(keys, _last_parts(key), key=_last_parts)
    del keys[at]


def _put_in(keys: list[SortKey], key: SortKey) -> None:
    if key[0]:
        insort(keys, key, key=_last_parts)
    else:
        insort(keys, key)


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

    def toggle_these(self, names: Collection[str]) -> None:
        """Mark all of a group, or take those marks away when all of them are marked."""
        self.toggle_all(names)
        self._anchor = None

    def extend_to(self, name: str, shown: Sequence[str]) -> None:
        """Mark everything shown from the last marked host to this one. `shown` are hosts alone."""
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

    def in_order(self) -> tuple[str, ...]:
        """The marked names as people count."""
        return tuple(sorted(self.names, key=natural))

    def hidden(self, shown: Container[str]) -> frozenset[str]:
        """The marked hosts that a filter hides."""
        return frozenset(name for name in self.names if name not in shown)
