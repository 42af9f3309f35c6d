"""Doing what the action table says, or saying why not: for screens and for dialogs with keys of their own."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual import on
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from nixtui.tui.action_table import actions_in, bindings_for
from nixtui.tui.actions import Action, Scope, Selection, key_shown
from nixtui.tui.messages import KeyClicked
from nixtui.tui.notices import Level
from nixtui.tui.session import Session
from nixtui.tui.widgets.frame import KeyHint


class Acting(Screen[Any]):
    """Mixed into screens; subclasses give `scopes` and `selection`.

    `never_here` are actions of a scope, by id, that make no sense on this screen, so that its footer does without them.
    """

    scopes: ClassVar[tuple[Scope, ...]] = ()
    never_here: ClassVar[frozenset[str]] = frozenset()
    session: Session

    def __init_subclass__(cls, **rest: Any) -> None:
        if "scopes" in cls.__dict__:
            cls.BINDINGS = [*bindings_for(*cls.scopes), *cls.__dict__.get("BINDINGS", ())]
        super().__init_subclass__(**rest)

    def selection(self) -> Selection:
        """What an action would act on now."""
        return Selection()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """While somebody types, no key acts."""
        return not (action == "act" and isinstance(self.focused, Input))

    def action_act(self, identity: str) -> None:
        """Do what a key stands for, or say why not."""
        self.perform(next(each for each in actions_in(*self.scopes) if each.id == identity))

    def perform(self, action: Action[Any]) -> None:
        """Do it, or say why not."""
        reason = action.why_disabled(self.selection())
        if reason is None:
            notice = self.session.notice
            if notice is not None and notice.level is Level.WARNING and action.id != "back":
                self.session.dismiss_notice()  # something else works: the objection is over; esc sends it away itself
            action.run(self)
            return
        key = key_shown(self.session.key_of(action.id, action.key))
        self.session.say(Level.WARNING, f"{key} {action.title}: {reason}")

    def key_hints(self) -> tuple[KeyHint, ...]:
        """The keys of these scopes for a footer, those that cannot work now marked so."""
        selection, key_of = self.selection(), self.session.key_of
        return tuple(
            KeyHint(
                action.id,
                key_shown(key_of(action.id, action.key)),
                action.title,
                action.rank,
                off=action.why_disabled(selection) is not None,
            )
            for action in actions_in(*self.scopes)
            if action.rank is not None and action.id not in self.never_here
        )

    @on(KeyClicked)
    def _key_clicked(self, event: KeyClicked) -> None:
        event.stop()
        self.action_act(event.action)

    def in_background(self, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, doing: str) -> None:
        """Do something while the screen goes on. A newer one of the same group replaces it, leaving the screen ends it;
        what fails is told as failed while `doing` it, and is never fatal.
        """
        begun: Callable[[], Any] = work  # called by the worker: one that never starts leaves no coroutine behind
        self.run_worker(begun, name=doing, group=group, exclusive=True, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell what failed in the background."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.session.confess(event.worker.error, event.worker.name)
