"""A password or passphrase, typed without being shown."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from nixtui.tui.paint import Role, clean, line
from nixtui.tui.screens.dialog import Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.field import field
from nixtui.tui.widgets.lines import Lines


class SecretDialog(Dialog[str]):
    """Answers with what was typed, or nothing. What is typed leaves this dialog only as its answer."""

    def __init__(self, session: Session, question: str) -> None:
        super().__init__(session)
        self._question = question

    def compose(self) -> ComposeResult:
        """The question, and a field that shows dots."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content("Asked by a host")
            yield Lines([line(clean(self._question))])
            yield field(password=True)
            yield Lines([line(("enter answers, esc does not; it is kept in memory only", Role.FAINT))])

    def on_mount(self) -> None:
        """Typing goes into the field."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value or None)
