"""An operation as it runs, or as it was: where every host stands, what it said, and how it ended."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from nixtui.operations.events import AnyEvent
from nixtui.operations.plan import Target
from nixtui.operations.report import in_words
from nixtui.operations.requests import Request
from nixtui.tui import build_acts, opening, units
from nixtui.tui.actions import TRY_AGAIN, Scope, Selection
from nixtui.tui.draft import command_lines
from nixtui.tui.ledger import Ledger, TargetState
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, said, wrap
from nixtui.tui.screens.place import Place
from nixtui.tui.screens.target_columns import label
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.story import markdown
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.operations.operation import Operation

PAINT_AFTER_S = 0.1
"""A flood of output is painted ten times a second."""

_TO_GENERATIONS = ("rollback", "deploy")
"""Kinds of operation that take hosts from one generation to another, and so have a way back."""


class ProgressScreen(Place):
    """Shows one operation. Leaving it stops nothing."""

    scopes: ClassVar[tuple[Scope, ...]] = (Scope.PROGRESS, Scope.LISTS, Scope.EVERYWHERE)
    here = "activity"
    CSS_PATH = "progress.tcss"

    def __init__(self, session: Session, ledger: Ledger, operation: "Operation | None", started_at: float) -> None:
        super().__init__(session)
        self._ledger = ledger
        self._operation = operation
        self._started_at = started_at
        self._painting = self._commands = False
        self._shows: tuple[str | None, bool] = (None, False)
        self._heard: list[AnyEvent] = []
        self._unsubscribe: Callable[[], None] = lambda: None
        self._targets = Table[TargetState](self._columns(), self._target, id="progress-targets")
        self._said = Panel(id="progress-said")

    def body(self) -> ComposeResult:
        """The hosts, and what the selected one said."""
        with Vertical(id="progress"):
            yield self._targets
            yield self._said

    @property
    def operation(self) -> "Operation | None":
        """The running object, if the operation was begun here."""
        return self._operation

    @property
    def table(self) -> Table[TargetState]:
        """The hosts."""
        return self._targets

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What is done."""
        return (self._ledger.plan.title,)

    def _target(self, name: str) -> TargetState | None:
        return self._ledger.targets.get(name)

    def _columns(self) -> tuple[Column[TargetState], ...]:
        noun = self._ledger.plan.kind.partition("-")[0]
        is_host = noun not in ("image", "instance")  # whose names are long, and so is what becomes of them
        return (
            Column("name", "HOST" if is_host else noun.upper(), 12, _name, 0, 28 if is_host else 60),
            Column("change", "FROM → TO", 11, _change, 1, 20 if is_host else 30),
            Column("step", "WHERE IT IS", 30, lambda row: row.line(self.session.cockpit.clock()), 0, 90),
        )

    def on_mount(self) -> None:
        """Take what was told so far, and listen from here on."""
        if (operation := self._operation) is not None:
            self._ledger = Ledger(operation.plan, operation.events)
            if operation.report is not None:
                self._ledger.take_report(operation.report)
            else:
                self._unsubscribe = operation.subscribe(self._hear)
        self._targets.styles.height = min(len(self._ledger.targets) + 3, 16)
        self._targets.show(tuple(self._ledger.targets))
        self._targets.focus()

    def on_unmount(self) -> None:
        """Stop listening; the operation goes on."""
        self._unsubscribe()

    def on_screen_resume(self) -> None:
        """Show where it is."""
        super().on_screen_resume()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def _hear(self, event: AnyEvent) -> None:
        """Called in the operation's own task; what is shown changes in ours."""
        self._heard.append(event)
        if not self._painting:
            self._painting = True
            self.call_later(self.set_timer, PAINT_AFTER_S, self._take_in)

    def _take_in(self) -> None:
        self._painting = False
        heard, self._heard = self._heard, []
        for event in heard:
            self._ledger.take(event)
        self._show()

    def tick(self, now: float) -> None:
        """Countdowns go down."""
        self._show()
        super().tick(now)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        now = self.session.cockpit.clock()
        self._targets.set_title(line((clean(self._ledger.plan.title), Role.STRONG)), self._status(now))
        self._targets.redraw()
        self._show_said()
        self.refresh_frame()

    def _status(self, now: float) -> Line:
        summary = self._ledger.summary(now)
        if self._ledger.report is not None:
            return summary
        if self._operation is not None and self._operation.is_cancelling:
            return line(("cancelling, what was begun is put in order … ", Role.WARN)) + summary
        if self._operation is not None and self._operation.is_paused:
            return line(("paused, p lets it go on  ", Role.WARN)) + summary
        return line((f"for {units.took(now - self._started_at)}  ", Role.MUTED)) + summary

    def _show_said(self) -> None:
        state = self._ledger.targets.get(self._targets.cursor or "")
        cells = self._said.text_cells
        if self._commands:
            self._said.set_title(line(("Commands", Role.STRONG)))
            self._said.show(list(command_lines(self._ledger.plan, cells)))
            return
        self._said.set_title(line((clean(state.target.name), Role.STRONG)) if state else EMPTY)
        has_ended = state is not None and state.report is not None
        shows = (self._targets.cursor, has_ended)
        is_new, self._shows = shows != self._shows, shows
        follows = not has_ended and (is_new or self._said.top >= self._said.row_count - self._said.page)
        notes = () if has_ended else tuple(self._ledger.said)
        self._said.show([*notes, *(_story(state, cells) if state else ())], from_top=is_new)
        if follows:
            self._said.scroll_rows_to(self._said.row_count)

    @on(RowMoved)
    def _moved(self) -> None:
        self._show_said()

    # What keys do

    def selection(self) -> Selection:
        """The host under the cursor; whether it can still be stopped, or undone."""
        cursor = self._targets.cursor
        running = self._operation is not None and self._operation.report is None
        return Selection(
            hosts=(cursor,) if cursor else (),
            forbidden=self._why_no_way_back(cursor),
            row=cursor,
            running=running,
            refusals=self._refusals(cursor),
        )

    def _refusals(self, name: str | None) -> dict[str, str]:
        """What cannot be asked of the operation, or for the host under the cursor, now, and why."""
        found: dict[str, str | None] = {TRY_AGAIN: self._why_not_again()}
        if self._operation is None or name is None:
            found |= dict.fromkeys(Request, "the operation does not run here")
        else:
            found |= {each.value: self._operation.why_not(name, each) for each in Request}
        return {each: reason for each, reason in found.items() if reason is not None}

    def _why_not_again(self) -> str | None:
        if self._ledger.report is None:
            return "it still runs" if self._operation is not None else "nobody knows yet how it ended"
        if self._ledger.plan.kind not in _TO_GENERATIONS:
            return "only rollbacks and deploys are proposed again"
        left = self._not_there()
        if not left:
            return "every host got there"
        return why_unchangeable(self.session.cockpit.policy, self.session.hosts([each.name for each in left]))

    def _not_there(self) -> list[Target]:
        """Hosts that are still in the fleet and did not get to where the operation was to take them."""
        reports = {each.name: each for each in self._ledger.report.targets} if self._ledger.report else {}
        return [
            each
            for each in self._ledger.plan.targets
            if each.name in self.session.cockpit.fleet
            and not (each.name in reports and reports[each.name].outcome.is_success)
        ]

    def _why_no_way_back(self, name: str | None) -> str | None:
        if self._ledger.plan.kind not in _TO_GENERATIONS:
            return "only going to another generation can be undone"
        state = self._ledger.targets.get(name or "")
        report = state.report if state else None
        if report is None or not report.outcome.is_success or report.before is None:
            return "there is nothing to undo on this host"
        if name not in self.session.cockpit.fleet:
            return "the host left the fleet"
        return why_unchangeable(self.session.cockpit.policy, self.session.hosts([name or ""]))

    def undo(self) -> None:
        """Propose the way back for the host under the cursor."""
        state = self._ledger.targets[self._targets.cursor or ""]
        opening.rollback(self.nixtui, (state.target.name,), _target(state.report.before if state.report else None))

    def pause(self) -> None:
        """Begin no further host for now, or let it go on."""
        if self._operation is None:
            return
        if self._operation.is_paused:
            self._operation.resume()
            self.session.say(Level.INFO, "It goes on.")
        else:
            self._operation.pause()
            self.session.say(Level.INFO, "Paused: hosts that were begun go on to their end, no other is begun.")
        self._show()

    def try_again(self) -> None:
        """Propose the same for the hosts that did not get there."""
        left = self._not_there()
        if self._ledger.plan.kind == "deploy":
            build_acts.propose_deploy(self, [each.name for each in left])
            return
        opening.rollback_each(self.nixtui, {each.name: _target(each.after) for each in left}, self._action)

    def cancel(self) -> None:
        """Ask whether to stop, saying what that leaves."""
        if self._operation is not None:
            opening.cancelling(self.nixtui, self._operation)

    def toggle_commands(self) -> None:
        """The exact commands instead of the output, and back."""
        self._commands = not self._commands
        self._said.scroll_rows_to(0)
        self._show_said()

    def scroll_log(self, rows: int) -> None:
        """Read on in the output; at its end it follows again."""
        self._said.scroll_rows(rows)

    def copy(self) -> None:
        """The whole story, for a ticket."""
        self.nixtui.copy(markdown(self._ledger, self._started_at), "the operation as Markdown")

    def copy_command(self) -> None:
        """The same without a screen."""
        plan = self._ledger.plan
        names = [target.name for target in plan.acting_on]
        match plan.kind:
            case "run":
                sudo = ["--sudo"] if any("user" in target.facts for target in plan.acting_on) else []
                words = ["nixtui", "run", *names, *sudo, "--", *shlex.split(plan.steps[0].commands[0])]
            case "rollback":
                words = self._rollback_words(names)
            case "deploy":
                words = ["nixtui", "deploy", *names, *self._action_words()]
            case "reboot" | "break-lock":
                words = ["nixtui", plan.kind, *names]
            case _:
                self.session.say(
                    Level.INFO, "The command is in the dialog that starts this, under y; C shows what was run."
                )
                return
        self.nixtui.copy(shlex.join(words), "the command")

    def _rollback_words(self, names: list[str]) -> list[str]:
        after = {target.after for target in self._ledger.plan.acting_on}
        to = after.pop() if len(after) == 1 else None
        if to is None:
            self.session.say(Level.WARNING, "The hosts go to different generations; the command needs a --to of yours.")
        return ["nixtui", "rollback", *names, *(("--to", to) if to else ()), *self._action_words()]

    def _action_words(self) -> list[str]:
        return ["--action", self._action] if self._action != "switch" else []

    @property
    def _action(self) -> str:
        """How far hosts are taken: `switch`, `test`, `boot` or `reboot`."""
        return next((each.facts["action"] for each in self._ledger.plan.targets if "action" in each.facts), "switch")


