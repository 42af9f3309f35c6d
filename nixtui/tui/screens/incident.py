"""Incident timeline: what changed on the fleet, when and by whom; from a switch, the way back to before it."""

from collections.abc import Callable
from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.timeline import change_before, targets_before
from nixtui.fleet.timeline_text import gaps, hosts_in_words, markdown
from nixtui.model.selector import BadSelector
from nixtui.model.target import BadTarget, parse_moment
from nixtui.model.timeline import HostAnswer, Kind, Moment
from nixtui.tui import opening, units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.incident import KINDS, MARKER, WINDOWS, Book, Row, columns, detail, hosts_cells, progress, split_filter
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, line
from nixtui.tui.records import Record, gather
from nixtui.tui.screens.activity_tabs import next_view, tabs
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.story import ledger_of
from nixtui.tui.systems import diff_sentence
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question, trouble
from nixtui.tui.widgets.table import Table

SHOW_AFTER_S = 0.15
"""Answers of many hosts come in bursts; they are put together this often."""


class IncidentScreen(Place):
    """A view of Activity. Asks the hosts when it is first seen, and when told to; never by itself after that."""

    scopes = (Scope.INCIDENT, Scope.LISTS, Scope.EVERYWHERE)
    here = "activity"
    CSS_PATH = "incident.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.book = Book()
        self._rows: dict[str, Row] = {}
        self._showing = self._is_begun = self._is_placed = False
        self._diffs: dict[str, list[Line]] = {}
        self._hosts_cells = 5
        self._list = Table[Row](columns(self._hosts_cells, session.cockpit.clock), self._rows.get, id="timeline")
        self._detail = Panel(id="moment")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """A view of Activity."""
        return ("Incident timeline",)

    def body(self) -> ComposeResult:
        """The timeline and the selected moment."""
        with Blank():
            yield self._list
            yield self._detail

    @property
    def table(self) -> Table[Row]:
        """The moments."""
        return self._list

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self._list.focus()

    def on_screen_resume(self) -> None:
        """The first time, ask."""
        super().on_screen_resume()
        if not self._is_begun:
            self._is_begun = True
            self._take_scope()
            self.ask_again()
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self.show)

    # Asking

    @property
    def hosts(self) -> list[str]:
        """The hosts it is about."""
        return [
            each for each in self.session.cockpit.fleet.names() if self.book.scope is None or each in self.book.scope
        ]

    def ask_again(self) -> None:
        """Ask the hosts and the journal; what is known stays until each has answered."""
        self.book.since = self.session.cockpit.clock() - self.book.window_h * 3600
        self.book.waiting = set(self.hosts)
        self.in_background(self._recall, group="recall", doing="Asking the hosts what happened")
        self.show()

    async def _recall(self) -> None:
        cockpit, book = self.session.cockpit, self.book
        try:
            book.entries = await cockpit.incident.operations(book.since)
            self._show_soon()
            await cockpit.incident.recall(self.hosts, book.since, self._told)
        finally:
            book.waiting.clear()
            self._show_soon()

    def _told(self, answer: HostAnswer) -> None:
        known = self.book.answers.get(answer.host)
        if answer.history is not None or known is None or known.history is None:
            self.book.answers[answer.host] = answer
        self.book.waiting.discard(answer.host)
        self._show_soon()

    def _show_soon(self) -> None:
        if not self._showing:
            self._showing = True
            self.set_timer(SHOW_AFTER_S, self._show_now)

    def _show_now(self) -> None:
        self._showing = False
        self.show()

    def tick(self, now: float) -> None:
        """Ages grow."""
        self._list.redraw()
        self._show_titles()
        self._show_detail()
        super().tick(now)

    # Showing

    def show(self) -> None:
        """Put together what is known and draw it."""
        if not self.is_mounted:
            return
        cockpit, now = self.session.cockpit, self.session.cockpit.clock()
        rows = self.book.rows(self.book.moments(cockpit.fleet, now))
        self._rows.clear()
        self._rows.update(rows)
        self._set_columns()
        self._list.show(tuple(rows))
        if not self._is_placed and rows:  # answers come in any order: until somebody moves, the newest is looked at
            self._list.go_to(next(iter(rows)))
        self._list.redraw()
        self._list.set_empty(self._why_empty())
        self._show_titles()
        self._show_detail()
        self.refresh_frame()

    def _set_columns(self) -> None:
        wanted = hosts_cells(self._rows.values(), narrow=self.has_class("-narrow"))
        if wanted != self._hosts_cells:  # other columns repaint everything
            self._hosts_cells = wanted
            self._list.set_columns(columns(wanted, self.session.cockpit.clock))

    def _show_titles(self) -> None:
        book = self.book
        is_usual = book.scope is None and book.window_h == 24 and self.has_class("-narrow")
        words = "" if is_usual else f"{book.scope_words}, {dict(WINDOWS)[book.window_h]}"
        words += f", / {clean(book.typed)}" if book.typed.strip() else ""
        words += f", without {', '.join(sorted(book.hidden))}" if book.hidden else ""
        right = progress(book, len(self.hosts), self.session.cockpit.clock())
        self._list.set_title((*tabs("incident"), Span(f"  {words}" if words else "", Role.MUTED)), right)

    def _why_empty(self) -> list[Line]:
        if self.book.waiting:
            return [line(("asking the hosts what happened …", Role.MUTED))]
        if self.book.typed.strip() or self.book.hidden or self.book.scope is not None:
            undo = (
                ("esc", Role.KEY),
                (" takes the filter away, ", Role.MUTED),
                ("a", Role.KEY),
                (" all hosts", Role.MUTED),
            )
            return [line("Nothing of that happened."), line(*undo)]
        return [line("Nothing happened."), line(("w", Role.KEY), (" looks further back", Role.MUTED))]

    @property
    def chosen(self) -> Moment | None:
        """The moment under the cursor."""
        row = self._rows.get(self._list.cursor or "")
        return row.moment if row else None

    def _show_detail(self) -> None:
        moment, cells = self.chosen, self._detail.text_cells
        if moment is None:
            self._detail.set_title(line(("Not complete", Role.STRONG)) if self._lacking() else EMPTY)
            self._detail.show([line((clean(each), Role.WARN)) for each in self._lacking()])
            return
        self._detail.set_title(line((clean(hosts_in_words(moment.names)), Role.STRONG)))
        lines = detail(moment, self.book.answers, cells, self.session.cockpit.clock())
        self._detail.show([*self._diffs.get(moment.key, ()), *lines])

    def _lacking(self) -> list[str]:
        return gaps(self.book.answers.values(), sorted(self.book.waiting))

    @on(RowMoved)
    def _moved(self) -> None:
        self._detail.scroll_rows_to(0)
        self._show_detail()
        self.refresh_frame()

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    # What keys do

    def move(self, rows: int) -> None:
        """From now on the cursor stays where it was put."""
        self._is_placed = True
        super().move(rows)

    def move_pages(self, pages: float) -> None:
        """As `move`."""
        self._is_placed = True
        super().move_pages(pages)

    def to_end(self, *, first: bool) -> None:
        """As `move`; at the first row the newest is followed again."""
        self._is_placed = not first
        super().to_end(first=first)

    def selection(self) -> Selection:
        """The hosts of the moment under the cursor; why it has no way back, where it has none."""
        moment = self.chosen
        names = tuple(each for each in (moment.names if moment else ()) if each in self.session.cockpit.fleet)
        return Selection(hosts=names, forbidden=self._why_no_way_back(moment), row=moment.key if moment else None)

    def _why_no_way_back(self, moment: Moment | None) -> str | None:
        if moment is None or moment.kind is not Kind.SWITCH:
            return "only a generation switch has a before to go back to"
        targets = [each for each in targets_before(moment) if each in self.session.cockpit.fleet]
        if not targets:
            return "it is not known what ran before this"
        return why_unchangeable(self.session.cockpit.policy, self.session.hosts(targets))

    def back_to_before(self) -> None:
        """Propose to take the hosts of a switch back to what each ran before it."""
        moment, cockpit = self.chosen, self.session.cockpit
        if moment is None:
            return
        targets = {name: to for name, to in targets_before(moment).items() if name in cockpit.fleet}
        if unknown := [name for name in moment.names if name not in targets]:
            self.session.say(
                Level.WARNING, f"Left out, as nobody knows what ran there before: {hosts_in_words(unknown)}."
            )
        if len(targets) == 1:
            (name, to), *_ = targets.items()
            opening.rollback(self.nixtui, (name,), to)
            return
        from nixtui.tui.screens.confirming import PlanQuestion

        question = PlanQuestion(
            heading=f"Back to what ran before {units.clock(moment.at)}",
            verb="Roll back",
            prepare=lambda: cockpit.incident.plan_back(targets),
            asking=f"asking {len(targets)} hosts for their generations",
        )
        opening.plan(self.nixtui, tuple(targets), question)

    def open(self) -> None:
        """The operation that it was part of; else the generations of its hosts."""
        moment = self.chosen
        if moment is None:
            return
        if moment.operation is not None and any(each.operation == moment.operation for each in self.book.entries):
            self.in_background(partial(self._open, moment.operation), group="events", doing="Reading the operation")
        else:
            opening.generations(self.nixtui, self.selection().hosts)

    async def _open(self, identity: str) -> None:
        operations = self.session.cockpit.operations
        entries = [each for each in self.book.entries if each.operation == identity]
        record: Record = next(each for each in gather(operations.begun(), entries, ()) if each.id == identity)
        opening.operation(self.nixtui, await ledger_of(record, operations), record.operation, record.started_at)

    def diff(self) -> None:
        """What the switch changed, in a sentence, on its first host."""
        moment = self.chosen
        if moment is not None and moment.kind is Kind.SWITCH:
            self.in_background(partial(self._diff, moment), group="diff", doing="Comparing the two systems")
        else:
            self.session.say(Level.INFO, "Only a generation switch has two systems to compare.")

    async def _diff(self, moment: Moment) -> None:
        first = moment.hosts[0]
        if first.before is None or first.after is None:
            self.session.say(Level.INFO, f"What {first.host} ran before is not known.")
            return
        cells = self._detail.text_cells
        self._diffs[moment.key] = [line(("comparing …", Role.ACCENT)), EMPTY]
        self._show_detail()
        try:
            found = await self.session.knowledge.diff((first.host, first.before.path), (first.host, first.after.path))
        except BaseException:
            self._diffs.pop(moment.key, None)
            raise
        head = line((f"changed on {clean(first.host)}", Role.MUTED))
        self._diffs[moment.key] = [head, *diff_sentence(found, cells), EMPTY]
        self._detail.scroll_rows_to(0)
        self._show_detail()

    def ask_moment(self) -> None:
        """The moment one asks about: a line is drawn there, and the cursor goes to the last change before it."""
        moment = self.chosen
        before = units.clock(self.book.asked_about or (moment.at if moment else self.session.cockpit.clock()))[:8]

        def edited(text: str) -> Line:
            if not text.strip():
                return line(("03:12 (UTC), 2h, 2026-11-20T14:00; empty takes the line away", Role.FAINT))
            try:
                at = parse_moment(text, self.session.cockpit.clock())
            except BadTarget as error:
                return trouble(str(error))
            change = change_before(self.book.moments(self.session.cockpit.fleet, self.session.cockpit.clock()), at)
            return line(
                (f"→ {clean(hosts_in_words(change.names))}" if change else "nothing changed before", Role.MUTED)
            )

        self.ask(Question("what changed before ", before, edited, self._submit_moment, self.stop_asking))

    def _submit_moment(self, text: str) -> None:
        try:
            self.go_to_moment(text)
        except BadTarget as error:
            self.session.say(Level.WARNING, str(error))
        self.stop_asking()

    def go_to_moment(self, text: str) -> None:
        """Ask about a moment, as a person writes it; nothing takes the line away. Raises `BadTarget`."""
        now = self.session.cockpit.clock()
        self.book.asked_about = parse_moment(text, now) if text.strip() else None
        self.show()
        if (at := self.book.asked_about) is not None:
            change = change_before(self.book.moments(self.session.cockpit.fleet, now), at)
            self._is_placed = True
            self._list.go_to(change.key if change is not None else MARKER)

    def filter(self) -> None:
        """Filter as one types; esc brings back what was shown before."""
        before = self.book.typed

        def left() -> None:
            self._filter_by(before)
            self.stop_asking()

        self.ask(Question("/ ", before, self._filter_by, lambda _: self.stop_asking(), left))

    def _filter_by(self, text: str) -> Line:
        try:
            split_filter(text)
        except BadSelector as error:
            return trouble(str(error))
        self.book.typed = text
        self.show()
        return line((f"{len(self._rows) - (MARKER in self._rows)} moments", Role.MUTED))

    def choose_kinds(self) -> None:
        """Leave a kind out, or take it in again."""
        options = [(name, f"{'hide' if name not in self.book.hidden else 'show'} {words}") for name, words, _ in KINDS]
        opening.choice(self, "Kinds", options, self._toggle_kind)

    def _toggle_kind(self, name: str) -> None:
        self.book.hidden ^= {name}
        self.show()

    def choose_window(self) -> None:
        """How far back."""
        options = [(str(hours), words) for hours, words in WINDOWS]
        opening.choice(self, "How far back", options, self._set_window)

    def _set_window(self, hours: str) -> None:
        self.book.window_h = int(hours)
        self.ask_again()

    def toggle_scope(self) -> None:
        """All hosts, or those that the fleet is limited to."""
        if self.book.scope is None:
            self._take_scope()
            if self.book.scope is None:
                self.session.say(
                    Level.INFO, "The fleet screen has no marks and no environment chosen: it is all hosts."
                )
        else:
            self.book.scope, self.book.scope_words = None, "all hosts"
        missing = [name for name in self.hosts if name not in self.book.answers]
        if missing:
            self.ask_again()
        self.show()

    def _take_scope(self) -> None:
        """As the fleet screen is limited: its marks, else its environment."""
        fleet = self.nixtui.fleet_screen
        marked = fleet.selection()
        names: Callable[[], frozenset[str]] = lambda: frozenset(  # noqa: E731 - only where an environment is chosen
            name for name, host in self.session.cockpit.fleet.hosts().items() if host.environment == fleet.environment
        )
        if marked.marked:
            self.book.scope, self.book.scope_words = frozenset(marked.hosts), f"{len(marked.hosts)} marked"
        elif fleet.environment:
            self.book.scope, self.book.scope_words = names(), f"env:{clean(fleet.environment)}"
        else:
            self.book.scope, self.book.scope_words = None, "all hosts"

    def copy(self) -> None:
        """What is shown, as Markdown for the ticket."""
        cockpit, book = self.session.cockpit, self.book
        now = cockpit.clock()
        moments = book.moments(cockpit.fleet, now)
        names = sorted({name for each in moments for name in each.names if name in cockpit.fleet})
        hosts = {name: (cockpit.fleet.host(name), cockpit.fleet.status(name)) for name in names}
        text = markdown(
            moments,
            fleet=cockpit.fleet_name,
            since=book.since,
            now=now,
            asked_about=book.asked_about,
            hosts=hosts,
            lacking=self._lacking(),
        )
        self.nixtui.copy(text, f"the incident as Markdown, {len(moments)} moments")

    def turn_view(self, by: int) -> None:
        """The next view of Activity."""
        self.nixtui.visit(next_view("incident", by))

    def scroll_detail(self, rows: int) -> None:
        """Read on in the selected moment."""
        self._detail.scroll_rows(rows)

    def step_back(self) -> None:
        """The filter first, then the marker, then the fleet."""
        if self.book.typed.strip():
            self._filter_by("")
        elif self.book.hidden:
            self.book.hidden = frozenset()
            self.show()
        elif self.book.asked_about is not None:
            self.go_to_moment("")
        else:
            super().step_back()
