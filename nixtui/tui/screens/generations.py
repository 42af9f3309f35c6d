"""Generations: what a host has run and can go back to, and what is different between any two of them."""

import shlex
from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.state import Changes
from nixtui.model.generation import Generation, Generations
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import trouble_lines
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.generation_columns import columns
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.diff_pane import DiffPane, System, waiting
from nixtui.tui.widgets.table import Table


class GenerationsScreen(Place):
    """Screen 2. Shows one host of those it was opened with."""

    scopes = (Scope.GENERATIONS, Scope.LISTS, Scope.EVERYWHERE)
    here = "generations"
    CSS_PATH = "generations.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.hosts: Sequence[str] = ()
        self._turned = 0
        self._known: Generations | None = None
        self._from: int | None = None
        self._asked_at: float | None = None
        self._list = Table[Generation](columns(session.cockpit.clock), self._row, id="generations")
        self._diff = DiffPane(session.knowledge, session.cockpit.clock)

    def body(self) -> ComposeResult:
        """The list and the diff."""
        with Blank():
            yield self._list
            yield self._diff

    @property
    def table(self) -> Table[Generation]:
        """The generations."""
        return self._list

    @property
    def host(self) -> str | None:
        """The host that is shown."""
        return self.hosts[self._turned] if self.hosts else None

    @property
    def environment(self) -> str | None:
        """That of the host."""
        return next((host.environment for host in self.session.hosts((self.host or "",))), None)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The host, and what of it."""
        return (self.host, "Generations") if self.host else ("Generations",)

    def _row(self, key: str) -> Generation | None:
        return self._known.with_number(int(key)) if self._known else None

    # What is shown

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self._list.focus()

    def on_screen_resume(self) -> None:
        """Without a host chosen, the one under the cursor of the fleet."""
        if not self.hosts:
            self.show_hosts(self.nixtui.fleet_screen.selection().hosts)
        super().on_screen_resume()
        self.call_after_refresh(self._show)

    def show_hosts(self, hosts: Sequence[str]) -> None:
        """Show the first of these; `]` and `[` go through them."""
        self.hosts, self._turned = tuple(hosts), 0
        self._show_host()

    def turn(self, by: int) -> None:
        """The next host, or the one before."""
        self._turned = (self._turned + by) % len(self.hosts)
        self._show_host()

    def _show_host(self) -> None:
        self._from = None
        self._list.show(())  # a number means another generation on another host, so the cursor must not stay on it
        self._know(self.session.knowledge.known_generations(self.host) if self.host else None)
        if self.host:
            self.session.cockpit.focus((self.host,))
            self.ask_again()

    def ask_again(self) -> None:
        """Ask the host now; what is known stays on the screen meanwhile."""
        if self.host:
            self._asked_at = self.session.cockpit.clock()
            self.in_background(partial(self._load, self.host), group="generations", doing=f"generations of {self.host}")
            self._show_titles()

    async def _load(self, host: str) -> None:
        try:
            known = await self.session.knowledge.generations(host)
        except Exception as error:
            self._list.set_empty([*trouble_lines(error), line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))])
            raise
        finally:
            self._asked_at = None
        if host == self.host:
            self._know(known)

    def _know(self, known: Generations | None) -> None:
        """Show these; a cursor that was nowhere begins at what runs."""
        was_nowhere, self._known = self._list.cursor is None, known
        self._show()
        if was_nowhere and known is not None and known.running is not None:
            self._list.go_to(str(known.running.number))

    def fleet_changed(self, changes: Changes) -> None:
        """A host that switched has other generations."""
        host = self.host
        is_news = host in changes.names and host in self.session.cockpit.fleet
        if host and is_news and self._known and self._asked_at is None:
            facts = self.session.cockpit.fleet.status(host).facts
            if facts.current_system and (facts.current_system, facts.profile_system) != (
                self._known.current_system,
                self._known.profile_system,
            ):
                self.ask_again()

    def tick(self, now: float) -> None:
        """Waiting is counted where one looks."""
        self._show_titles()
        self._diff.show_difference()
        super().tick(now)

    def _show(self) -> None:
        known = self._known
        self._list.show(tuple(str(each.number) for each in known.items) if known else ())
        self._list.set_marks(frozenset({str(self._from)} if self._from is not None else ()))
        self._list.set_empty(self._why_empty())
        self._list.redraw()
        self._show_titles()
        self._diff.compare(self.host, self._ends)

    def _why_empty(self) -> list[Line]:
        if self.host is None:
            back = (("1", Role.KEY), (" shows the fleet, where ", Role.MUTED), ("enter", Role.KEY))
            return [line("No host is chosen."), line(*back, (" on a host comes here", Role.MUTED))]
        return [line(("asking the host …", Role.MUTED))]

    def _show_titles(self) -> None:
        host = clean(self.host) if self.host else "Generations"
        turned = f"  {self._turned + 1} of {len(self.hosts)}" if len(self.hosts) > 1 else ""
        right = self._how_many()
        if self._asked_at is not None:
            right = waiting("asking for the generations", self.session.cockpit.clock() - self._asked_at)
        self._list.set_title(line((host, Role.STRONG), (turned, Role.MUTED)), right)

    def _how_many(self) -> Line:
        if self._known is None:
            return EMPTY
        stray = "runs none of them ─ " if self._known.current_system and self._known.running is None else ""
        return line((stray, Role.WARN), (f"{len(self._known.items)}", Role.MUTED))

    # The diff

    @property
    def _ends(self) -> tuple[System, System] | None:
        """Both systems to compare, as label and path: from the marked one, or the running one, to the selected one."""
        known, cursor = self._known, self._list.cursor
        after = known.with_number(int(cursor)) if known and cursor else None
        if known is None or after is None:
            return None
        marked = known.with_number(self._from) if self._from is not None else None
        if marked is not None:
            return (str(marked.number), marked.path), (str(after.number), after.path)
        if known.current_system is None:
            return None
        running = str(known.running.number) if known.running else "what runs"
        return (running, known.current_system), (str(after.number), after.path)

    @on(RowMoved)
    def _moved(self) -> None:
        self._diff.compare(self.host, self._ends)
        self.refresh_frame()

    def on_resize(self) -> None:
        """The titles and lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    # What keys do

    def selection(self) -> Selection:
        """The host shown; what its policy forbids."""
        hosts = tuple(host.name for host in self.session.hosts((self.host or "",)))
        forbidden = why_unchangeable(self.session.cockpit.policy, self.session.hosts(hosts))
        return Selection(hosts=hosts, forbidden=forbidden or self._why_not_there(), row=self._list.cursor)

    def _why_not_there(self) -> str | None:
        cursor = self._list.cursor
        chosen = self._row(cursor) if cursor else None
        if chosen is None:
            return "no generation is selected"
        return None if chosen.path_exists else f"generation {chosen.number} is gone from the store"

    def roll_back(self) -> None:
        """Propose to go to the selected generation."""
        opening.rollback(self.nixtui, self.selection().hosts, str(self._list.cursor))

    def mark(self) -> None:
        """Compare from this one, or from what runs again."""
        number = int(self._list.cursor or 0)
        self._from = None if self._from == number else number
        self._show()

    def step_back(self) -> None:
        """First compare with what runs again, then go to the fleet."""
        if self._from is not None:
            self._from = None
            self._show()
        else:
            super().step_back()

    def scroll_diff(self, rows: int) -> None:
        """Read on in the diff."""
        self._diff.scroll_rows(rows)

    def copy(self) -> None:
        """The store path."""
        chosen = self._row(self._list.cursor or "0")
        if chosen is not None:
            self.nixtui.copy(chosen.path, "the path")

    def copy_command(self) -> None:
        """The diff, or without one the list, as a command."""
        ends, host = self._ends, self.host
        words = ["nixtui", "generations", host or ""]
        if ends is not None and host is not None:
            before = ends[0][0] if ends[0][0].isdecimal() else "current"
            words = ["nixtui", "diff", host, before, ends[1][0]]
        self.nixtui.copy(shlex.join(words), "the command")
