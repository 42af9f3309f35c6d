"""The app: owns the terminal, brings news to the screen in front, and opens what screens ask for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from time import monotonic
from typing import ClassVar, TypeVar

from nixtui.fleet.state import Changes
from nixtui.tui import acting, build_acts, opening
from nixtui.tui.action_table import DESTINATIONS, VIEWS, Destination, actions_in
from nixtui.tui.cockpit import Cockpit
from nixtui.tui.commands import (
    BuildOn,
    Command,
    DeployFrom,
    Do,
    FilterBy,
    GoToHost,
    GroupBy,
    LogIn,
    OpenHost,
    OpenShell,
    ProposeTyped,
    Quit,
    RebootHosts,
    RollBackTo,
    RunCommand,
    ShowEnvironment,
    SortBy,
    UseTheme,
    Visit,
    Vocabulary,
    WhatBefore,
)
from nixtui.tui.crash import crash_report
from nixtui.tui.departure import Departure
from nixtui.tui.garbage import Garbage
from nixtui.tui.groups import groupings
from nixtui.tui.memory import Remembered
from nixtui.tui.notices import Level
from nixtui.tui.private_app import PrivateApp
from nixtui.tui.remembering import Remembering
from nixtui.tui.screens.fleet import FleetScreen
from nixtui.tui.screens.place import Place
from nixtui.tui.session import Session
from nixtui.tui.theme.house import DARK, PLAIN, fitted, theme_called, theme_words, themes

T = TypeVar("T")

PAINT_AFTER_S = 0.1
"""News is gathered this long before it is painted: ten frames a second is as much as anybody can read."""

PAINT_TERSELY_AFTER_S = 0.5
"""The same on a link where every byte is felt."""

LEAVE_WITHIN_S = 1.0
"""So long the last writing may take when somebody wants to go."""

_WIDTHS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (160, "-wide")]
_HEIGHTS = [(0, "-flat"), (15, "-tall")]


class NixtuiApp(PrivateApp):
    """The cockpit on a terminal. Whoever starts it gives its facade, and says how the terminal wants to be treated."""

    TITLE = "nixtui"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        Path(__file__).with_name("app.tcss"),
        Path(__file__).with_name("screens") / "fleet.tcss",  # else everything is parsed anew when its screen is opened
    ]
    ENABLE_COMMAND_PALETTE = False
    DEFAULT_MODE = "fleet"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(
        self,
        cockpit: Cockpit,
        *,
        theme: str | None = None,
        no_color: bool = False,
        terse: bool = False,
        pace: float | None = None,
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(ansi_color=True if no_color else None)
        self.animation_level = "none"
        self.session = Session(cockpit, terse=terse, keymap=keymap or {})
        self.session.told = self._told
        for each in themes():
            self.register_theme(each)
        self.theme = PLAIN if no_color else theme or DARK
        self.stylesheet.set_variables(self.get_css_variables())
        self._is_shown = False
        self._theme_is_given = no_color or theme is not None
        self._pace = pace or (PAINT_TERSELY_AFTER_S if terse else PAINT_AFTER_S)
        for destination in (*DESTINATIONS, *VIEWS):
            self.add_mode(destination.id, partial(self._open, destination))
        self.garbage = Garbage()
        self.departure = Departure(self)
        self._came_from = "fleet"
        self._fleet: FleetScreen | None = None
        self._painting = False
        self._noted: set[str] = set()
        self._remembering = Remembering(cockpit.memory, self._look, partial(self.session.say, Level.INFO))

    def _open(self, destination: Destination) -> Place:
        place = destination.load()(self.session)
        if isinstance(place, FleetScreen):
            self._fleet = place
        return place

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The house's own variables, for themes that do not have them."""
        return fitted(self.current_theme)

    def refresh_css(self, animate: bool = True) -> None:
        """Parse the style sheets anew, but not before the first frame as well: nothing has changed until then."""
        if self._is_shown:
            super().refresh_css(animate)

    def on_mount(self) -> None:
        """Begin to listen, and to tick."""
        self.garbage.touch(monotonic())
        self.set_keymap(dict(self.session.keymap))
        self._feed = self.session.cockpit.fleet.subscribe(self._wake)
        self.call_later(self._catch_up)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._begin)
        if self.session.cockpit.first_run is not None:
            self.call_after_refresh(opening.first_run, self, self.session.cockpit.first_run)

    def _catch_up(self) -> None:
        """Whatever came between the first screen and the subscription is news as well."""
        if (place := self.place) is not None and place.is_mounted:
            place.fleet_changed(Changes(frozenset(self.session.cockpit.fleet.names()), membership=True))

    async def on_unmount(self) -> None:
        """Keep how the screens look; a state directory that does not answer is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await self._remembering.keep()

    # What is remembered

    def _begin(self) -> None:
        """The first frame waited for nothing of this."""
        self._is_shown = True
        self.garbage.begin()
        self.session.cockpit.begin()
        self.run_worker(self._restore(), group="memory", exit_on_error=False)

    async def _restore(self) -> None:
        if (found := await self._remembering.recall()) is None:
            return
        for asked, kept in found.histories.items():
            self.session.histories.setdefault(asked, []).extend(kept)
        if found.theme in self.available_themes and not self._theme_is_given:
            self.theme = str(found.theme)
        if found.last_place in {each.id for each in DESTINATIONS} and self._came_from == "fleet":
            self._came_from = str(found.last_place)
        self.fleet_screen.restore(found)

    def _look(self) -> Remembered:
        """How it looks now; when the app is left its screens are gone before it is, so the fleet's is held."""
        looked = self._fleet.look() if self._fleet is not None else Remembered()
        looked.theme = None if self._theme_is_given else self.theme
        looked.last_place = self.current_mode if self.current_mode != "fleet" else self._came_from
        looked.histories = self.session.histories
        return looked

    # News

    @property
    def place(self) -> Place | None:
        """The screen in front, unless it is a dialog: then the place under it."""
        return next((each for each in reversed(self.screen_stack) if isinstance(each, Place)), None)

    def _wake(self) -> None:
        """Called from whatever task knows more; the rest happens in the app's own, which timers need."""
        if not self._painting:
            self._painting = True
            self.call_later(self._paint_soon)

    def _paint_soon(self) -> None:
        self.set_timer(self._pace, self._paint)

    def _paint(self) -> None:
        place = self.place
        if place is None or not place.is_mounted:  # nobody there to hear it yet, so it waits in the feed
            self._paint_soon()
            return
        self._painting = False
        place.fleet_changed(self._feed.take())
        place.refresh_frame()

    def _tick(self) -> None:
        if (place := self.place) is not None and place.is_mounted:
            place.tick(self.session.cockpit.clock())
        self._say_notes()
        self.departure.tick()
        self.session.expire_notice(self.session.cockpit.clock())
        self.garbage.tick(monotonic())
        if self._remembering.is_news:
            self.run_worker(self._remembering.keep(), group="memory", exit_on_error=False)

    def _say_notes(self) -> None:
        """What happened without being asked for: sources that failed, how an operation ended that was cut off."""
        for note in self.session.cockpit.notes:
            if note not in self._noted:
                self._noted.add(note)
                self.session.say(Level.WARNING, note)

    def _told(self) -> None:
        if (place := self.place) is not None:
            place.show_notice()

    # Going about

    def delay_update(self, delay: float = 0.001) -> None:
        """Show another screen at once: Textual waits 50 ms to hide a half-built one, ours are built when shown."""
        super().delay_update(delay)

    def visit(self, place: str) -> None:
        """Go to a screen of the table of destinations, also from one that was opened on top of it."""
        if place != self.current_mode:
            self._came_from = self.current_mode
            self.switch_mode(place)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def visit_last(self) -> None:
        """Go back to where one came from."""
        self.visit(self._came_from)

    def trail(self, place: Place) -> tuple[str, ...]:
        """Where a screen is, from the fleet on: `esc` goes back along it."""
        start = () if place.here == "fleet" and len(self.screen_stack) == 1 else ("Fleet",)
        below = self.screen_stack[: self.screen_stack.index(place)] if place in self.screen_stack else ()
        opened = [crumb for each in (*below, place) if isinstance(each, Place) for crumb in each.crumbs]
        return tuple(dict.fromkeys((*start, *opened)))

    def leave(self, place: Place) -> None:
        """Close a screen that was opened on top of another; from a destination, go to the fleet."""
        if len(self.screen_stack) > 1 and self.screen is place:
            self.pop_screen()
        else:
            self.visit("fleet")

    def leave_app(self) -> None:
        """Quit, after asking when something still runs, or would be lost."""
        if names := self.session.unsaved():
            meaning = f"Edits of {', '.join(names)} are not saved, and are nowhere but in this nixtui."
            opening.question(self, "Leave without saving?", meaning, "Leave", self.departure.ask)
        else:
            self.departure.ask()

    async def action_quit(self) -> None:
        """Textual's own key for quitting, from any screen and dialog: asks like any other."""
        self.leave_app()

    def action_help_quit(self) -> None:
        """Ctrl-C where it is no key of the screen, as in a dialog."""
        self.leave_app()

    async def aside(self, work: Callable[[], Awaitable[T]], say: str) -> T:
        """Give the terminal to somebody else while `work` goes on; nothing is painted meanwhile, everything else runs.

        Raises `SuspendNotSupported` where the terminal cannot be given away.
        """
        with self.batch_update(), self.suspend():
            print(say, end="", flush=True)
            return await work()

    def vocabulary(self) -> Vocabulary:
        """What the command line can complete."""
        cockpit, place = self.session.cockpit, self.place
        actions = actions_in(*place.scopes) if place is not None else ()
        return Vocabulary(
            [each.id for each in (*DESTINATIONS, *VIEWS)],
            cockpit.fleet.names(),
            self.session.environments,
            [each.id for each in self.fleet_screen.table.columns if each.sort],
            [each.id for each in groupings(cockpit.fleet)],
            theme_words(),
            [each.id for each in actions],
            cockpit.typed.commands,
            cockpit.typed.options,
        )

    def obey(self, command: Command, place: Place) -> None:
        """Do what was typed."""
        match command:
            case Visit(where):
                self.visit(where)
            case GoToHost(name):
                self.visit("fleet")
                self.fleet_screen.go_to_host(name)
            case OpenHost(name):
                opening.host_page(self, name)
            case RollBackTo(target):
                opening.rollback_if_allowed(self, place.selection(), target)
            case RunCommand(text):
                if names := acting.allowed(place, "run"):
                    acting.run(place, names, text)
            case RebootHosts():
                if names := acting.allowed(place, "reboot"):
                    acting.propose_reboot(place, names)
            case BuildOn(where):
                if names := acting.allowed(place, "build"):
                    build_acts.propose(place, names, on=where)
            case DeployFrom(where):
                if names := acting.allowed(place, "deploy"):
                    build_acts.propose_deploy(place, names, on=where)
            case ProposeTyped(words, text):
                opening.typed(place, words, text)
            case OpenShell():
                acting.shell(place)
            case LogIn(profile):
                acting.log_in(place, profile)
            case WhatBefore(moment):
                self.visit("incident")
                opening.what_changed_before(self, moment)
            case ShowEnvironment(name):
                self.visit("fleet")
                self.fleet_screen.show_environment(name)
            case SortBy(column):
                self.visit("fleet")
                self.fleet_screen.sort_by(column)
            case GroupBy(name):
                self.visit("fleet")
                self.fleet_screen.group_by(name)
            case FilterBy(selector):
                self.visit("fleet")
                self.fleet_screen.filter_hosts(selector)
            case UseTheme(word):
                self.theme = theme_called(word) or self.theme
            case Do(action):
                place.action_act(action)
            case Quit():
                self.leave_app()

    @property
    def fleet_screen(self) -> FleetScreen:
        """The first of all screens."""
        screen = self.get_screen_stack("fleet")[0]
        assert isinstance(screen, FleetScreen)
        return screen

    def next_theme(self) -> None:
        """The next of the house's themes."""
        names = [each.name for each in themes()]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        self.session.say(Level.INFO, f"Theme {self.theme}.")

    def copy(self, text: str, what: str) -> None:
        """To the clipboard of the terminal (OSC 52), which also works over SSH."""
        is_refused = self.session.exposure.is_any
        self.copy_to_clipboard(text)
        if not is_refused:
            self.session.say(Level.INFO, f"Copied {what}: {text.splitlines()[0] if text else ''}")

    def ask_secret(self, question: str, answered: Callable[[str | None], None]) -> None:
        """A password or passphrase that a host wants, whatever screen is in front."""
        opening.secret(self, question, answered)

    # When nixtui itself breaks

    def _fatal_error(self) -> None:
        """Print where it broke, without any variable's value, and leave."""
        error = self._exception
        if error is not None:
            self._exit_renderables.append(crash_report(error))
        self._close_messages_no_wait()
