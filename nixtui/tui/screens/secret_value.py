"""The editor of one value. What is typed leaves it only as its answer."""

from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import TextArea

from nixtui.secrets.secret import Secret, length_class
from nixtui.tui.exposure import REVEALED_S
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.value_area import ValueArea

_UNCHANGED = "•••••••• as it is; typing replaces it, ctrl+o shows it"

MOST_EDITED = 2**16
"""Characters. What is larger is a file, and comes from one."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What was typed; `typed` values are JSON, all others text."""

    value: Secret
    typed: bool


def why_not_here(value: Secret) -> str | None:
    """Why a value cannot be edited on a screen without being changed by it; `None` where it can."""
    if not value.is_text:
        return "the value is not UTF-8, and cannot be edited as text"
    if value.is_longer_than(MOST_EDITED):
        return "the value is too long to be edited here"
    if b"\r" in value.reveal():
        return "the value has carriage returns, which an editor would change"
    return None


class ValueDialog(Dialog[Entered]):
    """Answers with the value, or nothing when it is the same. Dots until somebody asks, and after ten seconds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+s", "accept", show=False, priority=True),
        Binding("ctrl+o", "show", show=False, priority=True),
        Binding("ctrl+n", "several", show=False, priority=True),
        Binding("ctrl+t", "typed", show=False, priority=True),
    ]

    def __init__(self, session: Session, title: str, value: Secret, *, typed: bool, may_be_typed: bool) -> None:
        super().__init__(session)
        self._title, self._typed, self._may_be_typed = title, typed, may_be_typed
        self._was, self._was_typed = value, typed
        self._is_loaded = not value
        self._area = ValueArea(several="\n" in value.text(), hint="" if self._is_loaded else _UNCHANGED)
        self._about, self._keys = Lines(), Lines()
        self._hides_at = 0.0

    def compose(self) -> ComposeResult:
        """The field, what is in it in a few words, and the choices, the harmless one first."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content(clean(self._title))
            yield self._area
            yield self._about
            yield self._keys
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice("Keep for saving", id="keep")

    def on_mount(self) -> None:
        """Typing replaces what is there: its dots would tell how long it is."""
        self.session.exposure.open(self.cover)
        self.app.app_suspend_signal.subscribe(self, lambda _: self.cover())
        self._area.focus()
        self.call_after_refresh(self._tell)

    def on_unmount(self) -> None:
        """Nothing stays behind."""
        self.session.exposure.close(self.cover)
        self._area.forget()
        self._was.wipe()

    def on_resize(self) -> None:
        """Whoever changes a terminal may not be alone before it."""
        self.cover()

    # What is in it

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._tell()

    def _tell(self) -> None:
        if not self.is_mounted:
            return
        area = self._area
        text = area.text if self._is_loaded or area.text else self._was.text()
        state = (
            line(("hidden", Role.MUTED))
            if area.is_hidden
            else line((f"shown for {max(1, int(self._hides_at - monotonic()) + 1)} s", Role.WARN))
        )
        lines = f", {text.count(chr(10)) + 1} lines" if "\n" in text else ""
        kind = "a number, true, a list … as JSON" if self._typed else "text"
        length = length_class(len(text.encode("utf-8", "surrogateescape")))
        self._about.show([line((f"{length}{lines}, {kind}  ", Role.TEXT), *state), *self._warned(text)])
        self._keys.show([EMPTY, *self._key_lines()])

    def _warned(self, text: str) -> list[Line]:
        """What people do not see in dots."""
        found = []
        if text != text.strip() and not self._area.several:
            found.append("it begins or ends with a blank")
        if any(each < " " and each not in "\n\t" for each in text):
            found.append("it has control characters")
        return [line((f"! {each}", Role.WARN)) for each in found]

    def _key_lines(self) -> list[Line]:
        def keys(*pairs: tuple[str, str]) -> Line:
            return line(*(part for key, what in pairs for part in ((key, Role.KEY), (f" {what}   ", Role.MUTED))))

        ends = ("ctrl+s", "keep") if self._area.several else ("enter", "keep")
        seen = ("ctrl+o", "show" if self._area.is_hidden else "hide")
        several = ("ctrl+n", "one line" if self._area.several else "several lines")
        typed = [("ctrl+t", "text" if self._typed else "as JSON")] if self._may_be_typed else []
        return [keys(ends, seen, several, *typed, ("esc", "leave"))]

    # In sight

    def action_show(self) -> None:
        """In plain sight for ten seconds, and back; at first what is there, unless something was typed instead."""
        if not self._area.is_hidden:
            self.cover()
            return
        if not self._is_loaded and not self._area.text:
            self._area.load_text(self._was.text())
            self._area.move_cursor(self._area.document.end)
        self._is_loaded = True
        self._hides_at = monotonic() + REVEALED_S
        self._area.hide(False)
        self._count_down()

    def _count_down(self) -> None:
        if self._area.is_hidden or not self.is_mounted:
            return
        if self._hides_at <= monotonic():
            self.cover()
            return
        self._tell()
        self.set_timer(1.0, self._count_down)

    def cover(self) -> None:
        """Dots again."""
        if not self._area.is_hidden:
            self._area.hide(True)
            self._tell()

    # Deciding

    def action_several(self) -> None:
        """Enter begins a line from now on, or ends the value."""
        self._area.several = not self._area.several or "\n" in self._area.text
        self._tell()

    def action_typed(self) -> None:
        """Text, or JSON."""
        if self._may_be_typed:
            self._typed = not self._typed
            self._tell()

    @on(ValueArea.Accepted)
    def action_accept(self) -> None:
        """Answer with it; with nothing where nothing changed."""
        is_untouched = not self._is_loaded and not self._area.text
        value = Secret(self._was.reveal() if is_untouched else self._area.text)
        if value == self._was and self._typed == self._was_typed and value:
            self.dismiss(None)
        else:
            self.dismiss(Entered(value, self._typed))

    @on(Choice.Chosen)
    def _chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        if event.choice == "keep":
            self.action_accept()
        else:
            self.dismiss(None)
