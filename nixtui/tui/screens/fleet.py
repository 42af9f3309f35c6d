"""Fleet: every host as it is now, what is wrong first; the selected one at the side."""

import math
import shlex
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.state import Changes
from nixtui.model.selector import BadSelector
from nixtui.model.status import HostState
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.completion import complete_selector
from nixtui.tui.groups import grouping, groupings
from nixtui.tui.last_actions import ENTRIES
from nixtui.tui.memory import Remembered
from nixtui.tui.messages import EnvironmentClicked, HeadClicked, RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.host_panel import group_panel, host_panel, why_empty
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.host_table import HostTable
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question, trouble
from nixtui.tui.widgets.summary import Summary

FOCUS_AFTER_S = 0.3
"""A cursor that rests this long is looked at; one that flies past ten hosts should not disturb ten."""


SORTED_S = 3.0
"""So long after the last host has answered the list is in its order, and nobody was about to press a key on it."""

SLOWEST_S = 15.0
"""So long nobody waits for one host that does not answer."""


class FleetScreen(Place):
    """Screen 1."""

    scopes = (Scope.FLEET, Scope.LISTS, Scope.EVERYWHERE)
    here = "fleet"
    CSS_PATH = "fleet.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._hosts = HostTable(session.cockpit.fleet, session.cockpit.clock, session.actions)
        self._panel = Panel(id="host")
        self._summary = Summary()
        self._locked: frozenset[str] = frozenset()
        self._operations: tuple[object, ...] | None = None
        self._chosen_at = math.inf

    def body(self) -> ComposeResult:
        """The environments, the table, and the selected host."""
        yield self._summary
        with Blank():
            yield self._hosts
            yield self._panel

    @property
    def table(self) -> HostTable:
        """The hosts."""
        return self._hosts

    # What is shown

    def on_mount(self) -> None:
        """The table has the keyboard."""
        self._hosts.focus()
        self._hosts.stay_on_top()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        if not self.is_paused:
            self._hosts.rebuild()
            self._show_empty()
        self._show_summary()
        self._operations = None
        super().on_screen_resume()

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        for show in (self._hosts.show_title, self._show_summary, self._show_host):
            self.call_after_refresh(show)

    def fleet_changed(self, changes: Changes) -> None:
        """Hosts changed, came or went."""
        self._hosts.take(changes)
        if changes.membership:
            self._show_empty()
        if self._hosts.group is not None or self._hosts.cursor in changes.names:
            self._show_host()
        self._show_summary()
        self._follow_locks(changes)

    def tick(self, now: float) -> None:
        """Ages grow, and operations end."""
        self._hosts.tick(now)
        self._choose_for_good(now)
        if not self.is_paused:
            self._show_host()
        self._follow_operations()
        super().tick(now)

    def _choose_for_good(self, now: float) -> None:
        """Nobody touched the list: once it is in its order the row that is chosen stays so, wherever it moves."""
        states = self.session.cockpit.fleet.counts.states
        sorted_at = now + (SORTED_S if states and not states[HostState.CONNECTING] else SLOWEST_S)
        self._chosen_at = min(self._chosen_at, sorted_at)
        if now >= self._chosen_at:
            self._hosts.stay_on_top(False)

    def visit(self, place: str) -> None:
        """Generations are those of the selected hosts."""
        hosts = self.selection().hosts
        if place == "generations" and hosts:
            opening.generations(self.nixtui, hosts)
        else:
            super().visit(place)

    # What was done to hosts last

    def _follow_locks(self, changes: Changes) -> None:
        """A lock that is gone was somebody's operation, perhaps not ours: the journal knows."""
        fleet = self.session.cockpit.fleet
        held = {name for name in changes.names if name in fleet and fleet.status(name).facts.lock is not None}
        if self._locked & changes.names - held:
            self._operations = None
        self._locked = (self._locked - changes.names) | held

    def _follow_operations(self) -> None:
        """Read the journal when an operation began or ended, not again and again."""
        now = tuple((each.id, each.report is None) for each in self.session.cockpit.operations.begun())
        if now != self._operations:
            self._operations = now
            self.in_background(self._learn_actions, group="actions", doing="Reading what was done last")

    async def _learn_actions(self) -> None:
        operations = self.session.cockpit.operations
        entries = await operations.past(ENTRIES)
        self._hosts.actions_changed(self.session.actions.take(entries, operations.begun()))
        self._show_host()

    def _show_summary(self) -> None:
        cockpit = self.session.cockpit
        if not self.is_paused:
            self._summary.tell(cockpit.fleet.counts.tallies, cockpit.policy, self.environment)

    def _show_host(self) -> None:
        if not self._panel.display:
            return
        if (group := self._hosts.group) is not None:
            self._panel.set_title(line((clean(group.value or "without one"), Role.STRONG)))
            self._panel.show(group_panel(group, self._panel.text_cells))
            return
        name, cockpit = self._hosts.host, self.session.cockpit
        row = self._hosts.full_row(name) if name is not None else None
        if name is None or row is None:
            self._panel.set_title(EMPTY)
            self._panel.show([])
            return
        known = self.session.knowledge.known_generations(name)
        self._panel.set_title(line((clean(name), Role.STRONG)))
        self._panel.show(host_panel(row, self._panel.text_cells, known, cockpit.fleet.peers.usual(name)))

    def _show_empty(self) -> None:
        cockpit = self.session.cockpit
        self._hosts.set_empty(why_empty(len(cockpit.fleet), self._hosts.listing.description, cockpit.notes))

    @on(RowMoved)
    def _moved(self, event: RowMoved) -> None:
        self._show_host()
        self.refresh_frame()
        key = event.key
        if key is not None:
            self.set_timer(FOCUS_AFTER_S, lambda: self._look_at(key))

    def _look_at(self, name: str) -> None:
        if name == self._hosts.host:
            self.session.cockpit.focus((name,))

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    @on(HeadClicked)
    def _head_clicked(self, event: HeadClicked) -> None:
        self._hosts.sort_by(event.column)

    # What keys do

    @property
    def is_paused(self) -> bool:
        """True while the display is held still."""
        return self._hosts.is_paused

    @property
    def environment(self) -> str | None:
        """The environment the list is limited to."""
        return self._hosts.listing.environment

    def selection(self) -> Selection:
        """The marked hosts, or the one under the cursor."""
        cursor, marked = self._hosts.host, self._hosts.marks.names
        names = self._hosts.marks.in_order() if marked else (cursor,) if cursor else ()
        names = tuple(name for name in names if name in self.session.cockpit.fleet)
        return Selection(
            hosts=names,
            marked=len(marked),
            hidden=len(self._hosts.marks.hidden(self._hosts.listing)),
            forbidden=why_unchangeable(self.session.cockpit.policy, self.session.hosts(names)),
            row=self._hosts.cursor,
        )

    def step_back(self) -> None:
        """Take the last narrowing away: filter, problems, environment; without one, go where one came from."""
        listing = self._hosts.listing
        if listing.selector.text.strip():
            self._filter_by("")
        elif listing.only_problems:
            self._hosts.show_problems(only=False)
        elif listing.environment:
            self.show_environment(None)
        else:
            super().step_back()

    def _filter_by(self, text: str) -> Line:
        try:
            self._hosts.filter_by(text)
        except BadSelector as error:
            return trouble(str(error))
        self._show_empty()
        return line((f"{len(self._hosts.listing)} of {len(self.session.cockpit.fleet)}", Role.MUTED))

    def filter(self) -> None:
        """Filter as one types; esc brings back what was shown before."""
        before = self._hosts.listing.selector.text

        def left() -> None:
            self._filter_by(before)
            self.stop_asking()

        def complete(text: str) -> Sequence[str]:
            return complete_selector(text, self.session.cockpit.fleet)

        self.ask(Question("/ ", before, self._filter_by, lambda _: self.stop_asking(), left, complete))

    def filter_hosts(self, text: str) -> None:
        """Show what a selector matches, said from elsewhere. Raises `BadSelector`."""
        self._hosts.filter_by(text)
        self._show_empty()

    def toggle_problems(self) -> None:
        """Only hosts somebody should look at, or all again."""
        self._hosts.show_problems(only=not self._hosts.listing.only_problems)
        self._show_empty()

    def choose_sort(self) -> None:
        """Ask for the column."""
        columns = [(each.id, each.title) for each in self._hosts.columns if each.sort]
        opening.choice(self, "Sort by", columns, self._hosts.sort_by)

    def sort_by(self, column: str) -> None:
        """Order by a column; the same again turns it round."""
        self._hosts.sort_by(column)

    def choose_grouping(self) -> None:
        """Ask what to group by."""
        found = [(each.id, each.title) for each in groupings(self.session.cockpit.fleet)]
        now = self._hosts.listing.groups
        none = [("", "not grouped")] if now is not None else []
        opening.choice(self, "Group by", [*none, *found], self.group_by)

    def group_by(self, name: str | None) -> None:
        """Group by what is called so; by nothing where that is empty."""
        self._hosts.group_by(grouping(name) if name else None)
        self._show_host()

    def toggle_wide(self) -> None:
        """All columns, and all the width for them."""
        self._set_wide(not self._hosts.is_wide)

    def _set_wide(self, wide: bool) -> None:
        self.set_class(wide, "-all-columns")
        self._hosts.set_wide(wide)
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self._hosts.refit()
        self._hosts.show_title()

    def shift(self, columns: int) -> None:
        """Move sideways to columns that do not fit."""
        self._hosts.shift(columns)
        self._hosts.show_title()

    def toggle_panel(self) -> None:
        """The selected host at the side, where it is not shown anyway; and away where it is."""
        self._set_panel(not self._panel.display)

    def _set_panel(self, shown: bool) -> None:
        self.set_class(shown, "-with-panel")
        self.set_class(not shown, "-without-panel")
        if shown and self._hosts.is_wide:
            self._set_wide(False)
        self.call_after_refresh(self._fit)
        self.call_after_refresh(self._show_host)

    # What is remembered

    def look(self) -> Remembered:
        """How it looks, for the next time."""
        listing = self._hosts.listing
        panel = True if self.has_class("-with-panel") else False if self.has_class("-without-panel") else None
        return Remembered(
            sort=listing.sort_column,
            descending=listing.descending,
            grouping=listing.groups.by.id if listing.groups else None,
            wide=self._hosts.is_wide,
            panel=panel,
            only_problems=listing.only_problems,
        )

    def restore(self, found: Remembered) -> None:
        """Look as it did then. That only problems are shown is said, as it hides hosts."""
        listing = self._hosts.listing
        if found.sort in {each.id for each in self._hosts.columns}:
            listing.sort_column, listing.descending = found.sort, found.descending
        listing.only_problems = found.only_problems
        if found.panel is not None:
            self._set_panel(found.panel)
        if found.wide:
            self._set_wide(True)
        self._hosts.rebuild()
        self._hosts.group_by(grouping(found.grouping) if found.grouping else None)
        self._show_empty()
        if found.only_problems:
            key = self.session.key_of("problems", "z")
            self.session.say(Level.INFO, f"Only problems are shown, as when you left; {key} shows all hosts.")

    def pause(self) -> None:
        """Hold the display still, or let it run and show what came in meanwhile."""
        if not self.is_paused:
            self._hosts.pause()
            self.session.say(Level.INFO, "The display is paused; hosts are still watched. p lets it run.")
        else:
            self.session.say(Level.INFO, f"The display runs again; {self._hosts.resume()} hosts changed meanwhile.")

    def open_host_page(self) -> None:
        """The page of the host under the cursor."""
        if (name := self._hosts.cursor) is not None:
            opening.host_page(self.nixtui, name)

    def ask_again(self) -> None:
        """Ask the selected hosts now."""
        names = self.selection().hosts
        self.session.cockpit.refresh(names)
        self.session.say(Level.INFO, f"Asking {names[0] if len(names) == 1 else f'{len(names)} hosts'} again.")

    def roll_back(self) -> None:
        """Propose to take the selected hosts back to what they ran before."""
        opening.rollback(self.nixtui, self.selection().hosts, "previous")

    def choose_target(self) -> None:
        """Ask where to, then propose it."""
        opening.target(self, self.selection().hosts)

    def open(self) -> None:
        """The generations of the selected hosts; on a heading, its hosts or only it."""
        if self._hosts.group is not None:
            self._hosts.toggle_group()
            return
        opening.generations(self.nixtui, self.selection().hosts)

    def logs(self) -> None:
        """The journals of the selected hosts."""
        opening.logs(self.nixtui, self.selection().hosts)

    def go_to_host(self, name: str) -> None:
        """Put the cursor on a host, lifting filters that hide it."""
        if name not in self._hosts.listing:
            self._hosts.listing.only_problems, self._hosts.listing.environment = False, None
            self._filter_by("")
            self._show_summary()
        self._hosts.find(name)

    def show_environment(self, name: str | None) -> None:
        """Show one environment only, or all."""
        self._hosts.show_environment(name)
        self._show_summary()
        self._show_empty()
        self.refresh_frame()

    @on(EnvironmentClicked)
    def _environment_clicked(self, event: EnvironmentClicked) -> None:
        self.show_environment(None if event.name == self.environment else event.name)

    def copy(self) -> None:
        """The names, one a line."""
        names = self.selection().hosts
        self.nixtui.copy("\n".join(names), "the name" if len(names) == 1 else f"{len(names)} names")

    def copy_command(self) -> None:
        """What would show these hosts without a screen."""
        self.nixtui.copy(shlex.join(["nixtui", "status", *self.selection().hosts]), "the command")
