"""What a command said on many hosts: as it runs, host by host; when it has ended, equal answers put together."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from nixtui.operations.report import in_words
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.ledger import outcome_line
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.progress import ProgressScreen
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.table import Table
from nixtui.upkeep.output import Group, grouped


class AnswersScreen(ProgressScreen):
    """A run. `h` shows hosts one by one, and back."""

    scopes: ClassVar[tuple[Scope, ...]] = (Scope.ANSWERS, *ProgressScreen.scopes)
    never_here = frozenset({"undo", "confirm", "go_back", "extend"})  # a command has no way back and no guard

    def body(self) -> ComposeResult:
        """The groups or the hosts, and what was said."""
        self._groups: dict[str, Group] = {}
        self._by_host = False
        self._table = Table[Group](_columns(), self._groups.get, id="progress-groups")
        self._table.display = False
        with Vertical(id="progress"):
            yield self._targets
            yield self._table
            yield self._said

    @property
    def shows_groups(self) -> bool:
        """Once it has ended, unless the hosts are wanted one by one."""
        return self._ledger.report is not None and not self._by_host

    @property
    def table(self) -> Table:  # type: ignore[type-arg]  # one of two, of hosts or of groups
        """The list in front."""
        return self._table if self.shows_groups else self._targets

    def _show(self) -> None:
        if self.is_mounted and self.shows_groups and not self._groups:
            self._put_together()
        super()._show()
        if self.is_mounted and self.shows_groups:
            self._table.set_title(
                line((clean(self._ledger.plan.title), Role.STRONG)), self._status(self.session.cockpit.clock())
            )

    def _put_together(self) -> None:
        reports = self._ledger.report.targets if self._ledger.report else ()
        self._groups.update({str(number): group for number, group in enumerate(grouped(reports))})
        self._table.styles.height = min(len(self._groups) + 3, 12)
        self._table.show(tuple(self._groups))
        self._choose()

    def _choose(self) -> None:
        """Bring the list to the front that is wanted, with the keyboard."""
        self._table.display, self._targets.display = self.shows_groups, not self.shows_groups
        self.table.focus()

    def _show_said(self) -> None:
        group = self._groups.get(self._table.cursor or "") if self.shows_groups else None
        if group is None or self._commands:
            super()._show_said()
            return
        shows = (f"group {self._table.cursor}", True)
        is_new, self._shows = shows != self._shows, shows
        self._said.set_title(line((group.heading, Role.STRONG)))
        self._said.show(list(_answer(group, self._said.text_cells)), from_top=is_new)

    def selection(self) -> Selection:
        """Of a group, no single host."""
        if not self.shows_groups:
            return super().selection()
        return Selection(row=self._table.cursor, forbidden="nothing here can be undone by nixtui")

    def toggle_hosts(self) -> None:
        """Hosts one by one instead of groups, and back."""
        self._by_host = not self._by_host
        self._choose()
        self._show()


def _columns() -> tuple[Column[Group], ...]:
    return (
        Column("hosts", "HOSTS", 6, lambda row: line((str(len(row.hosts)), Role.STRONG)), 0, right=True),
        Column("end", "ENDED", 14, _ended, 0, 24),
        Column("said", "SAID", 12, _said, 0, 40),
        Column("names", "WHO", 12, lambda row: line((clean(" ".join(row.hosts)), Role.MUTED)), 1, 80),
    )


def _ended(group: Group) -> Line:
    code = f", exit {group.exit_code}" if group.exit_code is not None and not group.outcome.is_success else ""
    return outcome_line(group.outcome, code, "run", group.detail)


def _said(group: Group) -> Line:
    first = next(iter(group.output), "") or in_words(group.outcome, group.detail, "run")[1] or ""
    return line(clean(first)) if group.output or group.detail else line(("nothing", Role.FAINT))


def _answer(group: Group, cells: int) -> list[Line]:
    lines = wrap(" ".join(group.hosts), cells, Role.ACCENT)
    if group.detail and group.exit_code is None:
        lines += wrap(in_words(group.outcome, group.detail, "run")[1] or "", cells, Role.WARN)
    said = [line(clean(each)) for each in group.output]
    if not said and group.exit_code is not None:
        said = [line(("it printed nothing", Role.FAINT))]
    return [*lines, EMPTY, *said]
