"""Fleet: every host as it is now, what is wrong first; the selected one at the side."""

import shlex

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.state import Changes
from nixtui.model.selector import BadSelector, parse_selector
from nixtui.tui import hosts, opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.fleet_list import FleetList, Marks
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.host_panel import host_panel
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question, trouble
from nixtui.tui.widgets.table import Table

REORDER_AFTER_S = 1.0
"""Rows change places at most this often: a list that never stands still cannot be read."""

AGE_AFTER_S = 5.0
"""Ages in the table are in steps of ten seconds and more, so looking at them every second would show nothing new."""

FOCUS_AFTER_S = 0.3
"""A cursor that rests this long is looked at; one that flies past ten hosts should not disturb ten."""


class FleetScreen(Place):
    """Screen 1."""

    scopes = (Scope.FLEET, Scope.LISTS, Scope.EVERYWHERE)
    here = "fleet"
    CSS_PATH = "fleet.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._columns = hosts.columns(session.cockpit.fleet.names())
        self.listing = FleetList(session.cockpit.fleet, self._columns)
        self.marks = Marks()
        self._hosts = Table[hosts.HostRow](self._columns, self._row, id="hosts")
        self._panel = Panel(id="host")
        self._waiting: set[str] | None = None
        self._reorder_due = False
        self._ordered_at = self._aged_at = 0.0

    def body(self) -> ComposeResult:
        """The table and the selected host."""
        with Blank():
            yield self._hosts
            yield self._panel

    @property
    def table(self) -> Table[hosts.HostRow]:
        """The hosts."""
        return self._hosts

    def _now(self) -> float:
        return self.session.cockpit.clock()

    def _row(self, name: str) -> hosts.HostRow | None:
        try:
            return self.listing.row(name, self._now())
        except KeyError:  # left the inventory; the next rebuild takes it out of the list
            return None

    # What changes by itself

    def on_mount(self) -> None:
        """The first look."""
        self._hosts.focus()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        if not self.is_paused:
            self.rebuild()
        super().on_screen_resume()

    def fleet_changed(self, changes: Changes) -> None:
        """Take changes in; while the display is paused, only count them."""
        names = changes.names
        if self._waiting is not None:
            self._waiting |= names
            return
        if changes.membership:
            self._columns = hosts.columns(self.session.cockpit.fleet.names())
            self._hosts.set_columns(self._columns)
            self.marks.forget_all_but(self.session.cockpit.fleet.names())
            self.rebuild()
            return
        self.listing.held = self._hosts.cursor
        self._reorder_due |= self.listing.update(names, self._now())
        self._reorder_when_due()
        self._hosts.rows_changed(names)
        if self._hosts.cursor in names:
            self._show_host()

    def tick(self, now: float) -> None:
        """Ages grow; rows that should change places do."""
        if self._waiting is None:
            if now - self._aged_at >= AGE_AFTER_S:
                self._aged_at = now
                self._reorder_due |= self.listing.update(self.listing.newly_stale(now), now)
                self._hosts.redraw()
            self._reorder_when_due()
            self._show_host()
        super().tick(now)

    def _reorder_when_due(self) -> None:
        if self._reorder_due and self._now() - self._ordered_at >= REORDER_AFTER_S:
            self._show_order()

    def rebuild(self, *, hold: bool = True) -> None:
        """Filter and sort everything anew; `hold` keeps the host under the cursor listed whatever the filter says."""
        self.listing.held = self._hosts.cursor if hold else None
        self.listing.rebuild(self._now())
        self._show_order()

    def _show_order(self) -> None:
        self._reorder_due, self._ordered_at = False, self._now()
        listing = self.listing
        self._hosts.show(listing.order(), sorted_by=(listing.sort_column, listing.descending))
        self._hosts.set_empty(self._why_empty())
        self._show_title()
        self._show_host()

    def _show_title(self) -> None:
        shown, known = len(self.listing), len(self.session.cockpit.fleet)
        marked, hidden = len(self.marks.names), len(self.marks.hidden(self.listing))
        hiding = f", {hidden} hidden" if hidden else ""
        marks = line((f"{marked} marked{hiding} ─ ", Role.WARN if hidden else Role.ACCENT)) if marked else EMPTY
        count = f"{shown} of {known}" if self.listing.is_filtered else f"{known}"
        by = f"{clean(self.listing.description)} ─ " if self.listing.is_filtered else ""
        self._hosts.set_title(line(("Fleet", Role.STRONG)), (*marks, *line((by, Role.ACCENT), (count, Role.MUTED))))

    def _why_empty(self) -> list[Line]:
        if self.listing.is_filtered:
            return [
                line(("No host matches ", Role.TEXT), (clean(self.listing.description), Role.ACCENT)),
                line(
                    ("esc", Role.KEY),
                    (" shows all of them, ", Role.MUTED),
                    ("/", Role.KEY),
                    (" changes the filter", Role.MUTED),
                ),
            ]
        notes = [line(("! ", Role.WARN), clean(note)) for note in self.session.cockpit.notes]
        return [
            line("There is no host in this fleet yet."),
            line(
                (
                    "Name them in nixtui.toml under [hosts.NAME], or run nixtui where a flake has nixosConfigurations;",
                    Role.MUTED,
                )
            ),
            line(("nixtui init", Role.KEY), (" looks around and proposes a configuration.", Role.MUTED)),
            EMPTY,
            *notes,
        ]

    def _show_host(self) -> None:
        cursor = self._hosts.cursor
        row = self._row(cursor) if cursor else None
        if not self._panel.display:
            return
        self._panel.set_title(line((clean(cursor), Role.STRONG)) if cursor else EMPTY)
        self._panel.show(host_panel(row, self._panel.text_cells) if row else [])

    @on(Table.Moved)
    def _moved(self, event: Table.Moved) -> None:
        self._show_host()
        self.refresh_frame()
        key = event.key
        if key is not None:
            self.set_timer(FOCUS_AFTER_S, lambda: self._look_at(key))

    def _look_at(self, name: str) -> None:
        if name == self._hosts.cursor:
            self.session.cockpit.focus((name,))

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_act("open")

    @on(Table.HeadClicked)
    def _head_clicked(self, event: Table.HeadClicked) -> None:
        self.sort_by(event.column)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show_order)

    # What keys do

    @property
    def is_paused(self) -> bool:
        """True while the display is held still."""
        return self._waiting is not None

    @property
    def environment(self) -> str | None:
        """The environment the list is limited to."""
        return self.listing.environment

    def selection(self) -> Selection:
        """The marked hosts, or the one under the cursor."""
        cursor, marked = self._hosts.cursor, self.marks.names
        names = tuple(sorted(marked)) if marked else (cursor,) if cursor else ()
        return Selection(
            hosts=names,
            marked=len(marked),
            hidden=len(self.marks.hidden(self.listing)),
            forbidden=why_unchangeable(self.session.cockpit.policy, self.session.hosts(names)),
            row=cursor,
        )

    def step_back(self) -> None:
        """Take the last narrowing away: the filter, then the problems, then the environment; then go where one came from."""
        listing = self.listing
        if listing.selector.text.strip():
            self.set_filter("")
        elif listing.only_problems:
            self.toggle_problems()
        elif listing.environment:
            self.show_environment(None)
        else:
            super().step_back()

    def set_filter(self, text: str) -> Line:
        """Show what a selector matches; the result says how many, or what is wrong with it."""
        try:
            self.listing.selector = parse_selector(text, plain_is_substring=True)
        except BadSelector as error:
            return trouble(str(error))
        self.rebuild(hold=False)
        return line((f"{len(self.listing)} of {len(self.session.cockpit.fleet)}", Role.MUTED))

    def filter(self) -> None:
        """Filter as one types; esc brings back what was shown before."""
        before = self.listing.selector.text

        def left() -> None:
            self.set_filter(before)
            self.stop_asking()

        self.ask(Question("/ ", before, self.set_filter, lambda _: self.stop_asking(), left))

    def show_environment(self, name: str | None) -> None:
        """Show one environment only, or all."""
        self.listing.environment = name
        self.rebuild(hold=False)
        self.refresh_frame()

    def toggle_problems(self) -> None:
        """Only hosts somebody should look at, or all again."""
        self.listing.only_problems = not self.listing.only_problems
        self.rebuild(hold=False)

    def mark(self) -> None:
        """Mark the host under the cursor, or unmark it, and go on to the next."""
        if cursor := self._hosts.cursor:
            self.marks.toggle(cursor)
            self._marks_changed()
            self._hosts.move(1)

    def mark_all(self) -> None:
        """Mark all that are shown, or unmark them."""
        self.marks.toggle_all(self._hosts.order)
        self._marks_changed()

    def mark_range(self) -> None:
        """Mark from the last mark to here."""
        if cursor := self._hosts.cursor:
            self.marks.extend_to(cursor, self._hosts.order)
            self._marks_changed()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._hosts.set_marks(self.marks.names)
        self._show_title()

    def sort_by(self, column: str) -> None:
        """Order by a column; the same again turns it round."""
        self.listing.sort_by(column)
        self.rebuild()

    def choose_sort(self) -> None:
        """Ask for the column."""
        columns = [(each.id, each.title) for each in self._columns if each.sort]
        opening.choice(self, "Sort by", columns, self.sort_by)

    def toggle_wide(self) -> None:
        """All the width for the table."""
        self.set_class(not self.has_class("-all-columns"), "-all-columns")

    def toggle_panel(self) -> None:
        """The selected host at the side, where it is not shown anyway; and away where it is."""
        self.set_class(not self._panel.display, "-with-panel")
        self.set_class(self._panel.display, "-without-panel")
        self.call_after_refresh(self._show_order)

    def pause(self) -> None:
        """Hold the display still, or let it run and show what came in meanwhile."""
        if self._waiting is None:
            self._waiting = set()
            self.session.say(Level.INFO, "The display is paused; hosts are still watched. p lets it run.")
            return
        came, self._waiting = len(self._waiting), None
        self.session.say(Level.INFO, f"The display runs again; {came} hosts changed meanwhile.")
        self.rebuild()

    def ask_again(self) -> None:
        """Ask the selected hosts now."""
        names = self.selection().hosts
        self.session.cockpit.refresh(names)
        self.session.say(Level.INFO, f"Asking {names[0] if len(names) == 1 else f'{len(names)} hosts'} again.")

    def roll_back(self, target: str) -> None:
        """Propose to take the selected hosts back."""
        opening.rollback(self.nixtui, self.selection().hosts, target)

    def choose_target(self) -> None:
        """Ask where to, then propose it."""
        opening.target(self, self.selection().hosts)

    def open(self) -> None:
        """The generations of the selected hosts."""
        opening.generations(self.nixtui, self.selection().hosts)

    def go_to_host(self, name: str) -> None:
        """Put the cursor on a host, lifting filters that hide it."""
        if name not in self.listing:
            self.listing.only_problems, self.listing.environment = False, None
            self.set_filter("")
        self._hosts.go_to(name)

    def copy(self) -> None:
        """The names, one a line."""
        self.nixtui.copy("\n".join(self.selection().hosts), f"{len(self.selection().hosts)} names")

    def copy_command(self) -> None:
        """What would show these hosts without a screen."""
        self.nixtui.copy(shlex.join(["nixtui", "status", *self.selection().hosts]), "the command")
