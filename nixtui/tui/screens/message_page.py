"""A message, mostly an error, on a page of its own: what, why, the next step, and everything that led to it."""

from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.tui import units
from nixtui.tui.actions import Scope
from nixtui.tui.notices import Level, Notice, page
from nixtui.tui.paint import EMPTY, Role, line, wrap
from nixtui.tui.screens.acting import Acting
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.frame import Footer
from nixtui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from nixtui.tui.app import NixtuiApp

_WIDTH = 92
_AROUND = 11
"""Rows that are not the cause's: frame, blank lines, keys, the choice."""


class MessagePage(Dialog[None], Acting):
    """The sentence and the next step are always seen; the cause scrolls between them."""

    scopes = (Scope.MESSAGE,)
    CSS_PATH = "message_page.tcss"

    def __init__(self, session: Session, notice: Notice) -> None:
        super().__init__(session)
        self._notice = notice
        self._sentence, self._cause, self._remedy = (Lines(id=each) for each in ("sentence", "cause", "remedy"))
        self._keys = Footer()

    def compose(self) -> ComposeResult:
        """What, why, and what to do."""
        title = {Level.ERROR: "Error", Level.WARNING: "Warning"}.get(self._notice.level, "Message")
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content(f"{title}, {units.clock(self._notice.at)}")
            yield self._sentence
            yield self._cause
            yield self._remedy
            yield self._keys
            with Horizontal(classes="choices"):
                yield Choice("Close", id="close")

    def on_mount(self) -> None:
        """The way out has the focus."""
        self.query_one(Choice).focus()

    def on_resize(self) -> None:
        """As much of the cause as there is room for."""
        notice, cells = self._notice, max(20, min(_WIDTH, int(self.size.width * 0.96)) - 6)
        head = wrap(f"{notice.level.glyph} {notice.text}", cells, Role.STRONG)
        causes = (notice.detail or "").splitlines()
        cause = [EMPTY, *(each for text in causes for each in wrap(text, cells, Role.MUTED))] if causes else []
        remedy = wrap(f"→ {notice.remedy}", cells, Role.ACCENT) if notice.remedy else []
        room = max(2, self.size.height - _AROUND - len(head) - len(remedy))
        self._sentence.show(head)
        self._cause.styles.max_height = room
        self._cause.show(cause)
        self._remedy.show([EMPTY, *remedy] if remedy else [EMPTY, line((_NO_REMEDY[notice.level], Role.MUTED))])
        self.call_after_refresh(lambda: self._keys.tell(self.key_hints(), ""))

    def copy(self) -> None:
        """All of it."""
        cast("NixtuiApp", self.app).copy(page(self._notice), "the message")

    def scroll_text(self, rows: int) -> None:
        """Read on in the cause."""
        self._cause.scroll_rows(rows)

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.dismiss(None)


_NO_REMEDY = {
    Level.ERROR: "Nothing more is known about what to do; all messages are in Activity (7, then m).",
    Level.WARNING: "All messages are in Activity (7, then m).",
    Level.INFO: "All messages are in Activity (7, then m).",
    Level.DONE: "All messages are in Activity (7, then m).",
}
