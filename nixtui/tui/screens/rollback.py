"""The rollback dialog: from a key to one decision, with everything one would want to know before it."""

import shlex
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from nixtui.model.environment import Confirmation, Environment
from nixtui.operations.operation import Operation
from nixtui.operations.plan import Target
from nixtui.operations.policy import Answer, Consent, Refused
from nixtui.tui import proposal as proposing
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.environments import badge
from nixtui.tui.notices import Level, explain
from nixtui.tui.paint import Line, Role, Span, clean, line
from nixtui.tui.proposal import Proposal
from nixtui.tui.screens.acting import Acting
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.rollback_columns import target_columns
from nixtui.tui.session import Session
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
        self._targets = Table[Target](target_columns(), self._target, id="targets")
        self._targets.display = len(names) > 1

    def _propose(self, names: tuple[str, ...], target: str) -> None:
        fleet, now = self.session.cockpit.fleet, self.session.cockpit.clock()
        self.proposal = Proposal(names, target, {name: fleet.status(name) for name in names}, now)
        if len(names) == 1:
            self.proposal.generations = self.session.knowledge.known_generations(names[0])

    def compose(self) -> ComposeResult:
        """What would happen, what has to be typed, and the choices, the harmless one first."""
        with Vertical(classes="dialog rollback"):
            yield Lines(id="where")
            yield Lines(id="text")
            yield self._targets
            with Horizontal(id="ask-reason", classes="question"):
                yield Lines([line(("Why, for the journal  ", Role.MUTED))])
                yield _field("reason")
            with Horizontal(id="ask-typed", classes="question"):
                yield Lines(id="challenge")
                yield _field("typed")
            yield Footer()
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice("Roll back", id="go", danger=True, why_not="the plan is not there yet")

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
        self.in_background(partial(self._make_plan, self.proposal), group="plan")

    async def _make_plan(self, proposal: Proposal) -> None:
        try:
            proposal.plan = await self.session.cockpit.plan_rollback(proposal.names, proposal.target)
        except Exception as error:
            proposal.plan_problem = _sentence(error)
        rows = (
            sorted(proposal.plan.targets, key=lambda each: (each.refused is not None, each.wave))
            if proposal.plan
            else ()
        )
        self._targets.show(tuple(each.name for each in rows))
        self._show()
        if proposal.systems is not None and proposal.only is not None and proposal.only.refused is None:
            self.in_background(partial(self._find_diff, proposal), group="diff")
            self.in_background(partial(self._find_preview, proposal), group="preview")

    async def _find_diff(self, proposal: Proposal) -> None:
        name, (old, new) = proposal.names[0], proposal.systems or ("", "")
        try:
            if proposal.generations is None:
                proposal.generations = await self.session.knowledge.generations(name)
                self._show()
            proposal.diff = await self.session.knowledge.diff((name, old), (name, new))
        except Exception as error:
            proposal.diff_problem = _sentence(error)
        self._show()

    async def _find_preview(self, proposal: Proposal) -> None:
        name, (_, new) = proposal.names[0], proposal.systems or ("", "")
        try:
            proposal.preview = await self.session.knowledge.preview(name, new)
        except Exception as error:
            proposal.preview_problem = _sentence(error)
        self._show()

    # Showing

    def _show(self) -> None:
        proposal = self.proposal
        self.query_one("#where", Lines).show([self._where()])
        self._targets.display = len(proposal.names) > 1 and proposal.plan is not None and not proposal.shown
        self._targets.styles.height = (
            min(len(proposal.names), _MOST_ROWS, max(2, self.size.height - _OTHER_ROWS - 6)) + 3
        )
        self._targets.redraw()
        self.query_one("#ask-reason").display = self._asks_reason and self._is_possible
        self.query_one("#ask-typed").display = self._must_type and self._is_possible
        if proposal.plan is not None:
            wanted = line(
                ("Type ", Role.MUTED), (clean(proposal.plan.challenge), Role.STRONG), (" to confirm  ", Role.MUTED)
            )
            self.query_one("#challenge", Lines).show([wanted])
        self._show_text()
        self._show_keys()
        self._show_choice()

    def _show_text(self) -> None:
        """As much as fits between what is always seen; without blank lines where it is tight."""
        questions = sum(2 for each in self.query(".question") if each.display)
        table = 4 + min(len(self.proposal.names), 2) if self._targets.display else 0
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
        names = self.proposal.names
        environments = sorted({env for name in names if (env := self.session.cockpit.fleet.host(name).environment)})
        badges = [part for name in environments for part in (badge(name, self.session.cockpit.policy), Span(" "))]
        return (Span(proposing.title(self.proposal), Role.STRONG), Span("  "), *badges)

    def _show_choice(self) -> None:
        plan = self.proposal.plan
        count = len(plan.acting_on) if plan else len(self.proposal.names)
        title = "Roll back" if len(self.proposal.names) == 1 else f"Roll back {count} hosts"
        self.query_one("#go", Choice).tell(title, self.why_not())

    @property
    def _asks_reason(self) -> bool:
        return any(each.ask_reason for each in self._environments())

    def _environments(self) -> list[Environment]:
        """Those the plan would change something in."""
        plan = self.proposal.plan
        named = {target.environment for target in plan.acting_on} if plan else set()
        return [each for name, each in self.session.cockpit.policy.environments.items() if name in named]

    @property
    def _must_type(self) -> bool:
        return any(each.confirm is Confirmation.TYPE for each in self._environments())

    @property
    def _is_possible(self) -> bool:
        plan = self.proposal.plan
        return plan is not None and bool(plan.acting_on) and self.session.cockpit.policy.forbids(plan) is None

    def why_not(self) -> str | None:
        """Why it cannot be started now, in one sentence; `None` when it can."""
        proposal, plan = self.proposal, self.proposal.plan
        if plan is None:
            return proposal.plan_problem or "the plan is not there yet"
        if not plan.acting_on:
            return "there is nothing to do: every host is left out"
        if forbidden := self.session.cockpit.policy.forbids(plan):
            return forbidden
        fleet = self.session.cockpit.fleet
        if changed := proposal.changed_since({name: fleet.status(name) for name in proposal.names}):
            return f"{changed[0]} runs something else than when you pressed the key; cancel and look again"
        if self._reason_missing:
            return "this environment asks for a reason"
        if self._must_type and self.query_one("#typed", Input).value != plan.challenge:
            return f"type {plan.challenge} first"
        return None

    @property
    def _reason_missing(self) -> bool:
        return self._asks_reason and not self.query_one("#reason", Input).value.strip()

    # Deciding

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show_choice()

    @on(Input.Submitted)
    def _entered(self) -> None:
        """Enter in a field goes on to what comes next, which never is to start it."""
        if self.why_not() is None:
            self.query_one("#go", Choice).focus()
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
        plan = self.proposal.plan
        reason = self.why_not()
        if plan is None or reason is not None:
            self.session.say(Level.WARNING, f"Not started: {reason}")
            self._focus_what_is_missing()
            return
        typed = self.query_one("#typed", Input).value if self._must_type else None
        why = self.query_one("#reason", Input).value.strip() or None
        consent = Consent(Answer.TYPED if typed else Answer.KEY, typed, why)
        try:
            operation = self.session.cockpit.start(plan, consent)
        except Refused as refusal:
            self.session.confess(refusal, "Not started")
            return
        self.dismiss(operation)

    def _focus_what_is_missing(self) -> None:
        """Go to the field that is waited for, if it is one."""
        if not self._is_possible:
            return
        if self._reason_missing:
            self.query_one("#reason", Input).focus()
        elif self._must_type:
            self.query_one("#typed", Input).focus()

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
        revision, environment = fleet.status(first).facts.configuration_revision, fleet.host(first).environment
        same = [
            name
            for name, host in fleet.hosts().items()
            if host.environment == environment and fleet.status(name).facts.configuration_revision == revision
        ]
        if revision is None or len(same) < 2:
            self.session.say(Level.INFO, "No other host of this environment runs the same revision.")
            return
        self.query_one("#typed", Input).value = ""
        self._propose(tuple(same), self.proposal.target)
        self._show()
        self._find_out()

    def scroll_text(self, rows: int) -> None:
        """Read on."""
        self.query_one("#text", Lines).scroll_rows(rows)

    def copy_command(self) -> None:
        """The same without a screen."""
        words = ["nixtui", "rollback", *self.proposal.names, "--to", self.proposal.target]
        self.nixtui.copy(shlex.join(words), "the command")


def _field(name: str) -> Input:
    field = Input(compact=True, id=name)
    field.cursor_blink = False
    return field


def _sentence(error: Exception) -> str:
    sentence, remedy = explain(error)
    return f"{sentence}; {remedy}" if remedy else sentence
