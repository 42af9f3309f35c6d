"""Builds: what is built and was, as a tree, and the log of one derivation beside it."""

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.estimates import Estimates
from nixtui.builds.plain_text import closing_lines
from nixtui.builds.tree import BuildTree
from nixtui.operations.operation import Operation
from nixtui.operations.plan import Plan
from nixtui.tui import build_acts, opening, units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.build_rows import BuildRow, columns, counts, rows, verdict_line
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, Span, clean, line
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.prompt import Question
from nixtui.tui.widgets.table import Table
from nixtui.tui.widgets.text_pane import TextPane

LOOK_EVERY_S = 0.25
"""A build that runs is drawn four times a second, when anything happened; a builder may print 10,000 lines in one."""

SHOWN_AT_ONCE = 1_000
"""Lines of a log that are at hand at once; the whole log is read when somebody searches, saves or reads back."""

_NOTHING: Sequence[Line] = (
    line("Nothing was built yet."),
    line(
        ("B", Role.KEY),
        (" on hosts of the fleet (", Role.MUTED),
        ("1", Role.KEY),
        (") builds their systems;", Role.MUTED),
    ),
    line(("on the command line: ", Role.MUTED), ("nixtui build web-1", Role.KEY)),
)


class BuildsScreen(Place):
    """Screen 3. Leaving it stops nothing."""

    scopes = (Scope.BUILDS, Scope.LISTS, Scope.EVERYWHERE)
    here = "builds"
    CSS_PATH = "builds.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.identity: str | None = None
        self.plan: Plan | None = None
        self.build_tree: BuildTree | None = None
        self.started_at: float | None = None
        self.everything = self._verdict = self._touched = self._log_is_whole = False
        self._ended = False
        self._estimates = Estimates({})
        self._rows: dict[str, BuildRow] = {}
        self._seen_events = -1
        self._log_of: Derivation | None = None
        self._log_count = 0
        self._table = Table[BuildRow](columns(self._tree_now, lambda: self._estimates), self._rows.get, id="build-tree")
        self._counts = Lines(id="build-counts")
        self._log = TextPane(id="build-log")

    def body(self) -> ComposeResult:
        """The tree with its counts, and a log."""
        with Blank():
            yield self._table
            yield self._log
        yield self._counts

    @property
    def table(self) -> Table[BuildRow]:
        """The derivations."""
        return self._table

    @property
    def log_pane(self) -> TextPane:
        """What the builder of the selected derivation printed."""
        return self._log

    def on_mount(self) -> None:
        """The tree has the keyboard."""
        self._table.focus()
        self.set_interval(LOOK_EVERY_S, self._look)

    def on_screen_resume(self) -> None:
        """The newest build, unless one was chosen."""
        super().on_screen_resume()
        if self.identity is None:
            self.in_background(self._choose_newest, group="build", doing="Looking for builds")
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self.show)

    # Which build

    async def _choose_newest(self) -> None:
        known = await build_acts.known_builds(self.session.cockpit)
        if self.identity is None and known:
            await self._open(known[0])
        self.show()

    def show_build(self, identity: str) -> None:
        """This build, running or ended."""
        if identity != self.identity:
            self.in_background(partial(self._open_by_id, identity), group="build", doing="Reading the build")

    async def _open_by_id(self, identity: str) -> None:
        known = await build_acts.known_builds(self.session.cockpit)
        if (found := next((each for each in known if each.identity == identity), None)) is not None:
            await self._open(found)

    async def _open(self, build: build_acts.KnownBuild) -> None:
        builds = self.session.cockpit.builds
        self._estimates = await builds.estimates()
        self.identity, self.plan, self.started_at = build.identity, build.plan, build.started_at
        self.build_tree = builds.watched(build.identity)
        self._touched = self._verdict = self._ended = False
        self._log_of, self._seen_events = None, -1
        self.show()
        if self.build_tree is None and self.operation is None:
            tree = await builds.replayed(build.identity)
            if self.identity == build.identity:
                self.build_tree = tree
                self.show()

    @property
    def operation(self) -> Operation | None:
        """The running object, if the build was begun here."""
        begun = self.session.cockpit.operations.begun()
        return next((each for each in begun if each.id == self.identity), None)

    @property
    def _is_live(self) -> bool:
        return self.operation is not None

    def _tree_now(self) -> float | None:
        return self.session.cockpit.builds.clock() if self._is_live else None

    # Showing

    def _look(self) -> None:
        """Draw what happened since; nothing while nothing did, or nobody looks."""
        if self.app.screen is not self or self.identity is None:
            return
        if self.build_tree is None and self._is_live:
            self.build_tree = self.session.cockpit.builds.watched(self.identity)
        tree = self.build_tree
        if tree is not None and (tree.events != self._seen_events or (tree.finished_at is not None) != self._ended):
            self.show()

    def tick(self, now: float) -> None:
        """Times of what runs go on."""
        if self.build_tree is not None and self.build_tree.finished_at is None and self._is_live:
            self.show()
        super().tick(now)

    def show(self) -> None:
        """Draw the tree, its counts and the log."""
        if not self.is_mounted:
            return
        tree = self.build_tree
        self._table.set_title(self._title(), self._subtitle())
        self._rows.clear()
        if tree is None:
            self._table.set_empty(self._why_empty())
            self._table.show(())
            self._counts.show([EMPTY])
            self._show_log()
            return
        just_ended = tree.finished_at is not None and not self._ended
        self._seen_events, self._ended = tree.events, tree.finished_at is not None
        self._rows.update(rows(tree, everything=self.everything))
        self._table.set_empty(self._why_no_rows(tree))
        self._table.show(tuple(self._rows))
        if just_ended and not self._touched and (failed := next(iter(tree.by_state[State.FAILED]), None)):
            self._table.go_to(failed)  # what one has to look at, as long as nobody has chosen anything
        self._table.redraw()
        self._counts.show([(Span("  "), *counts(tree, self._tree_now(), self._estimates))])
        self._show_log()
        self.refresh_frame()

    def _title(self) -> Line:
        title = clean(self.plan.title) if self.plan else "Builds"
        verdict = verdict_line(self.build_tree, self._tree_now()) if self.build_tree else ()
        return (Span(title[:1].upper() + title[1:], Role.STRONG), Span("  "), *verdict)

    def _subtitle(self) -> Line:
        if self.operation is not None and self.operation.is_cancelling and self.operation.is_running:
            return line(("stopping …", Role.WARN))
        if not self._is_live and self.started_at is not None:
            age = self.session.cockpit.clock() - self.started_at
            return line((f"{units.span(age)} ago", Role.MUTED))
        return EMPTY

    def _why_empty(self) -> Sequence[Line]:
        if self.identity is None:
            return _NOTHING
        if self._is_live:
            return [line(("starting nix …", Role.MUTED))]
        return [
            line("What nix told of this build is not kept any more."),
            line(("h", Role.KEY), (" others", Role.MUTED)),
        ]

    def _why_no_rows(self, tree: BuildTree) -> Sequence[Line]:
        if tree.finished_at is None:
            return [line(("asking what there is to build …", Role.MUTED))]
        found = [line(("Everything that was asked for is built.", Role.MUTED))] if tree.succeeded else []
        if tree.derivations:
            found.append(line(("z", Role.KEY), (" shows what was built, one by one", Role.MUTED)))
        return found

    # The log

    @property
    def chosen(self) -> Derivation | None:
        """The derivation under the cursor."""
        row = self._rows.get(self._table.cursor or "")
        return row.derivation if row else None

    def _show_log(self) -> None:
        derivation, tree = self.chosen, self.build_tree
        if tree is not None and (self._verdict or (derivation is None and tree.finished_at is not None)):
            self._show_verdict(tree)
            return
        if derivation is None:
            self._log_of = None
            self._log.set_title(line(("Log", Role.MUTED)))
            self._log.show((), [line(("what the builder of a derivation prints stands here", Role.MUTED))])
            return
        self._log.set_title(*self._log_titles(derivation))
        if derivation is not self._log_of:
            self._log_of, self._log_count, self._log_is_whole = derivation, derivation.log.count, False
            self._log.follows = derivation.state is not State.BUILT
            self._log.show(derivation.log.last(SHOWN_AT_ONCE), self._why_no_log(derivation))
        elif (fresh := derivation.log.count - self._log_count) > 0:
            self._log_count = derivation.log.count
            self._log.append(derivation.log.last(min(fresh, SHOWN_AT_ONCE)))

    def _show_verdict(self, tree: BuildTree) -> None:
        text = closing_lines(tree, timed=self._is_live)
        self._log.set_title(line(("Verdict", Role.STRONG)))
        if self._log_of is not None or list(self._log.lines) != text:
            self._log_of = None
            self._log.follows = False
            self._log.show(text)

    def _log_titles(self, derivation: Derivation) -> tuple[Line, Line]:
        exit_code = f"  exit {derivation.exit_code}" if derivation.exit_code is not None else ""
        left = line(
            (clean(derivation.name), Role.STRONG),
            (f"  {clean(derivation.phase)}" if derivation.phase else "", Role.MUTED),
            (exit_code, Role.BAD),
        )
        follows = "  following" if self._log.follows and derivation.state is State.RUNNING else ""
        return left, line((f"{derivation.log.count:,} lines", Role.MUTED), (follows, Role.ACCENT))

    def _why_no_log(self, derivation: Derivation) -> Sequence[Line]:
        match derivation.state:
            case State.PLANNED:
                return [line(("it has not begun", Role.MUTED))]
            case State.FAILED_DEPENDENCY:
                return [line(("not built, as something that it needs failed", Role.MUTED))]
            case State.RUNNING:
                return [line(("its builder has printed nothing yet", Role.MUTED))]
        found = [line((clean(derivation.reason), Role.BAD))] if derivation.reason else []
        return [*found, line(("its builder printed nothing", Role.MUTED))]

    async def whole_log(self) -> Sequence[str]:
        """All lines of the log that is shown, read into the pane when only its end is there."""
        derivation = self._log_of
        if derivation is None or self.identity is None or self._log_is_whole:
            return self._log.lines
        lines = await self.session.cockpit.builds.log(self.identity, derivation)
        if derivation is self._log_of and len(lines) > len(self._log.lines):
            follows, at = self._log.follows, len(lines) - len(self._log.lines) + self._log.top
            self._log.show(lines)
            self._log.follows = follows
            if not follows:
                self._log.scroll_rows_to(at)
            self._log_count = derivation.log.count
        self._log_is_whole = True
        return lines

    @on(RowMoved)
    def _moved(self) -> None:
        self._show_log()
        self.refresh_frame()

    @on(RowChosen)
    def _row_chosen(self) -> None:
        self.action_act("open")

    # What keys do

    def selection(self) -> Selection:
        """The hosts of the build, and the derivation under the cursor."""
        hosts = tuple(each.name for each in self.plan.targets) if self.plan else ()
        running = self.operation is not None and self.operation.is_running
        return Selection(hosts=hosts, row=self._table.cursor or ("log" if self._log.lines else None), running=running)

    def move(self, rows: int) -> None:
        """From now on the cursor stays where it was put."""
        self._touched = True
        self._verdict = False
        super().move(rows)

    def open(self) -> None:
        """The log alone, and back."""
        self.toggle_class("-log-only")
        self.call_after_refresh(self._log.refit)

    def step_back(self) -> None:
        """The search, then the log alone, then the screen."""
        if self._log.needle:
            self._log.find("", later=True)
        elif self.has_class("-log-only"):
            self.open()
        else:
            super().step_back()

    def toggle_verdict(self) -> None:
        """How it ended, with the extract of every failure; and back to the log."""
        if self.build_tree is None or self.build_tree.finished_at is None:
            self.session.say(Level.INFO, "There is no verdict before the build has ended.")
            return
        self._verdict = not self._verdict
        self._log_of = None
        self._show_log()

    def toggle_everything(self) -> None:
        """What was built and what waits, one by one, or only what is worth a look."""
        self.everything = not self.everything
        self.show()

    def scroll_log(self, rows: int) -> None:
        """Read on in the log, or back: then all of it is read."""
        self._log.scroll_text(rows)
        if rows < 0:
            self.in_background(self._read_back, group="log", doing="Reading the log")

    async def _read_back(self) -> None:
        await self.whole_log()

    def search(self) -> None:
        """Find a text in the whole log as one types."""
        self.in_background(self._read_back, group="log", doing="Reading the log")
        before = self._log.needle

        def edited(text: str) -> Line:
            found = self._log.find(text, later=True, anew=True)
            if not text:
                return line(("in the log of this derivation", Role.FAINT))
            return (
                line((f"{len(self._log.hits())} lines", Role.MUTED))
                if found is not None
                else line(("nowhere", Role.WARN))
            )

        def left() -> None:
            self._log.find(before, later=True)
            self.stop_asking()

        self.ask(Question("/ ", before, edited, lambda _: self.stop_asking(), left))

    def find(self, *, later: bool) -> None:
        """The next line with the text, or the one before."""
        if not self._log.needle:
            self.search()
        else:
            self._log.find(self._log.needle, later=later)

    def toggle_follow(self) -> None:
        """Stay at the newest line, or here."""
        self._log.toggle_follow()
        self._show_log()

    def toggle_wrap(self) -> None:
        """Long lines over several rows."""
        self._log.toggle_wrap()

    def move_sideways(self, steps: int) -> None:
        """See the end of long lines."""
        self._log.move_sideways(steps)

    def save(self) -> None:
        """The whole log, to a new file."""
        self.in_background(partial(build_acts.save, self), group="save", doing="Saving the log")

    def copy(self) -> None:
        """What one would paste into a ticket: the log's end, or the verdict."""
        build_acts.copy(self)

    def copy_command(self) -> None:
        """The same without a screen."""
        names = self.selection().hosts
        if names:
            self.nixtui.copy(f"nixtui build {' '.join(names)}", "the command")

    def choose_build(self) -> None:
        """Another build."""
        self.in_background(partial(build_acts.choose, self), group="history", doing="Reading the journal")

    def cancel(self) -> None:
        """Stop it: asked before."""
        if (running := self.operation) is not None:
            opening.cancelling(self.nixtui, running)

    def retry(self) -> None:
        """Propose to build again what was not built."""
        self.in_background(partial(build_acts.retry, self), group="history", doing="Reading the journal")
