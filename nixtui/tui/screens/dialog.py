"""What every dialog is: a frame in the middle, lines to read, and choices of which the harmless one has the focus."""

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from nixtui.tui.paint import Line, Role, Span
from nixtui.tui.session import Session
from nixtui.tui.widgets.painted import Painted

Answer = TypeVar("Answer")


class Choice(Painted, can_focus=True):
    """A word one can choose. Enter chooses the one that has the focus, which its marks show without colour as well."""

    DEFAULT_CSS = """
    Choice { width: auto; height: 1; margin: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", show=False)]

    @dataclass
    class Chosen(Message):
        """Somebody chose."""

        choice: str | None

    def __init__(self, title: str, *, id: str, danger: bool = False, why_not: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = title
        self._danger = danger
        self._why_not = why_not

    @property
    def why_not(self) -> str | None:
        """Why it cannot be chosen now."""
        return self._why_not

    def tell(self, title: str, why_not: str | None) -> None:
        """It is called this now, and can be chosen or not."""
        if (title, why_not) != (self._title, self._why_not):
            wider = len(title) != len(self._title)
            self._title, self._why_not = title, why_not
            self.refresh(layout=wider)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - it is one line
        """`▸ Cancel ◂` with the focus, `  Cancel  ` without."""
        if self.has_focus:
            role = Role.BADGE_GREY if self._why_not else Role.BADGE_AMBER if self._danger else Role.BADGE_BLUE
            spans: Line = (Span(f"▸ {self._title} ◂", role),)
        else:
            spans = (Span(f"  {self._title}  ", Role.FAINT if self._why_not else Role.TEXT),)
        return self.strip(spans, self.size.width, self.base_style)

    def get_content_width(self, *_: object) -> int:
        """The title and its marks."""
        return len(self._title) + 4

    def get_content_height(self, *_: object) -> int:
        """One line."""
        return 1

    def on_focus(self) -> None:
        """The marks come."""
        self.refresh()

    def on_blur(self) -> None:
        """The marks go."""
        self.refresh()

    def on_click(self) -> None:
        """A click chooses."""
        self.action_choose()

    def action_choose(self) -> None:
        """Choose it."""
        self.post_message(self.Chosen(self.id))


class Dialog(ModalScreen[Answer]):
    """Esc is always the harmless answer. Arrow keys go from choice to choice, as tab does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("left,up", "app.focus_previous", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
