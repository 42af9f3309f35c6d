"""What Textual would let out of the app, and may not: its log, pictures of the screen, the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.timer import Timer

from nixtui.tui.exposure import NOT_EXPORTED
from nixtui.tui.notices import Level
from nixtui.tui.session import Session

if TYPE_CHECKING:
    from nixtui.secrets.secret import Secret

_BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="60"><text x="10" y="35">{}</text></svg>'


class PrivateApp(App[None]):
    """Hides secrets when the terminal loses its focus or its size, and lets nothing out while one is shown."""

    session: Session
    _lent: Timer | None = None

    def on_app_blur(self) -> None:
        """Somebody looks at something else: who knows who looks here."""
        self.session.exposure.cover()

    def on_resize(self) -> None:
        """The terminal is another one, or is shared by now (tmux gives everybody the smallest size)."""
        self.session.exposure.cover()

    def copy_to_clipboard(self, text: str) -> None:
        """Whatever widget asks; refused while a secret is shown."""
        if self.session.exposure.is_any:
            self.session.say(Level.WARNING, NOT_EXPORTED)
            return
        self._keep_clipboard()
        super().copy_to_clipboard(text)

    def lend_clipboard(self, value: Secret, seconds: float) -> None:
        """Put a value on the terminal's clipboard and take it away again; whether it obeys, nobody is told."""
        self._keep_clipboard()
        super().copy_to_clipboard(value.text())
        self._clipboard = ""  # Textual's own copy, which it would paste into any field
        value.wipe()
        self._lent = self.set_timer(seconds, self.clear_clipboard)

    def clear_clipboard(self) -> None:
        """Take back what was lent, if something was."""
        if self._lent is not None:
            self._keep_clipboard()
            super().copy_to_clipboard("")

    def _keep_clipboard(self) -> None:
        if self._lent is not None:
            self._lent.stop()
            self._lent = None

    def exit(self, *arguments: Any, **named: Any) -> None:
        """Leave nothing behind."""
        self.clear_clipboard()
        super().exit(*arguments, **named)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """A picture of the screen; a blank one while a secret is shown, which is hidden then."""
        if self.session.exposure.is_any:
            self.session.exposure.cover()
            return _BLANK.format(NOT_EXPORTED)
        return super().export_screenshot(title=title, simplify=simplify)

    def _log(self, *_: Any, **__: Any) -> None:
        """Textual's log has every key and every paste, so there is none."""
