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
from nixtui.tui.inquiry import find_diff, find_plan, find_preview
from nixtui.tui.notices import Level
from nixtui.tui.paint import Line, Role, Span, clean, line
from nixtui.tui.proposal import Proposal
from nixtui.tui.screens.acting import Acting
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.rollback_columns import target_columns
from nixtui.tui.session import Session
from nixtui.tui.widgets.field import field
from nixtui.tui.widgets.frame import Footer
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.tui.app import NixtuiApp

_MOST_ROWS = 12
_WIDTH = 92
_OTHER_ROWS = 9
"""Lines of a dialog that are always there: its frame, title, keys and choices, and a blank before each."""


class RollbackDialog(Dialog[Operation], Acting):
    """Answers with the operation that was started, or nothing. What is confirmed are the hosts of the key press."""

    scopes = (Scope.ROLLBACK,)
    CSS_PATH = "rollback.tcss"

    def __init__(self, session: Session, names: Sequence[str], target: str) -> None:
        super().__init__(session)
        self._propose(tuple(names), target)
        self._targets = Table[Target](target_columns(), self._target, framed=False, id="targets")
        self._targets.display = len(names) > 1
        self._reason, self._typed = field("reason"), field("typed")
        self._go = Choice("Roll back", id="go", danger=True, why_not="the plan is not there yet")

    def _propose(self, names: tuple[str, ...], target: str) -> None:
        fleet, now = self.session.cockpit.fleet, self.session.cockpit.clock()
        environments = sorted({each for name in names if (each := fleet.host(name).environment)})
        self.proposal = Proposal(names, tuple(environments), target, {name: fleet.status(name) for name in names}, now)
        if len(names) == 1:
            self.proposal.generations = self.session.knowledge.known_generations(names[0])

    def compose(self) -> ComposeResult:
        """What would happen, what has to be typed, and the choices, the harmless one first."""
        with Vertical(classes="dialog rollback"):
            yield Lines(id="where")
            yield Lines(id="text")
            yield self._targets
            with Horizontal(id="ask-reason", classes="question"):
                yield Lines([line(("Why, for the journal ▸ ", Role.MUTED))])
                yield self._reason
            with Horizontal(id="ask-typed", classes="question"):
                yield Lines(id="challenge")
                yield self._typed
            yield Footer()
            with Horizontal(classes="choices"):
                yield Lines(id="why-not")
                yield Choice("Cancel", id="cancel")
                yield self._go

    @property
    def nixtui(self) -> "NixtuiApp":
        """The app, by its own type."""
        return cast("NixtuiApp", self.app)

    def on_mount(self) -> None:
        """In the same frame as the key what is known; the rest as it comes."""
        self.query_one("#cancel", Choice).focus()
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
        self.query_one("#where", Lines).show([self._where()])
        self._targets.display = len(proposal.names) > 1 and proposal.plan is not None and not proposal.shown
        self._targets.styles.height = (
            min(len(proposal.names), _MOST_ROWS, max(2, self.size.height - _OTHER_ROWS - 6)) + 1
        )
        self._targets.redraw()
        self.query_one(".rollback").set_class(decision.must_type, "-guarded")
        self.query_one("#ask-reason").display = decision.asks_reason
        self.query_one("#ask-typed").display = decision.must_type
        if proposal.plan is not None:
            challenge = (clean(proposal.plan.challenge), Role.STRONG)
            wanted = line(("Type ", Role.MUTED), challenge, (" to confirm ▸ ", Role.MUTED))
            self.query_one("#challenge", Lines).show([wanted])
        self._show_text()
        self._show_keys()
        self._show_choice()

    def _show_text(self) -> None:
        """As much as fits between what is always seen; without blank lines where it is tight."""
        questions = sum(2 for each in self.query(".question") if each.display)
        table = 2 + min(len(self.proposal.names), 4) if self._targets.display else 0
        room = max(3, self.size.height - _OTHER_ROWS - questions - table)
        cells = min(_WIDTH, int(self.size.width * 0.96)) - 6
        lines = proposing.lines(self.proposal, max(20, cells), self.session.cockpit.clock())
        if len(lines) > room:
            lines = [each for each in lines if each]
        text = self.query_one("#text", Lines)
        text.styles.max_height = room
        text.show(lines)

    def _show_keys(self) -> None:
        self.query_one(Footer).tell(self.key_hints(), "")

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
        self.query_one("#why-not", Lines).show([line((clean(why_not or ""), Role.MUTED))])

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
            self._reason.focus()
        elif decision.must_type:
            self._typed.focus()

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
        fleet, first = self.session.cockpit.fleet, self.proposal.names[0]
        revision = self.proposal.seen[first].facts.configuration_revision
        environment = fleet.host(first).environment if first in fleet else None
        same = [
            name
            for name, host in fleet.hosts().items()
            if host.environment == environment and fleet.status(name).facts.configuration_revision == revision
        ]
        if revision is None or len(same) < 2:
            self.session.say(Level.INFO, "No other host of this environment runs the same revision.")
            return
        self._typed.value = ""
        self._propose(tuple(same), self.proposal.target)
        self._show()
        self._find_out()

    def move(self, rows: int) -> None:
        """Go through the hosts of a plan for many."""
        self._targets.move(rows)

    def scroll_text(self, rows: int) -> None:
        """Read on."""
        self.query_one("#text", Lines).scroll_rows(rows)

    def copy_command(self) -> None:
        """The same without a screen."""
        words = ["nixtui", "rollback", *self.proposal.names, "--to", self.proposal.target]
        self.nixtui.copy(shlex.join(words), "the command")
