"""The input of the house, alone and beside a label."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from nixtui.tui.paint import Line
from nixtui.tui.widgets.lines import Lines


def field(identity: str | None = None, *, placeholder: str = "", password: bool = False) -> Input:
    """One line to type in, without a frame. Its cursor does not blink: blinking is 3 KB a second over SSH."""
    made = Input(id=identity, compact=True, placeholder=placeholder, password=password, select_on_focus=False)
    made.cursor_blink = False
    return made


_WAY = "Tab goes here"


class Asked(Horizontal):
    """What is asked for, and where to type it. Not shown until it is asked for."""

    DEFAULT_CSS = """
    Asked { height: 1; margin-top: 1; display: none; }
    Asked Lines { width: auto; }
    Asked Input, Asked Input:focus {
        width: 1fr; border: none; padding: 0; height: 1; background: $paint-cursor-far; background-tint: transparent;
        color: $paint-strong;
    }
    Asked Input:focus { background: $paint-cursor; }
    """

    def __init__(self, identity: str) -> None:
        super().__init__()
        self._label, self._field = Lines(), field(identity, placeholder=_WAY)

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield self._label
        yield self._field

    def on_descendant_focus(self) -> None:
        """The way here is known now."""
        self._field.placeholder = ""

    def on_descendant_blur(self) -> None:
        """Typing does not reach the field any more."""
        self._field.placeholder = _WAY

    @property
    def value(self) -> str:
        """What was typed."""
        return self._field.value

    @property
    def rows(self) -> int:
        """Lines it takes, without the blank above."""
        return 1 if self.display else 0

    def ask(self, label: Line, *, wanted: bool) -> None:
        """Ask for this, or for nothing."""
        self._label.show([label])
        self.display = wanted

    def type_in(self, letter: str) -> None:
        """Somebody began to type without going there first."""
        self._field.value += letter
        self._field.cursor_position = len(self._field.value)
        self.focus_field()

    def clear_field(self) -> None:
        """Forget what was typed."""
        self._field.value = ""

    def focus_field(self) -> None:
        """Give it the keyboard."""
        self.screen.set_focus(self._field)  # now, not after the keys that are waiting already
