"""Logs: the journals of several hosts as one, as they are written; searched, narrowed, saved."""

import shlex
from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.logs.line import Kind, LogLine, text_line
from nixtui.logs.query import LogQuery
from nixtui.logs.tail import LogTail
from nixtui.logs.view import LogView
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.log_rows import HOST_ROLES, Times, lay_out
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.screens.log_questions import priorities, since, units, why_empty
from nixtui.tui.screens.log_title import left_title, right_title
from nixtui.tui.screens.place import Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.log_pane import LogPane
from nixtui.tui.widgets.prompt import Question

PAINT_AFTER_S = 0.1
"""A flood is painted ten times a second."""
_SHIFT_CELLS = 16
_COPIED_AT_MOST = 2000


class LogsScreen(Place):
    """Screen 6. The hosts are those it was opened with; the cockpit goes on following while others are looked at."""

    scopes = (Scope.LOGS, Scope.LISTS, Scope.EVERYWHERE)
    here = "logs"
    CSS_PATH = "logs.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.hosts: Sequence[str] = ()
        self.query_now = LogQuery()
        self.times = Times.UTC
        self.tail: LogTail | None = None
        self.view: LogView | None = None
        self._painting = False
        self._pane = LogPane(id="log")

    def body(self) -> ComposeResult:
        """The lines."""
        yield self._pane

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The host it is about, if it is one."""
        return (self.hosts[0], "Logs") if len(self.hosts) == 1 else ("Logs",)

    @property
    def environment(self) -> str | None:
        """The one environment that all its hosts are in."""
        found = {host.environment for host in self.session.hosts(self.hosts)}
        return found.pop() if len(found) == 1 else None

    @property
    def is_paused(self) -> bool:
        """True while the lines stand still."""
        return self.view is not None and self.view.paused

    # What is followed

    def on_mount(self) -> None:
        """The lines have the keyboard."""
        self._pane.focus()

    def on_unmount(self) -> None:
        """The app is being left."""
        if self.tail is not None:
            self.tail.wake = lambda: None

    def on_screen_resume(self) -> None:
        """Without hosts chosen, those selected in the fleet."""
        if not self.hosts:
            self.show_logs(self.nixtui.fleet_screen.selection().hosts, LogQuery())
        super().on_screen_resume()
        self.call_after_refresh(self._take_in)

    def on_resize(self) -> None:
        """Other columns fit."""
        super().on_resize()
        self.call_after_refresh(self._take_in)

    def show_logs(self, hosts: Sequence[str], query: LogQuery) -> None:
        """Follow these hosts from now on; those that are followed so already go on as they are."""
        if self.tail is not None and tuple(hosts) == tuple(self.hosts) and query in (LogQuery(), self.query_now):
            return
        self.hosts = tuple(hosts)
        if self.view is not None:
            self.view.only, self.view.needle, self.view.paused = None, "", False
        self._follow(query, ())

    def ask_for(self, query: LogQuery) -> None:
        """The same hosts with other lines. What is there and still wanted stays: the network may be gone."""
        kept: list[LogLine] = []
        if self.tail is not None and query.narrows(self.query_now):
            kept = [each for each in self.tail.buffer.lines if each.kind is Kind.ENTRY and query.takes(each)]
        self._follow(query, kept)

    def _follow(self, query: LogQuery, kept: Sequence[LogLine]) -> None:
        logs = self.session.cockpit.logs
        if self.tail is not None:
            logs.leave(self.tail)
        self.query_now = query
        self.tail = logs.follow(self.hosts, query, kept)
        self.tail.wake = self._wake
        if self.view is None:
            self.view = LogView(self.tail.buffer)
        else:
            self.view.paused, self.view.following = False, True
            self.view.renew(self.tail.buffer)
        self._pane.view, self._pane.shift = self.view, 0
        self._take_in()

    def _wake(self) -> None:
        """Called by whatever task has more; painted in the screen's own."""
        if not self._painting:
            self._painting = True
            self.call_later(self.set_timer, PAINT_AFTER_S, self._take_in)

    def _take_in(self) -> None:
        self._painting = False
        view, tail = self.view, self.tail
        if view is None or tail is None or not self.is_mounted:
            return
        view.sync()
        self._show()

    def _show(self) -> None:
        view, tail = self.view, self.tail
        if view is None or tail is None:
            return
        now = self.session.cockpit.clock()
        shown = self.hosts if view.only is None else (view.only,)
        self._pane.layout_of_rows = lay_out(
            self._pane.cells - 1,
            shown,
            times=self.times,
            needle=view.needle,
            now=now if self.times is Times.AGE else now // 60 * 60,
            roles={name: HOST_ROLES[number % len(HOST_ROLES)] for number, name in enumerate(self.hosts)},
        )
        self._pane.set_title(left_title(self.hosts, view, self.query_now), right_title(view, tail))
        self._pane.set_empty(why_empty(self.hosts, tail))
        self._pane.update_rows()
        self.refresh_frame()

    def tick(self, now: float) -> None:
        """Ages grow where they are shown."""
        if self.times is Times.AGE:
            self._show()
        super().tick(now)

    @on(RowMoved)
    def _moved(self) -> None:
        self._show()

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    # Moving about

    def selection(self) -> Selection:
        """The hosts, and the line under the cursor."""
        current = self.view.current if self.view else None
        return Selection(hosts=tuple(self.hosts), row=str(current.order) if current else None)

    def move(self, rows: int) -> None:
        """Move the cursor; at the end it follows."""
        if self.view is not None:
            self.view.move(rows)
            self._show()

    def move_pages(self, pages: float) -> None:
        """Move by a share of what is seen."""
        self.move(round(self._pane.page_rows() * pages) or (1 if pages > 0 else -1))

    def to_end(self, *, first: bool) -> None:
        """The oldest line, or the newest, and follow."""
        if self.view is not None and self.view.rows:
            self.view.go_to_row(0 if first else len(self.view.rows) - 1)
            self._show()

    def move_sideways(self, steps: int) -> None:
        """See more of long lines."""
        if self._pane.wrapped:
            self.session.say(Level.INFO, "Long lines are wrapped; w shows each in one row.")
            return
        self._pane.shift = max(0, self._pane.shift + steps * _SHIFT_CELLS)
        self._show()

    def step_back(self) -> None:
        """Take the last narrowing away: the search, the one host, the filters; then leave."""
        view = self.view
        if view is not None and view.needle:
            view.search("")
        elif view is not None and view.only is not None:
            view.show_only(None)
        elif self.query_now != LogQuery():
            self.ask_for(LogQuery())
        else:
            super().step_back()
            return
        self._show()

    def stop_asking(self) -> None:
        """Give the keyboard back to the lines."""
        super().stop_asking()
        self._pane.focus()

    # What keys do

    def toggle_follow(self) -> None:
        """Stay at the end, or where one is."""
        if self.view is not None:
            self.view.follow(not self.view.following)
            self._show()

    def pause(self) -> None:
        """Hold the lines still, or catch up."""
        if (view := self.view) is None:
            return
        if view.paused:
            view.resume()
        else:
            view.pause()
            self.session.say(Level.INFO, "The display is paused; journals are followed on. p lets it run.")
        self._show()

    def search(self) -> None:
        """Find a text as one types, from the cursor backwards: what one looks for has happened."""
        view = self.view
        if view is None:
            return
        needle, cursor, following = view.needle, view.cursor, view.following

        def edited(text: str) -> Line:
            found = view.search(text)
            view.cursor, view.following = cursor, following
            if found:
                view.go_to_found(later=False, here=True)
            self._show()
            if not text:
                return line(("small letters find capitals, too", Role.FAINT))
            return line((f"{found:,} lines", Role.MUTED)) if found else line(("found nowhere", Role.WARN))

        def left() -> None:
            view.search(needle)
            view.cursor = cursor
            view.follow(following)
            self.stop_asking()
            self._show()

        def submitted(text: str) -> None:
            self.stop_asking()
            if text and not view.found:
                self._say_found_nowhere()

        self.ask(Question("/ ", needle, edited, submitted, left))

    def _say_found_nowhere(self) -> None:
        if self.view is not None:
            self.session.say(Level.WARNING, f"No line has “{clean(self.view.needle)}”; / looks for something else.")

    def find(self, *, later: bool) -> None:
        """The next line with the text, or the one before."""
        if self.view is None or not self.view.needle:
            self.session.say(Level.WARNING, "Nothing is looked for; / finds a text.")
            return
        went = self.view.go_to_found(later=later)
        if went is None:
            self._say_found_nowhere()
        elif went == "round":
            self.session.say(Level.INFO, "Went on from the oldest line." if later else "Went on from the newest line.")
        self._show()

    def ask_units(self) -> None:
        """Lines of some units only."""
        units(self)

    def ask_priority(self) -> None:
        """Only lines that are so urgent."""
        priorities(self)

    def ask_since(self) -> None:
        """Lines since a moment."""
        since(self)

    def turn(self, by: int) -> None:
        """One host alone, the next one, and after the last all of them."""
        if (view := self.view) is not None:
            every = (None, *self.hosts)
            view.show_only(every[(every.index(view.only) + by) % len(every)] if len(self.hosts) > 1 else None)
            self._show()

    def choose_host(self) -> None:
        """One host alone, or all."""
        if (view := self.view) is not None:
            options = [("", "all hosts"), *((name, clean(name)) for name in self.hosts)]
            opening.choice(self, "Show", options, lambda name: self._only(view, name or None))

    def _only(self, view: LogView, name: str | None) -> None:
        view.show_only(name)
        self._show()

    def next_times(self) -> None:
        """Another way to write times."""
        self.times = self.times.next
        self.session.say(Level.INFO, f"Times: {self.times.value}.")
        self._show()

    def toggle_wrap(self) -> None:
        """Long lines over several rows, or cut."""
        self._pane.wrapped = not self._pane.wrapped
        self._pane.shift = 0
        self._show()

    def mark(self) -> None:
        """A line across, to find this moment again."""
        if self.tail is not None:
            self.tail.mark()

    def ask_again(self) -> None:
        """Try lost hosts again now."""
        if self.tail is not None:
            lost = len(self.tail.trouble())
            self.tail.retry()
            self.session.say(
                Level.INFO, f"Trying {lost} lost {'host' if lost == 1 else 'hosts'} again." if lost else "None is lost."
            )

    def open(self) -> None:
        """The line with all its fields."""
        current = self.view.current if self.view else None
        if current is None or current.kind is not Kind.ENTRY:
            said = f"{current.host}: {current.message}" if current and current.host else current and current.message
            self.session.say(Level.INFO, said or "A mark that you set; it is in no journal.")
            return
        opening.log_record(self, current)

    def save(self) -> None:
        """All lines that are shown, into a new file."""
        if self.view is not None:
            self.in_background(partial(self._save, list(self.view.rows)), group="save", doing="Saving the lines")

    async def _save(self, rows: list[LogLine]) -> None:
        assert self.view is not None
        hosts = (self.view.only,) if self.view.only else self.hosts
        path = await self.session.cockpit.logs.save(rows, hosts)
        self.session.say(Level.DONE, f"Saved {len(rows):,} lines to {path}")

    def copy(self) -> None:
        """The line under the cursor, or, after a search, all lines with the text."""
        view = self.view
        if view is None or view.current is None:
            return
        found = view.found[-_COPIED_AT_MOST:] if view.needle and view.found else [view.current]
        what = "the line" if len(found) == 1 else f"{len(found):,} lines"
        self.nixtui.copy("\n".join(text_line(each) for each in found), what)

    def copy_command(self) -> None:
        """The same without a screen."""
        hosts = (self.view.only,) if self.view and self.view.only else self.hosts
        self.nixtui.copy(shlex.join(["nixtui", "logs", *hosts, *self.query_now.words(), "--follow"]), "the command")
