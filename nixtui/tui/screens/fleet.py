"""Fleet: every host as it is now, what is wrong first; the selected one at the side."""

import shlex

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.state import Changes
from nixtui.model.selector import BadSelector
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import HeadClicked, RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.host_panel import host_panel, why_empty
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.host_table import HostTable
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question, trouble

FOCUS_AFTER_S = 0.3
"""A cursor that rests this long is looked at; one that flies past ten hosts should not disturb ten."""


class FleetScreen(Place):
    """Screen 1."""

    scopes = (Scope.FLEET, Scope.LISTS, Scope.EVERYWHERE)
    here = "fleet"
    CSS_PATH = "fleet.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._hosts = HostTable(session.cockpit.fleet, session.cockpit.clock)
        self._panel = Panel(id="host")

    def body(self) -> ComposeResult:
        """The table and the selected host."""
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
        super().on_screen_resume()

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._hosts.show_title)
        self.call_after_refresh(self._show_host)

    def fleet_changed(self, changes: Changes) -> None:
        """Hosts changed, came or went."""
        self._hosts.take(changes)
        if changes.membership:
            self._show_empty()
        if self._hosts.cursor in changes.names:
            self._show_host()

    def tick(self, now: float) -> None:
        """Ages grow."""
        self._hosts.tick(now)
        if not self.is_paused:
            self._show_host()
        super().tick(now)

    def _show_host(self) -> None:
        if not self._panel.display:
            return
        name, cockpit = self._hosts.cursor, self.session.cockpit
        if name is None or name not in cockpit.fleet:
            self._panel.set_title(EMPTY)
            self._panel.show([])
            return
        row = self._hosts.listing.row(name, cockpit.clock())
        self._panel.set_title(line((clean(name), Role.STRONG)))
        self._panel.show(host_panel(row, cockpit.fleet.load_history(name), self._panel.text_cells))

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
        if name == self._hosts.cursor:
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
        cursor, marked = self._hosts.cursor, self._hosts.marks.names
        names = self._hosts.marks.in_order() if marked else (cursor,) if cursor else ()
        names = tuple(name for name in names if name in self.session.cockpit.fleet)
        return Selection(
            hosts=names,
            marked=len(marked),
            hidden=len(self._hosts.marks.hidden(self._hosts.listing)),
            forbidden=why_unchangeable(self.session.cockpit.policy, self.session.hosts(names)),
            row=cursor,
        )

    def step_back(self) -> None:
        """Take the last narrowing away: filter, problems, environment; without one, go where one came from."""
        listing = self._hosts.listing
        if listing.selector.text.strip():
            self._filter_by("")
        elif listing.only_problems:
            self._hosts.show_problems(only=False)
        elif listing.environment:
            self._hosts.show_environment(None)
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

        self.ask(Question("/ ", before, self._filter_by, lambda _: self.stop_asking(), left))

    def toggle_problems(self) -> None:
        """Only hosts somebody should look at, or all again."""
        self._hosts.show_problems(only=not self._hosts.listing.only_problems)
        self._show_empty()

    def choose_sort(self) -> None:
        """Ask for the column."""
        columns = [(each.id, each.title) for each in self._hosts.columns if each.sort]
        opening.choice(self, "Sort by", columns, self._hosts.sort_by)

    def toggle_wide(self) -> None:
        """All the width for the table."""
        self.toggle_class("-all-columns")

    def toggle_panel(self) -> None:
        """The selected host at the side, where it is not shown anyway; and away where it is."""
        shown = bool(self._panel.display)
        self.set_class(not shown, "-with-panel")
        self.set_class(shown, "-without-panel")
        self.call_after_refresh(self._show_host)

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
        """The generations of the selected hosts."""
        opening.generations(self.nixtui, self.selection().hosts)

    def logs(self) -> None:
        """The journals of the selected hosts."""
        opening.logs(self.nixtui, self.selection().hosts)

    def go_to_host(self, name: str) -> None:
        """Put the cursor on a host, lifting filters that hide it."""
        if name not in self._hosts.listing:
            self._hosts.listing.only_problems, self._hosts.listing.environment = False, None
            self._filter_by("")
        self._hosts.go_to(name)

    def show_environment(self, name: str | None) -> None:
        """Show one environment only, or all."""
        self._hosts.show_environment(name)
        self.refresh_frame()

    def copy(self) -> None:
        """The names, one a line."""
        names = self.selection().hosts
        self.nixtui.copy("\n".join(names), "the name" if len(names) == 1 else f"{len(names)} names")

    def copy_command(self) -> None:
        """What would show these hosts without a screen."""
        self.nixtui.copy(shlex.join(["nixtui", "status", *self.selection().hosts]), "the command")
