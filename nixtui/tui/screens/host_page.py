"""The page of one host: what is wrong, its units, generations, timers and backups, its store, its journal."""

import shlex
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from nixtui.fleet.state import Changes
from nixtui.model.status import HostFacts
from nixtui.model.store import BadAge, parse_age
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.host_tabs.generations_tab import GenerationsTab
from nixtui.tui.host_tabs.journal_tab import JournalTab
from nixtui.tui.host_tabs.overview_tab import OverviewTab
from nixtui.tui.host_tabs.store_tab import StoreTab
from nixtui.tui.host_tabs.tab import HostTab
from nixtui.tui.host_tabs.timers_tab import TimersTab
from nixtui.tui.host_tabs.units_tab import UnitsTab
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.confirming import PlanQuestion
from nixtui.tui.screens.place import Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.prompt import Question, trouble
from nixtui.tui.widgets.tab_bar import TabBar, TabChosen
from nixtui.tui.widgets.table import Table


class HostPage(Place):
    """On top of the screen it was opened from; esc goes back there."""

    scopes = (Scope.HOST, Scope.LISTS, Scope.EVERYWHERE)
    here = "fleet"
    CSS_PATH = "host_page.tcss"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session)
        self.host = host
        self.units, self.store = UnitsTab(session, host), StoreTab(session, host)
        self.timers, generations = TimersTab(session, host), GenerationsTab(session, host)
        self.tabs: tuple[HostTab, ...] = (
            OverviewTab(session, host), self.units, generations, self.timers, self.store, JournalTab(session, host),
        )  # fmt: skip
        self._place = 0
        self._seen: tuple[object, ...] | None = None
        self._bar = TabBar([(each.title, each.short or each.title) for each in self.tabs])

    def body(self) -> ComposeResult:
        """The names of the tabs, and the one that is shown."""
        yield self._bar
        with Vertical(id="host-tabs"):
            for place, tab in enumerate(self.tabs):
                tab.display = place == self._place
                yield tab

    @property
    def tab(self) -> HostTab:
        """The one that is shown."""
        return self.tabs[self._place]

    @property
    def table(self) -> Table[Any] | None:
        """The list of the tab, if it has one."""
        return self.tab.rows

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The host."""
        return (self.host,)

    @property
    def environment(self) -> str | None:
        """That of the host."""
        return next((host.environment for host in self.session.hosts((self.host,))), None)

    # What is shown

    def on_mount(self) -> None:
        """Watch the host more closely, and show the first tab."""
        self.session.cockpit.focus((self.host,))
        self._seen = self._state()
        self._look()

    def on_screen_resume(self) -> None:
        """What was planned here may have happened meanwhile."""
        super().on_screen_resume()
        self._notice_changes()
        self.call_after_refresh(self._look)

    def on_resize(self) -> None:
        """Lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._draw)

    def turn(self, by: int) -> None:
        """Another tab."""
        self.show_tab((self._place + by) % len(self.tabs))

    def show_tab(self, place: int) -> None:
        """The tab at a place, counted from 0."""
        self.tab.display = False
        self._place = place
        self.tab.display = True
        if self.tab.rows is not None:
            self.tab.rows.focus()
        else:
            self.set_focus(None)
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        """Ask, if there is need to, and show."""
        if self.tab.is_wanted:
            self._ask(self.tab)
        self._draw()

    def _ask(self, tab: HostTab) -> None:
        async def ask() -> None:
            await tab.ask()
            self._draw()

        self.in_background(ask, group=f"tab {tab.title}", doing=f"{tab.title} of {self.host}")
        self.call_after_refresh(self._draw)  # which shows that it is waited for

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self._bar.tell(line((f"{clean(self.host)}  ", Role.STRONG)), self._place, self._counts())
        self.tab.draw(self.session.cockpit.clock())
        self.refresh_frame()

    def _counts(self) -> list[str]:
        """How many units and timers failed, as far as it is known without asking."""
        failed = self._facts.failed_units
        units = f" {len(failed)}" if failed else ""
        timers = len(self.timers.known.value.failed) if self.timers.known.value else 0
        counts = {UnitsTab: units, TimersTab: f" {timers}" if timers else ""}
        return [counts.get(type(each), "") for each in self.tabs]

    @property
    def _facts(self) -> HostFacts:
        fleet = self.session.cockpit.fleet
        return fleet.status(self.host).facts if self.host in fleet else HostFacts()

    def _state(self) -> tuple[object, ...]:
        """What of the host makes the answers of tabs old when it changes."""
        facts = self._facts
        links = (facts.current_system, facts.profile_system, facts.generations, facts.boot_id)
        ended = sum(each.report is not None for each in self.session.cockpit.operations.begun())
        return (*links, facts.failed_units, facts.lock is None, ended)

    def fleet_changed(self, changes: Changes) -> None:
        """The host changed: what the tabs know is old, and the one that is looked at asks again."""
        if self.host not in changes.names and not changes.membership:
            return
        self._notice_changes()
        self._look()

    def _notice_changes(self) -> None:
        """Also what happened while another screen was in front: news goes to that one."""
        state = self._state()
        if state != self._seen:
            self._seen = state
            for each in self.tabs:
                each.outdate()

    def tick(self, now: float) -> None:
        """Ages grow, waiting is counted."""
        self.tab.draw(now)
        super().tick(now)

    @on(RowMoved)
    def _moved(self) -> None:
        self.refresh_frame()

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    @on(TabChosen)
    def _tab_chosen(self, event: TabChosen) -> None:
        self.show_tab(event.place)

    # What keys do

    def selection(self) -> Selection:
        """The host; the unit under the cursor where the tab has units, else the row."""
        hosts = tuple(host.name for host in self.session.hosts((self.host,)))
        rows = self.tab.rows
        return Selection(
            hosts=hosts,
            forbidden=why_unchangeable(self.session.cockpit.policy, self.session.hosts(hosts)),
            row=self.tab.unit or (rows.cursor if rows is not None else None),
        )

    def step_back(self) -> None:
        """First what the tab was told, then the screen below."""
        if self.tab.step_back():
            self._draw()
        else:
            super().step_back()

    def open(self) -> None:
        """The unit under the cursor, also that of a timer; a generation's screen."""
        if self.tab is self.timers and self.timers.unit is not None:
            unit = self.timers.unit
            self.show_tab(self.tabs.index(self.units))
            self.units.go_to(unit)
        else:
            self.tab.open()
        self._draw()

    def ask_again(self) -> None:
        """This tab anew, and the live values."""
        self.session.cockpit.refresh((self.host,))
        for each in self.tabs:
            each.outdate()
        self._ask(self.tab)

    def filter(self) -> None:
        """Units by any part of their text; on other tabs there is little to filter."""
        if self.tab is not self.units:
            self.session.say(Level.INFO, "The Units tab can be filtered; tab goes there.")
            return
        before = self.units.filtered_by

        def left() -> None:
            self.units.filter_by(before)
            self.stop_asking()

        self.ask(Question("/ ", before, self.units.filter_by, lambda _: self.stop_asking(), left))

    def scroll_text(self, rows: int) -> None:
        """Read on."""
        if self.tab.text is not None:
            self.tab.text.scroll_rows(rows)

    def roll_back(self) -> None:
        """To the selected generation on that tab, else to the one before."""
        cursor = self.tab.rows.cursor if isinstance(self.tab, GenerationsTab) else None
        opening.rollback(self.nixtui, self.selection().hosts, cursor or "previous")

    def choose_target(self) -> None:
        """Ask where to."""
        opening.target(self, self.selection().hosts)

    def open_logs(self) -> None:
        """The journal of the unit under the cursor, or of the host."""
        opening.unit_logs(self.nixtui, self.host, [self.tab.unit] if self.tab.unit is not None else [])

    def go_by_agent(self) -> None:
        """By its SSM agent from now on, or by SSH again: never without a person who wants it."""
        told = self.session.cockpit.acting.go_by_agent(self.host)
        self.session.say(Level.INFO, told)
        self._look()

    def copy(self) -> None:
        """The name under the cursor, or the text."""
        if text := self.tab.copied():
            self.nixtui.copy(text, "it")

    def copy_command(self) -> None:
        """The same without a screen."""
        self.nixtui.copy(shlex.join(self.tab.command()), "the command")

    # What changes the host

    def change_unit(self, verb: str) -> None:
        """Propose to start, stop or restart the unit under the cursor."""
        unit, upkeep, hosts = self.selection().row, self.session.cockpit.upkeep, self.selection().hosts
        if unit is None:
            return
        question = PlanQuestion(
            heading=f"{verb.capitalize()} {clean(unit)} on {clean(self.host)}",
            verb=verb.capitalize(),
            prepare=lambda: upkeep.plan_unit(hosts, verb, unit),
            asking=f"asking {self.host} about {unit}",
            command=("nixtui", "unit", verb, unit, *hosts),
        )
        opening.plan(self.nixtui, hosts, question)

    def collect(self) -> None:
        """Ask how old generations must be to go, then propose it."""

        def edited(text: str) -> Line:
            try:
                parse_age(text.strip()) if text.strip() else None
            except BadAge as error:
                return trouble(str(error))
            return line(("14d, 36h, 4w; nothing: only what is garbage already", Role.FAINT)) if not text else EMPTY

        def submitted(text: str) -> None:
            try:
                older_than = parse_age(text.strip()) if text.strip() else None
            except BadAge as error:
                self.session.say(Level.WARNING, str(error))
                return
            self.stop_asking()
            self._propose_collection(older_than, text.strip())

        self.ask(Question("delete generations older than ", "30d", edited, submitted, self.stop_asking))

    def _propose_collection(self, older_than: float | None, text: str) -> None:
        hosts, upkeep = self.selection().hosts, self.session.cockpit.upkeep
        question = PlanQuestion(
            heading=f"Collect the garbage of {clean(self.host)}",
            verb="Collect",
            prepare=lambda: upkeep.plan_store(hosts, "gc", older_than=older_than),
            asking=f"asking {self.host} what nothing needs",
            command=("nixtui", "store", "gc", *hosts, *(("--older-than", text) if text else ())),
        )
        opening.plan(self.nixtui, hosts, question)

    def work_on_store(self, kind: str, *, repair: bool = False) -> None:
        """Propose to optimise or verify."""
        hosts, upkeep = self.selection().hosts, self.session.cockpit.upkeep
        word = "repair" if repair else kind
        question = PlanQuestion(
            heading=f"{word.capitalize()} the store of {clean(self.host)}",
            verb=word.capitalize(),
            prepare=lambda: upkeep.plan_store(hosts, kind, repair=repair),
            asking=f"asking {self.host} about its store",
            command=("nixtui", "store", kind, *hosts, *(("--repair",) if repair else ())),
        )
        opening.plan(self.nixtui, hosts, question)

    def weigh(self) -> None:
        """Go to the store and measure its garbage."""
        self.show_tab(self.tabs.index(self.store))
        self.store.weigh()
        self._draw()

    def stop_asking(self) -> None:
        """Give the keyboard back, on tabs without a list to nobody in particular."""
        super().stop_asking()
        if self.table is None:
            self.set_focus(None)
        self._draw()
