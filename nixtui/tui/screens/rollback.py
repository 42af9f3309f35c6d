"""The rollback dialog: from a key to one decision, with everything one would want to know before it."""

import asyncio
import shlex
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from nixtui.operations.operation import Operation
from nixtui.operations.plan import Target
from nixtui.operations.policy import Refused
from nixtui.tui import proposal as proposing
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.decision import Decision
from nixtui.tui.environments import badge
from nixtui.tui.inquiry import find_diff, find_plan, find_preview, hosts_alike
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, Span, clean, line
from nixtui.tui.proposal import Proposal
from nixtui.tui.screens.acting import Acting
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.dialog_room import share_out
from nixtui.tui.screens.rollback_columns import target_columns
from nixtui.tui.session import Session
from nixtui.tui.widgets.field import Asked
from nixtui.tui.widgets.frame import Footer
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.tui.app import NixtuiApp

_WIDTH = 92


class RollbackDialog(Dialog[Operation], Acting):
    """Answers with the operation that was started, or nothing. What is confirmed are the hosts of the key press."""

    scopes = (Scope.ROLLBACK,)
    CSS_PATH = "rollback.tcss"

    def __init__(self, session: Session, names: Sequence[str], target: str) -> None:
        super().__init__(session)
        self._propose(tuple(names), target)
        self._frame = Vertical(classes="dialog rollback")
        self._targets = Table[Target](target_columns(), self._target, framed=False, id="targets")
        self._targets.display = len(names) > 1
        self._title, self._text, self._objection = (Lines(id=each) for each in ("where", "text", "why-not"))
        self._reason, self._typed = Asked("reason"), Asked("typed")
        self._keys = Footer()
        self._cancel = Choice("Cancel", id="cancel")
        self._go = Choice("Roll back", id="go", danger=True, why_not="the plan is not there yet")

    def _propose(self, names: tuple[str, ...], target: str) -> None:
        fleet, now = self.session.cockpit.fleet, self.session.cockpit.clock()
        environments = sorted({each for name in names if (each := fleet.host(name).environment)})
        self.proposal = Proposal(names, tuple(environments), target, {name: fleet.status(name) for name in names}, now)
        if len(names) == 1:
            self.proposal.generations = self.session.knowledge.known_generations(names[0])

    def compose(self) -> ComposeResult:
        """What would happen, what has to be typed, and the choices, the harmless one first."""
        with self._frame:
            yield self._title
            yield self._text
            yield self._targets
            yield self._reason
            yield self._typed
            yield self._keys
            with Horizontal(classes="choices"):
                yield self._objection
                yield self._cancel
                yield self._go

    @property
    def nixtui(self) -> "NixtuiApp":
        """The app, by its own type."""
        return cast("NixtuiApp", self.app)

    def on_mount(self) -> None:
        """In the same frame as the key what is known; the rest as it comes."""
        self._cancel.focus()
        self._find_out()
        self.set_interval(1.0, self._show)

    def on_resize(self) -> None:
        """Once the size is known, and whenever it changes."""
        self._show()
        self.call_after_refresh(self._show_keys)

    def _target(self, name: str) -> Target | None:
        plan = self.proposal.plan
        return next((each for each in plan.targets if each.name == name), None) if plan else None

    # Finding out

    def _find_out(self) -> None:
        self.in_background(partial(self._inquire, self.proposal), group="inquiry", doing="Planning the rollback")

    async def _inquire(self, proposal: Proposal) -> None:
        await find_plan(self.session, proposal)
        self._show_targets()
        self._show()
        if proposal.only is not None and proposal.only.refused is None:
            async with asyncio.TaskGroup() as group:
                for find in (find_diff, find_preview):
                    group.create_task(find(self.session, proposal)).add_done_callback(lambda _: self._show())

    # Showing

    def _show_targets(self) -> None:
        plan = self.proposal.plan
        rows = sorted(plan.targets, key=lambda each: (each.refused is not None, each.wave)) if plan else ()
        self._targets.show(tuple(each.name for each in rows))

    def _show(self) -> None:
        if not self.is_mounted:  # an answer that came while the dialog was leaving
            return
        proposal, decision = self.proposal, self.decision
        self._title.show([self._where()])
        self._targets.display = len(proposal.names) > 1 and proposal.plan is not None and not proposal.shown
        self._targets.redraw()
        self._frame.set_class(decision.must_type, "-guarded")
        challenge = proposal.plan.challenge if proposal.plan else ""
        label = line(("Type ", Role.MUTED), (clean(challenge), Role.STRONG), (" to confirm ▸ ", Role.MUTED))
        self._typed.ask(label, wanted=decision.must_type)
        self._reason.ask(line(("Why, for the journal ▸ ", Role.MUTED)), wanted=decision.asks_reason)
        self._show_text()
        self._show_keys()
        self._show_choice()

    def _show_text(self) -> None:
        """As much as fits between what is always seen; without blank lines where it is tight."""
        cells = min(_WIDTH, int(self.size.width * 0.96)) - 6
        lines = proposing.lines(self.proposal, max(20, cells), self.session.cockpit.clock())
        hosts = len(self.proposal.names) if self._targets.display else 0
        questions = self._reason.rows + self._typed.rows
        room = share_out(self.size.height, questions=questions, text=len(lines), hosts=hosts)
        self._frame.set_class(room.is_short, "-short")
        self._text.styles.max_height = room.text
        self._text.show(lines if len(lines) <= room.text else [each for each in lines if each])
        self._targets.styles.height = room.hosts

    def _show_keys(self) -> None:
        self._keys.tell(self.key_hints(), "")

    def _where(self) -> Line:
        policy = self.session.cockpit.policy
        badges = [part for name in self.proposal.environments for part in (badge(name, policy), Span(" "))]
        return (Span(proposing.title(self.proposal), Role.STRONG), Span("  "), *badges)

    def _show_choice(self) -> None:
        plan = self.proposal.plan
        count = len(plan.acting_on) if plan else len(self.proposal.names)
        title = "Roll back" if len(self.proposal.names) == 1 else f"Roll back {count} hosts"
        why_not = self.decision.why_not()
        self._go.tell(title, why_not)
        self._objection.show([line((clean(why_not or ""), Role.MUTED))])

    # Deciding

    @property
    def decision(self) -> Decision:
        """The proposal with what was typed so far."""
        cockpit = self.session.cockpit
        return Decision(self.proposal, cockpit.policy, cockpit.fleet, self._typed.value, self._reason.value)

    @on(Input.Changed)
    def _edited(self) -> None:
        self._show_choice()

    @on(Input.Submitted)
    def _entered(self) -> None:
        """Enter in a field goes on to what comes next, which never is to start it."""
        if self.decision.why_not() is None:
            self._go.focus()
        else:
            self._focus_what_is_missing()

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        if event.choice == "go":
            self._start()
        else:
            self.dismiss(None)

    def _start(self) -> None:
        decision, plan = self.decision, self.proposal.plan
        reason = decision.why_not()
        if plan is None or reason is not None:
            self.session.say(Level.WARNING, f"Not started: {reason}")
            self._focus_what_is_missing()
            return
        try:
            operation = self.session.cockpit.start(plan, decision.consent())
        except Refused as refusal:
            self.session.confess(refusal, "Not started")
            return
        self.session.dismiss_notice()
        self.dismiss(operation)

    def _focus_what_is_missing(self) -> None:
        """Go to the field that is waited for, if it is one."""
        decision = self.decision
        if decision.lacks_reason:
            self._reason.focus_field()
        elif decision.must_type:
            self._typed.focus_field()

    # What keys do

    def selection(self) -> Selection:
        """The hosts of the proposal."""
        return Selection(hosts=self.proposal.names)

    def toggle(self, what: str) -> None:
        """Show the commands, or all packages, instead of the summary; and back."""
        self.proposal.shown = set() if what in self.proposal.shown else {what}
        self._show()

    def widen(self) -> None:
        """The same for every host of the environment that runs the same revision; the proposal is made anew."""
        same = hosts_alike(self.session, self.proposal)
        if len(same) < 2:
            self.session.say(Level.INFO, "No other host of this environment runs the same revision.")
            return
        self._typed.clear_field()
        self._propose(same, self.proposal.target)
        self._show()
        self._find_out()

    def move(self, rows: int) -> None:
        """Go through the hosts of a plan for many."""
        self._targets.move(rows)

    def scroll_text(self, rows: int) -> None:
        """Read on."""
        self._text.scroll_rows(rows)

    def copy_command(self) -> None:
        """The same without a screen."""
        words = ["nixtui", "rollback", *self.proposal.names, "--to", self.proposal.target]
        self.nixtui.copy(shlex.join(words), "the command")
