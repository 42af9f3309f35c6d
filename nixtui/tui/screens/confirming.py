"""The dialog of every plan: from a key to one decision, with everything one would want to know before it."""

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from nixtui.model.status import HostStatus
from nixtui.operations.operation import Operation
from nixtui.operations.plan import Plan, Target
from nixtui.operations.policy import Refused
from nixtui.tui.action_table import actions_in
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.decision import Decision
from nixtui.tui.draft import Draft, command_lines, outline
from nixtui.tui.environments import badge
from nixtui.tui.notices import Level, sentence
from nixtui.tui.paint import Line, Role, Span, cells_of, clean, line, wrap
from nixtui.tui.screens.acting import Acting
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.dialog_room import share_out, text_cells
from nixtui.tui.screens.target_columns import target_columns
from nixtui.tui.session import Session
from nixtui.tui.widgets.field import Asked
from nixtui.tui.widgets.frame import Footer, KeyHint
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.tui.app import NixtuiApp

_CHOICE_CELLS = 6
"""Of a choice beside its title: its marks, and the blanks around it."""

_MOST_OBJECTED = 3
"""Lines beside the choices for why one of them cannot be chosen."""


class Confirming(Dialog[Operation], Acting):
    """Answers with the operation that was started, or nothing. What is confirmed are the hosts of the key press.

    Subclasses give `verb` (what the choice is called), `title`, `find_out` and `text`, and call `show` when more is
    known.
    """

    CSS_PATH = "confirming.tcss"

    def __init__(self, session: Session, draft: Draft) -> None:
        super().__init__(session)
        self.draft = draft
        self._frame = Vertical(classes="dialog confirming")
        self._targets = Table[Target](target_columns((), self.subject), self._target, framed=False, id="targets")
        self._targets.display = len(draft.names) > 1
        self._title, self._text, self._objection = (Lines(id=each) for each in ("where", "text", "why-not"))
        self._reason, self._typed = Asked("reason"), Asked("typed")
        self._keys = Footer()
        self._cancel = Choice("Cancel", id="cancel")
        self._go = Choice(self.verb, id="go", danger=True, why_not="the plan is not there yet")

    # What subclasses say

    @property
    def verb(self) -> str:
        """What the choice is called that starts it."""
        raise NotImplementedError

    @property
    def of_many(self) -> str:
        """What the choice is called for several hosts; their number goes where `{}` is."""
        return f"{self.verb} {{}} hosts"

    @property
    def subject(self) -> str:
        """What the targets are, as the head of their column."""
        return "HOST"

    @property
    def heading(self) -> str:
        """What would be done, to whom."""
        raise NotImplementedError

    async def find_out(self) -> None:
        """Make the plan, then learn what else is worth knowing; call `show` after each."""
        raise NotImplementedError

    def text(self, cells: int, now: float) -> list[Line]:
        """What is known so far, in lines."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """The words of the command that does the same without a screen; nothing where there is none."""
        return ()

    # The dialog

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
        self.inquire()
        self.set_interval(1.0, self.show)

    def inquire(self) -> None:
        """Begin to find out, or begin anew."""
        self.in_background(self.find_out, group="inquiry", doing="Making the plan")

    def on_resize(self) -> None:
        """Once the size is known, and whenever it changes."""
        self.show()
        self.call_after_refresh(self._show_keys)

    def _target(self, name: str) -> Target | None:
        plan = self.draft.plan
        return next((each for each in plan.targets if each.name == name), None) if plan else None

    # Showing

    def show(self) -> None:
        """Show what is known by now."""
        if not self.is_mounted:  # an answer that came while the dialog was leaving
            return
        draft, decision = self.draft, self.decision
        self._title.show([self._where()])
        self._show_targets()
        self._frame.set_class(decision.must_type, "-guarded")
        challenge = draft.plan.challenge if draft.plan else ""
        label = line(("Type ", Role.MUTED), (clean(challenge), Role.STRONG), (" to confirm ▸ ", Role.MUTED))
        self._typed.ask(label, wanted=decision.must_type)
        self._reason.ask(line(("Why, for the journal ▸ ", Role.MUTED)), wanted=decision.asks_reason)
        self._show_choice()
        self._show_text()
        self._show_keys()

    def _show_targets(self) -> None:
        plan = self.draft.plan
        rows = sorted(plan.targets, key=lambda each: (each.refused is not None, each.wave)) if plan else ()
        columns = target_columns(rows, self.subject)
        if [each.id for each in columns] != [each.id for each in self._targets.columns]:
            self._targets.set_columns(columns)
        self._targets.show(tuple(each.name for each in rows))
        self._targets.display = len(self.draft.names) > 1 and plan is not None and not self.draft.shown
        self._targets.redraw()

    def _show_text(self) -> None:
        """As much as fits between what is always seen; without blank lines where it is tight."""
        cells = text_cells(self.size.width)
        if "commands" in self.draft.shown and self.draft.plan:
            lines = list(command_lines(self.draft.plan, cells))
        else:
            lines = self.text(cells, self.session.cockpit.clock())
        hosts = len(self.draft.names) if self._targets.display else 0
        questions = self._reason.rows + self._typed.rows
        height = self.size.height - max(0, len(self._objection.lines) - 1)
        room = share_out(height, questions=questions, text=len(lines), hosts=hosts)
        self._frame.set_class(room.is_short, "-short")
        self._text.styles.max_height = room.text
        self._text.show(lines if len(lines) <= room.text else [each for each in lines if each])
        self._targets.styles.height = room.hosts

    # Typing

    def _goes_on(self, letter: str) -> bool:
        """Whether this letter goes on with what has to be typed."""
        plan = self.draft.plan
        wanted = plan.challenge if plan is not None and self.decision.must_type else ""
        return bool(letter) and wanted.startswith(self._typed.value + letter)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A letter that begins what has to be typed is no key, wherever the keyboard is."""
        if action == "act":
            key = next(each.key for each in actions_in(*self.scopes) if each.id == parameters[0])
            if self._goes_on(self.session.key_of(str(parameters[0]), key)):
                return False
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Somebody types the name at once: it goes where it belongs."""
        if event.is_printable and event.character is not None and self._goes_on(event.character):
            event.stop()
            event.prevent_default()
            self._typed.type_in(event.character)

    def key_hints(self) -> tuple[KeyHint, ...]:
        """Without letters that begin what has to be typed; the commands are then under the capital."""
        hints = (
            msgspec.structs.replace(each, key=each.key.upper()) if each.action == "commands" and taken else each
            for each in super().key_hints()
            if not (taken := self._goes_on(each.key)) or each.action == "commands"
        )
        return tuple(hints)

    def _show_keys(self) -> None:
        self._keys.tell(self.key_hints(), "")

    def _where(self) -> Line:
        policy = self.session.cockpit.policy
        badges = [part for name in self.draft.environments for part in (badge(name, policy), Span(" "))]
        return (Span(self.heading, Role.STRONG), Span("  "), *badges)

    def _show_choice(self) -> None:
        plan = self.draft.plan
        count = len(plan.acting_on) if plan else len(self.draft.names)
        title = self.verb if len(self.draft.names) == 1 else self.of_many.format(count)
        why_not = self.decision.why_not()
        self._go.tell(title, why_not)
        beside = sum(cells_of(each) + _CHOICE_CELLS for each in ("Cancel", title))
        self._objection.show(wrap(why_not or "", text_cells(self.size.width) - beside, Role.MUTED)[:_MOST_OBJECTED])

    # Deciding

    @property
    def decision(self) -> Decision:
        """The draft with what was typed so far."""
        cockpit = self.session.cockpit
        return Decision(self.draft, cockpit.policy, cockpit.fleet, self._typed.value, self._reason.value)

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
        decision, plan = self.decision, self.draft.plan
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
        """The hosts of the draft."""
        return Selection(hosts=self.draft.names)

    def toggle(self, what: str) -> None:
        """Show something else instead of the summary, such as the commands; and back."""
        self.draft.shown = set() if what in self.draft.shown else {what}
        self.show()

    def forget_typed(self) -> None:
        """What was typed was meant for another plan."""
        self._typed.clear_field()

    def move(self, rows: int) -> None:
        """Go through the hosts of a plan for many."""
        self._targets.move(rows)
        self.show()

    def scroll_text(self, rows: int) -> None:
        """Read on."""
        self._text.scroll_rows(rows)

    def copy_command(self) -> None:
        """The same without a screen."""
        if words := self.command():
            self.nixtui.copy(shlex.join(words), "the command")
        else:
            self.session.say(Level.INFO, "There is no command for this; c shows what is run on the hosts.")


def seen(session: Session, names: Sequence[str]) -> dict[str, HostStatus]:
    """How hosts are at this moment; what is no host of the fleet is left out."""
    fleet = session.cockpit.fleet
    return {name: fleet.status(name) for name in names if name in fleet}


def environments(session: Session, names: Sequence[str]) -> tuple[str, ...]:
    """The environments that hosts are in."""
    return tuple(sorted({each for host in session.hosts(names) if (each := host.environment)}))


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """A plan to ask about: what it is called, what the choice is called, and how the plan is made.

    `asking` says what is waited for meanwhile; `command` does the same without a screen, where there is one. `known` is
    what one decides by for one host of the plan. `of_many` is what the choice is called for several hosts, with `{}`
    for their number, where that is not `VERB {} hosts`; `subject` is what the targets are, where they are no hosts.
    """

    heading: str
    verb: str
    prepare: Callable[[], Awaitable[Plan]]
    asking: str = "asking the hosts"
    command: Sequence[str] = ()
    known: Callable[[Plan, str], Sequence[str]] = lambda _, __: ()
    of_many: str | None = None
    subject: str = "HOST"
    firsts: Mapping[str, str] = field(default_factory=dict)
    """By kind of plan, what the choice is called where the plan is of something that has to be done first."""


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


class PlanDialog(Confirming):
    """Any plan: its steps, its hosts, what to know, the exact commands."""

    scopes = (Scope.PLAN,)

    def __init__(self, session: Session, names: Sequence[str], question: PlanQuestion) -> None:
        self._question = question
        draft = Draft(
            names=tuple(names),
            environments=environments(session, names),
            seen=seen(session, names),
            asked_at=session.cockpit.clock(),
        )
        super().__init__(session, draft)

    @property
    def verb(self) -> str:
        """What the choice is called that starts it; something else may have to be done first."""
        return self._question.verb if self._first is None else self._first

    @property
    def of_many(self) -> str:
        """As the question has it."""
        if self._first is not None:
            return self._first
        return self._question.of_many or super().of_many

    @property
    def subject(self) -> str:
        """As the question has it."""
        return self._question.subject

    @property
    def _first(self) -> str | None:
        plan = self.draft.plan
        return self._question.firsts.get(plan.kind) if plan is not None else None

    @property
    def heading(self) -> str:
        """What would be done, to whom."""
        return self._question.heading

    async def find_out(self) -> None:
        """Make the plan."""
        try:
            self.draft.plan = await self._question.prepare()
        except Exception as error:
            self.draft.plan_problem = sentence(error)
        self.show()

    def text(self, cells: int, now: float) -> list[Line]:
        """What to know, and the steps."""
        plan, name = self.draft.plan, self._targets.cursor or self.draft.names[0]
        told = self._question.known(plan, name) if plan is not None else ()
        known = [part for each in told for part in wrap(each, cells, Role.MUTED, indent=_indent(each))]
        if known and len(self.draft.names) > 1:
            known = [line((clean(name), Role.STRONG)), *known]
        return outline(self.draft, cells, now, asking=self._question.asking, known=known)

    def command(self) -> Sequence[str]:
        """The same without a screen."""
        return self._question.command
