"""Everything a person can do, as one table: bindings, footer, help, palette and read-only mode come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType

from nixtui.tui.actions import (
    Action,
    Scope,
    may_change,
    needs_hosts,
    needs_marks,
    needs_one_host,
    needs_row,
    needs_running,
)

if TYPE_CHECKING:
    from nixtui.tui.screens.activity import ActivityScreen
    from nixtui.tui.screens.confirming import Confirming
    from nixtui.tui.screens.fleet import FleetScreen
    from nixtui.tui.screens.generations import GenerationsScreen
    from nixtui.tui.screens.place import Place
    from nixtui.tui.screens.progress import ProgressScreen
    from nixtui.tui.screens.rollback import RollbackDialog


@dataclass(frozen=True, slots=True)
class Destination:
    """A screen with a number key. One entry here is all a new screen needs; it is imported when first visited."""

    id: str
    key: str
    title: str
    load: Callable[[], type[Place]]


def _load_fleet() -> type[Place]:
    from nixtui.tui.screens.fleet import FleetScreen

    return FleetScreen


def _load_generations() -> type[Place]:
    from nixtui.tui.screens.generations import GenerationsScreen

    return GenerationsScreen


def _load_activity() -> type[Place]:
    from nixtui.tui.screens.activity import ActivityScreen

    return ActivityScreen


DESTINATIONS = (
    Destination("fleet", "1", "Fleet", _load_fleet),
    Destination("generations", "2", "Generations", _load_generations),
    Destination("activity", "7", "Activity", _load_activity),
)


def _visit(place: str) -> Callable[[Place], None]:
    return lambda on: on.visit(place)


# fmt: off
_EVERYWHERE: tuple[Action[Place], ...] = (
    *(Action(f"go_{to.id}", to.key, f"{to.title} screen", _visit(to.id)) for to in DESTINATIONS),
    Action("help", "?", "help", lambda on: on.help(), rank=98, help="the keys of this screen; Enter presses one"),
    Action("palette", "ctrl+p", "every action", lambda on: on.palette(), help="search every action by name"),
    Action("command", ":", "command", lambda on: on.command(), rank=97, help="type a command, tab completes"),
    Action("last_view", "-", "last view", lambda on: on.last_view()),
    Action("back", "escape", "back", lambda on: on.back(), help="the message, the filter, then the screen"),
    Action("theme", "ctrl+t", "next theme", lambda on: on.next_theme(), help="dark, light, high contrast, plain"),
    Action("detail", "!", "message in full", lambda on: on.open_notice(), help="all the last message has to say"),
    Action("quit", "q,ctrl+c", "quit", lambda on: on.quit()),
)

_LISTS: tuple[Action[Place], ...] = (
    Action("down", "j,down", "down", lambda on: on.move(1)),
    Action("up", "k,up", "up", lambda on: on.move(-1)),
    Action("top", "g,home", "first row", lambda on: on.to_end(first=True)),
    Action("bottom", "G,end", "last row", lambda on: on.to_end(first=False)),
    Action("half_down", "ctrl+d", "half a page down", lambda on: on.move_pages(0.5)),
    Action("half_up", "ctrl+u", "half a page up", lambda on: on.move_pages(-0.5)),
    Action("page_down", "pagedown,ctrl+f", "page down", lambda on: on.move_pages(1)),
    Action("page_up", "pageup,ctrl+b", "page up", lambda on: on.move_pages(-1)),
)

_FLEET: tuple[Action[FleetScreen], ...] = (
    Action("roll_back", "r", "roll back", lambda on: on.roll_back(), may_change, danger=True, rank=1,
           help="to the generation before; shows everything first"),
    Action("choose_target", "R", "target", lambda on: on.choose_target(), may_change, danger=True, rank=2,
           help="roll back to a number, @14:00, @2h, rev:98fe21c"),
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=3, help="the generations of the host"),
    Action("mark", "space", "mark", lambda on: on.table.mark_cursor(), needs_row, rank=4,
           help="the host, or all of a group on its heading"),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=5, help="web, is:failed, tag:role=web, !env:prod"),
    Action("problems", "z", "problems", lambda on: on.toggle_problems(), rank=6, help="only hosts one should look at"),
    Action("mark_all", "ctrl+a", "mark all shown", lambda on: on.table.mark_all(), needs_hosts),
    Action("mark_range", "ctrl+@,ctrl+space", "mark a range", lambda on: on.table.mark_range(), needs_hosts,
           help="from the last mark to here"),
    Action("unmark", "u", "unmark all", lambda on: on.table.unmark(), needs_marks),
    Action("sort", "S", "sort", lambda on: on.choose_sort(), rank=8, help="by a column; the same again: reverse"),
    Action("group", "t", "group", lambda on: on.choose_grouping(), rank=8, help="by tag, environment, revision"),
    Action("wide", "w", "wide", lambda on: on.toggle_wide(), help="all columns"),
    Action("columns_left", "left", "columns left", lambda on: on.shift(-1), help="while all columns are shown"),
    Action("columns_right", "right", "columns right", lambda on: on.shift(1), help="while all columns are shown"),
    Action("panel", "v", "panel", lambda on: on.toggle_panel(), rank=9, help="the selected host at the side"),
    Action("pause", "p", "pause", lambda on: on.pause(), rank=10, help="hold still; hosts are watched on"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), needs_hosts, help="ask the hosts now"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_hosts),
    Action("copy", "c", "copy names", lambda on: on.copy(), needs_hosts),
)

_GENERATIONS: tuple[Action[GenerationsScreen], ...] = (
    Action("go_to_generation", "r", "roll back to it", lambda on: on.roll_back(), may_change, danger=True, rank=1),
    Action("compare_from", "space", "compare from", lambda on: on.mark(), needs_row, rank=2,
           help="the diff begins here instead of at what runs"),
    Action("next_host", "]", "next host", lambda on: on.turn(1), needs_hosts, rank=5),
    Action("previous_host", "[", "previous host", lambda on: on.turn(-1), needs_hosts, rank=6),
    Action("diff_down", "J", "scroll diff down", lambda on: on.scroll_diff(5)),
    Action("diff_up", "K", "scroll diff up", lambda on: on.scroll_diff(-5)),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), needs_hosts, rank=7),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_row),
    Action("copy", "c", "copy path", lambda on: on.copy(), needs_row),
)

_ACTIVITY: tuple[Action[ActivityScreen], ...] = (
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=1),
    Action("messages", "m", "messages", lambda on: on.toggle_messages(), rank=2, help="everything nixtui told you"),
    Action("refresh", "ctrl+r", "read again", lambda on: on.reload(), rank=3),
    Action("copy", "c", "copy as Markdown", lambda on: on.copy(), needs_row, rank=4),
)

_PROGRESS: tuple[Action[ProgressScreen], ...] = (
    Action("cancel", "X", "stop", lambda on: on.cancel(), needs_running, danger=True, rank=1,
           help="stop, and put in order what was begun"),
    Action("undo", "U", "undo", lambda on: on.undo(), may_change, danger=True, rank=2, help="propose the way back"),
    Action("leave", "enter", "leave", lambda on: on.back(), rank=3, help="what runs goes on"),
    Action("commands", "C", "commands", lambda on: on.toggle_commands(), rank=4, help="exactly what is run"),
    Action("log_down", "J", "scroll output down", lambda on: on.scroll_log(5)),
    Action("log_up", "K", "scroll output up", lambda on: on.scroll_log(-5)),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy as Markdown", lambda on: on.copy(), rank=5),
)

_ROLLBACK: tuple[Action[RollbackDialog], ...] = (
    Action("packages", "p", "all packages", lambda on: on.toggle("packages"), needs_one_host, rank=2),
    Action("same", "m", "same for others", lambda on: on.widen(), rank=3, help="all hosts on the same revision"),
)

_PLAN: tuple[Action[Confirming], ...] = (
    Action("commands", "c", "commands", lambda on: on.toggle("commands"), rank=1, help="exactly what is run"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), rank=4),
    Action("row_down", "j", "next host", lambda on: on.move(1)),
    Action("row_up", "k", "previous host", lambda on: on.move(-1)),
    Action("text_down", "J,pagedown", "scroll down", lambda on: on.scroll_text(5)),
    Action("text_up", "K,pageup", "scroll up", lambda on: on.scroll_text(-5)),
)
# fmt: on

ACTIONS: Mapping[Scope, Sequence[Action[Any]]] = {
    Scope.FLEET: _FLEET,
    Scope.GENERATIONS: _GENERATIONS,
    Scope.ACTIVITY: _ACTIVITY,
    Scope.PROGRESS: _PROGRESS,
    Scope.ROLLBACK: _ROLLBACK,
    Scope.PLAN: _PLAN,
    Scope.LISTS: _LISTS,
    Scope.EVERYWHERE: _EVERYWHERE,
}


def actions_in(*scopes: Scope) -> tuple[Action[Any], ...]:
    """The actions of these scopes, the first scope's first."""
    return tuple(action for scope in scopes for action in ACTIONS[scope])


def bindings_for(*scopes: Scope) -> list[BindingType]:
    """The bindings of a screen; their ids are what a user's key map names.

    Actions that cannot work now stay bound: pressing one says why.
    """
    return [Binding(each.key, f"act('{each.id}')", each.title, id=each.id, show=False) for each in actions_in(*scopes)]