def _target(label: str | None) -> str:
    """What a plan or a report calls a system, as a rollback's target."""
    if label is None:
        return "previous"
    return f"path:{label}" if label.startswith("/nix/store/") else label


def _name(state: TargetState) -> Line:
    return (said(state.target.name, Role.STRONG),)


def _change(state: TargetState) -> Line:
    if state.target.before is None and state.target.after is None:
        return EMPTY
    return line((label(state.target.before), Role.MUTED), (" → ", Role.FAINT), label(state.target.after))


def _story(state: TargetState, cells: int) -> list[Line]:
    """What it said; once it has ended, how and what to do about it first, where no flood of output hides it."""
    lines: list[Line] = []
    report = state.report
    if state.target.refused is not None:
        lines += wrap(f"left out: {state.target.refused}", cells, Role.WARN)
    if report is not None and report.detail:
        why = in_words(report.outcome, report.detail, state.kind)[1] or ""
        lines += wrap(why, cells, Role.TEXT if report.outcome.is_success else Role.STRONG)
    if report is not None and report.remedy:
        lines += wrap(f"→ {report.remedy}", cells, Role.ACCENT)
    if lines:
        lines.append(EMPTY)
    if state.dropped:
        lines.append(line((f"… {state.dropped} earlier lines are not kept here", Role.FAINT)))
    return [*lines, *state.said]
