"""What every screen of the cockpit is: a frame around a body, actions from the table, one line to type in."""

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Horizontal

from nixtui.fleet.state import Changes
from nixtui.tui import opening
from nixtui.tui.action_table import DESTINATIONS, actions_in
from nixtui.tui.actions import Action, Scope
from nixtui.tui.environments import header_environments
from nixtui.tui.paint import EMPTY, Line, Role, Span, line
from nixtui.tui.screens.acting import Acting
from nixtui.tui.session import Session
from nixtui.tui.widgets.frame import ArmedStrip, Bearings, Footer, Header, KeyHint, NoticeLine
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.prompt import Prompt, Question
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.tui.app import NixtuiApp

TOO_SMALL: tuple[Line, ...] = (
    EMPTY,
    line(("  nixtui needs a terminal of at least 60 × 15.", Role.STRONG)),
    line(("  Make it larger, or use the command line:", Role.MUTED)),
    line(("  nixtui status", Role.KEY)),
)


PROMPT_KEYS = (
    KeyHint("", "enter", "keep", 1),
    KeyHint("", "esc", "leave", 2),
    KeyHint("", "tab", "complete", 3),
    KeyHint("", "↑↓", "earlier", 4),
    KeyHint("", "ctrl+r", "search earlier", 5),
)


class Blank(Horizontal):
    """Panes side by side. Has nothing of its own to draw, and says so: that saves a frame 1 ms."""

    BLANK = True


class Place(Acting):
    """A screen with a frame. Subclasses give `scopes`, `here`, `body()` and what their actions do."""

    BLANK = True

    scopes: ClassVar[tuple[Scope, ...]] = (Scope.LISTS, Scope.EVERYWHERE)
    here: ClassVar[str] = ""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._header, self._footer = Header(), Footer()
        self._notice_line, self._prompt = NoticeLine(), Prompt(session.histories)
        self._armed = ArmedStrip()

    def compose(self) -> ComposeResult:
        """The frame, with the body in it."""
        yield self._header
        yield from self.body()
        yield self._armed
        yield self._notice_line
        yield self._prompt
        yield self._footer
        yield Lines(TOO_SMALL, id="too-small")

    def body(self) -> ComposeResult:
        """What the screen is about."""
        raise NotImplementedError

    @property
    def nixtui(self) -> "NixtuiApp":
        """The app, by its own type."""
        return cast("NixtuiApp", self.app)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the line is open, keys are for it, wherever the keyboard went meanwhile."""
        if action == "act" and self._prompt.is_open:
            self._prompt.take_keyboard()
            return False
        return super().check_action(action, parameters)

    # What the app tells a screen

    def fleet_changed(self, changes: Changes) -> None:
        """Hosts changed, came or went."""

    def tick(self, now: float) -> None:  # noqa: ARG002 - for those that show ages
        """A second went by while this screen was in front."""
        self.refresh_frame()

    def show_notice(self) -> None:
        """The last message, above the keys."""
        notice = self.session.notice
        self._notice_line.show([(Span(" "), *notice.line) if notice else EMPTY])

    # The frame

    def on_screen_resume(self) -> None:
        """The screen is in front again: what it shows may be old."""
        self.refresh_frame()
        self.show_notice()

    def on_resize(self) -> None:
        """Header and footer are fitted to the width."""
        self.call_after_refresh(self.refresh_frame)

    def refresh_frame(self) -> None:
        """Header and footer as they should be now; costs nothing on the wire when nothing changed."""
        self._header.tell(self._bearings())
        self._armed.tell(self.session.armed.now(), self.session.cockpit.clock())
        self._footer.tell(*self._keys())

    def _keys(self) -> tuple[tuple[KeyHint, ...], str]:
        """What works now, or what works while somebody types."""
        if self._prompt.is_open:
            return PROMPT_KEYS, ""
        return self.key_hints(), self.here

    def _bearings(self) -> Bearings:
        cockpit = self.session.cockpit
        counts = cockpit.fleet.counts
        return Bearings(
            fleet=cockpit.fleet_name,
            environments=header_environments(self.environment, self.session.environments, cockpit.policy),
            seen=sum(number for state, number in counts.states.items() if state.is_answering),
            known=counts.known,
            problems=counts.problems,
            operations=sum(each.is_running for each in cockpit.operations.begun()),
            read_only=cockpit.policy.read_only,
            paused=self.is_paused,
            trail=self.nixtui.trail(self),
            now=cockpit.clock(),
            terse=self.session.terse,
            login_ends=cockpit.fleet.login_ends,
        )

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What this screen adds to where one is: its title, after the host it is about if there is one."""
        title = next((each.title for each in DESTINATIONS if each.id == self.here), "")
        return (title,) if title else ()

    @property
    def environment(self) -> str | None:
        """The one environment this screen is about, if it is about one."""
        return None

    @property
    def is_paused(self) -> bool:
        """True while the display is held still."""
        return False

    # Actions

    def perform(self, action: Action[Any]) -> None:
        """Do it, or say why not; what works may be different afterwards."""
        self.nixtui.garbage.touch(monotonic())
        if self.table is not None and action not in actions_in(Scope.EVERYWHERE):  # help and the like choose no row
            self.table.stay_on_top(False)
        super().perform(action)
        self.refresh_frame()

    @property
    def table(self) -> Table[Any] | None:
        """The list that the list keys move in."""
        return None

    def move(self, rows: int) -> None:
        """Move the cursor of the list."""
        if self.table is not None:
            self.table.move(rows)

    def move_pages(self, pages: float) -> None:
        """Move the cursor by a share of a page."""
        if self.table is not None:
            self.table.move_pages(pages)

    def to_end(self, *, first: bool) -> None:
        """Move the cursor to either end."""
        if self.table is not None and self.table.order:
            self.table.go_to(self.table.order[0 if first else -1])

    def visit(self, place: str) -> None:
        """Go to another screen."""
        self.nixtui.visit(place)

    def last_view(self) -> None:
        """Go where one came from."""
        self.nixtui.visit_last()

    def back(self) -> None:
        """One step back: the message first, then whatever the screen has to undo, then where one came from."""
        if self.nixtui.departure.is_waiting:
            self.nixtui.departure.stay()
        elif self.session.notice is not None:
            self.session.dismiss_notice()
        else:
            self.step_back()

    def step_back(self) -> None:
        """Undo what the screen was told, or leave it."""
        self.nixtui.leave(self)

    def help(self) -> None:
        """The keys of this screen."""
        opening.keys(self)

    def palette(self) -> None:
        """Every action by name, and every host."""
        opening.palette(self)

    def next_theme(self) -> None:
        """Another set of colours."""
        self.nixtui.next_theme()

    def open_notice(self) -> None:
        """The last message with all it has to say."""
        opening.notice(self, self.session.notice or next(iter(reversed(self.session.notices)), None))

    def quit(self) -> None:
        """Leave the app."""
        self.nixtui.leave_app()

    # Typing

    def ask(self, question: Question) -> None:
        """Open the line one types in."""
        self._notice_line.display = False
        self._prompt.ask(question)
        self.refresh_frame()

    def stop_asking(self) -> None:
        """Close it and give the keyboard back to the list."""
        self._prompt.close()
        self._notice_line.display = True
        if self.table is not None:
            self.set_focus(self.table)  # now: the next keys are on their way, and are not for the line any more
        self.refresh_frame()

    def command(self) -> None:
        """The `:` line."""
        opening.command(self)
