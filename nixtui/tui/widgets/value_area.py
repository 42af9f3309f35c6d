"""Where a value is typed: one line or several, as dots or in plain sight."""

from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea

from nixtui.tui.widgets.revealed import printable

_DOT = "•"


class ValueArea(TextArea):
    """A text area that keeps what is in it to itself: dots until it is shown, nothing for the clipboard, no past after
    it has gone.
    """

    DEFAULT_CSS = """
    ValueArea, ValueArea:focus {
        border: none; padding: 0; height: auto; min-height: 1; max-height: 16; background: $paint-cursor-far;
        color: $paint-strong;
    }
    """

    @dataclass
    class Accepted(Message):
        """Enter was pressed where there is one line."""

    def __init__(self, *, several: bool, hint: str) -> None:
        super().__init__(soft_wrap=True, tab_behavior="focus", show_line_numbers=False, placeholder=hint)
        self.cursor_blink = False
        self.highlight_cursor_line = False
        self.match_cursor_bracket = False
        self.several = several
        self._is_hidden = True

    @property
    def is_hidden(self) -> bool:
        """Whether there are dots."""
        return self._is_hidden

    def hide(self, hidden: bool) -> None:
        """Dots, or what is really there."""
        self._is_hidden = hidden
        self.notify_style_update()  # which forgets the lines that were drawn
        self.refresh()

    def forget(self) -> None:
        """Nothing of it is left, nor of what it was before."""
        self.load_text("")
        self.history.clear()
        self.notify_style_update()

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: as many characters as it has, so that the cursor is where it seems."""
        kept = self.document.get_line(line_index)
        shown = (
            _DOT * len(kept) if self._is_hidden else "".join(each if each == "\t" else printable(each) for each in kept)
        )
        return Text(shown, end="", no_wrap=True)

    def on_key(self, event: events.Key) -> None:
        """Enter ends one line, and begins another where there are several."""
        if event.key == "enter" and not self.several:
            event.stop()
            event.prevent_default()
            self.post_message(self.Accepted())

    def on_paste(self, event: events.Paste) -> None:
        """What has several lines makes several."""
        self.several |= "\n" in event.text.strip("\n")

    def action_copy(self) -> None:
        """Nothing leaves from here."""

    def action_cut(self) -> None:
        """Away with it, and not to the clipboard."""
        start, end = self.selection
        if start != end:
            self.delete(start, end)


def _visible(letter: str) -> str:
    """A tab is as wide as the cursor takes it for."""
    return letter if letter == "\t" else printable(letter)
