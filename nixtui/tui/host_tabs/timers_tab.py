"""Timers and backups: when each last ran, how that ended, when it runs next."""

from typing import Any

from textual.app import ComposeResult

from nixtui.model.timer import Timer, Timers
from nixtui.tui import units
from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.host_tabs.unit_words import timer_result
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line, said
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.table import Table


class TimersTab(HostTab):
    """All timers of the host, and backup jobs that no timer starts."""

    title = "Timers"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self.known: Asked[Timers] = Asked()
        self._by_name: dict[str, Timer] = {}
        self._list = Table[Timer](self._columns(), self._by_name.get, id="host-timers")

    def compose(self) -> ComposeResult:
        """The list."""
        yield self._list

    def _columns(self) -> tuple[Column[Timer], ...]:
        return (
            Column("name", "JOB", 20, _name, 0, 44),
            Column("result", "LAST RUN ENDED", 15, timer_result, 0, 27),
            Column("last", "LAST", 9, self._last, 0, 9, right=True),
            Column("next", "NEXT", 7, self._next, 1, 8, right=True),
            Column("took", "TOOK", 6, _took, 3, right=True),
            Column("description", "WHAT IT IS", 16, lambda row: (said(row.description, Role.MUTED),), 2, 50),
        )

    @property
    def _now(self) -> float:
        """By the host's clock."""
        if self.known.value is None or self.known.at is None:
            return self.session.cockpit.clock()
        return self.known.value.clock + self.session.cockpit.clock() - self.known.at

    def _last(self, row: Timer) -> Line:
        if row.last is None:
            return line((UNKNOWN, Role.FAINT))
        return line((f"{units.age(self._now - row.last)} ago", Role.BAD if row.is_failed else Role.TEXT))

    def _next(self, row: Timer) -> Line:
        if not row.enabled:
            return line(("is off", Role.WARN))
        if row.next is None:
            return line((UNKNOWN, Role.FAINT))
        left = row.next - self._now
        return line((f"in {units.age(left)}" if left >= 1 else "due", Role.MUTED))

    @property
    def rows(self) -> Table[Any]:
        """The timers."""
        return self._list

    @property
    def unit(self) -> str | None:
        """What the timer under the cursor starts: that is what one runs again by hand."""
        row = self._by_name.get(self._list.cursor or "")
        return row.unit if row else None

    @property
    def is_wanted(self) -> bool:
        """It should ask."""
        return self.known.is_wanted

    async def ask(self) -> None:
        """The timers."""
        cockpit = self.session.cockpit
        await self.known.ask(lambda: cockpit.upkeep.timers(self.host), cockpit.clock)
        if self.known.value is not None:
            self._by_name.clear()
            self._by_name.update((each.timer or each.unit, each) for each in self.known.value.items)

    def outdate(self) -> None:
        """The host changed."""
        self.known.is_old = self.known.value is not None

    def draw(self, now: float) -> None:
        """The list with how many failed."""
        self._list.show(list(self._by_name))
        asked = self.known.value is not None and self.known.problem is None
        none = [
            line("This host has no timer and no backup job."),
            line(("services.borgbackup.jobs makes one", Role.MUTED)),
        ]
        self._list.set_empty(none if asked else self.known.why_empty(f"asking {self.host} for its timers"))
        self._list.redraw()
        failed = sum(each.is_failed for each in self._by_name.values())
        left = line(("Timers and backups", Role.STRONG), (f"  {failed} failed" if failed else "", Role.BAD))
        count = line((f"{len(self._by_name)}", Role.MUTED)) if self._by_name else EMPTY
        self._list.set_title(left, self.known.age(now, "timers") or count)

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        return ("nixtui", "timers", self.host)


def _name(row: Timer) -> Line:
    return line((clean(row.title), Role.STRONG if row.is_failed or row.is_backup else Role.TEXT))


def _took(row: Timer) -> Line:
    return line((UNKNOWN, Role.FAINT)) if row.took_s is None else line((units.took(row.took_s), Role.MUTED))
