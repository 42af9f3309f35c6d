"""The first run without any configuration: what nixtui is, what it found here, and what one may do next."""

from collections.abc import Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from nixtui.tui.actions import Scope, Selection
from nixtui.tui.cockpit.first_run import FirstRun
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.dialog import Choice, Dialog
from nixtui.tui.screens.place import Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.lines import Lines
from nixtui.tui.widgets.pane import Panel

_WIDTH = 92
_NAMES_SHOWN = 8
_NOTHING_YET = "There is no nixtui.toml here, above, or in your configuration directory. No host was contacted yet."
_FLAKES = (
    "With a flake no file is needed: started in its directory, nixtui takes the hosts from its nixosConfigurations."
)


def explained(first: FirstRun, cells: int) -> list[Line]:
    """The page, in lines of at most so many cells."""
    found, cells = first.found, min(cells, _WIDTH)
    flake = f"{found.flake}" if found.flake is not None else f"none in {found.cwd} or above it"
    ssh_hosts = found.ssh_hosts
    ssh = _names(ssh_hosts) if ssh_hosts else "none; patterns such as Host * do not count"
    aws = _names(found.aws_profiles) if found.aws_profiles else "none"
    return [
        *wrap(
            "nixtui watches a fleet of NixOS hosts and takes them back when a deploy goes wrong.", cells, Role.STRONG
        ),
        *wrap(_NOTHING_YET, cells),
        EMPTY,
        line(("What was found", Role.HEAD)),
        *_row("flake", flake, cells),
        *_row("~/.ssh/config", ssh, cells),
        *_row("AWS profiles", aws, cells),
        EMPTY,
        line(("What you can do", Role.HEAD)),
        *_row("w", f"write {first.path}, which is shown to you first; the same as: nixtui init", cells),
        *(
            _row("h", f"look at {_hosts(found.ssh_hosts)} now, read-only; nothing is written", cells)
            if ssh_hosts
            else ()
        ),
        *_row("q", "leave, and try it on an embedded fleet first: nixtui demo", cells),
        EMPTY,
        *wrap(_FLAKES, cells, Role.MUTED),
    ]


def _hosts(names: Sequence[str]) -> str:
    return f"the ssh host {names[0]}" if len(names) == 1 else f"the {len(names)} ssh hosts"


def _row(title: str, text: str, cells: int) -> list[Line]:
    """A title, or a key, and what there is to say of it beside it."""
    wide, role = (4, Role.KEY) if len(title) == 1 else (14, Role.MUTED)
    wrapped = wrap(clean(text), max(20, cells - wide - 2))
    return [line((f"  {title if number == 0 else '':<{wide}}", role), *each) for number, each in enumerate(wrapped)]


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{len(names)}: {', '.join(names[:_NAMES_SHOWN])}{more}"


class FirstRunScreen(Place):
    """Opened on top of the fleet, which is empty as yet."""

    scopes = (Scope.FIRST_RUN, Scope.EVERYWHERE)
    here = "first_run"
    CSS_PATH = "first_run.tcss"
    AUTO_FOCUS = ""  # the only thing that could have it is the line one types in

    def __init__(self, session: Session, first: FirstRun) -> None:
        super().__init__(session)
        self.first = first
        self._page = Panel(id="page")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Nothing is above it."""
        return ("First run",)

    def body(self) -> ComposeResult:
        """One page."""
        yield self._page

    def on_resize(self) -> None:
        """It is wrapped to the width."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self._page.set_title(line(("Welcome", Role.STRONG)))
        self._page.show(explained(self.first, self._page.text_cells))

    def selection(self) -> Selection:
        """The ssh hosts."""
        return Selection(hosts=tuple(self.first.found.ssh_hosts))

    def write_file(self) -> None:
        """Show the file, and write it on yes."""
        self.app.push_screen(Proposal(self.session, self.first), lambda yes: self._write() if yes else None)

    def _write(self) -> None:
        try:
            self.first.write()
        except FileExistsError:
            self.session.say(
                Level.ERROR, f"Not written, as it is there by now and never overwritten: {self.first.path}"
            )
        except OSError as error:
            remedy = "nixtui init --output FILE writes it elsewhere"
            self.session.say(Level.ERROR, f"{self.first.path} cannot be written: {error.strerror}", remedy=remedy)
        else:
            self._to_the_fleet(Level.DONE, f"Wrote {self.first.path}.")

    def watch_ssh_hosts(self) -> None:
        """Look at them, and change nothing."""
        self.first.watch_ssh_hosts()
        count = len(self.first.found.ssh_hosts)
        self._to_the_fleet(Level.INFO, f"Looking at {count} hosts of ~/.ssh/config, read-only. Nothing was written.")

    def _to_the_fleet(self, level: Level, said: str) -> None:
        self.nixtui.visit("fleet")
        self.session.say(level, said)

    def step_back(self) -> None:
        """Esc leads to the empty fleet, which says what to do next."""
        self.nixtui.visit("fleet")


class Proposal(Dialog[bool]):
    """The file as it would be written; no has the focus."""

    def __init__(self, session: Session, first: FirstRun) -> None:
        super().__init__(session)
        self._first = first

    def compose(self) -> ComposeResult:
        """The whole text, and the harmless choice first."""
        with Vertical(classes="dialog") as frame:
            frame.border_title = Content(f"Write {clean(str(self._first.path))}?")
            frame.border_subtitle = Content("pgup pgdn read")
            yield Lines([line(clean(each)) for each in self._first.proposal.splitlines()], id="proposal")
            with Horizontal(classes="choices"):
                yield Choice("Cancel", id="no")
                yield Choice("Write it", id="yes")

    def on_mount(self) -> None:
        """The harmless choice has the focus."""
        self.query_one("#no", Choice).focus()

    def on_resize(self) -> None:
        """The choices stay in sight, however long the file is: frame, padding and choices take eight lines."""
        self.query_one("#proposal", Lines).styles.max_height = max(3, self.size.height - 8)

    def key_pagedown(self) -> None:
        """Read on."""
        self.query_one("#proposal", Lines).scroll_rows(10)

    def key_pageup(self) -> None:
        """Read back."""
        self.query_one("#proposal", Lines).scroll_rows(-10)

    @on(Choice.Chosen)
    def _chosen(self, event: Any) -> None:
        event.stop()
        self.dismiss(event.choice == "yes")
