"""Everything a person can do, as one table: bindings, footer, help, palette and read-only mode come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from textual.binding import Binding, BindingType

from nixtui.tui import acting, build_acts, opening
from nixtui.tui.actions import (
    TRY_AGAIN,
    Action,
    Scope,
    can_ask,
    may_change,
    needs_hosts,
    needs_marks,
    needs_one_host,
    needs_row,
    needs_running,
    needs_ssh_hosts,
)
from nixtui.tui.host_actions import HOST_PAGE
from nixtui.tui.image_actions import BIN, IMAGES
from nixtui.tui.instance_actions import CONSOLE, INSTANCES
from nixtui.tui.secret_actions import HOST_SECRETS, SECRET_HISTORY, SECRET_MERGE, SECRETS

if TYPE_CHECKING:
    from nixtui.tui.screens.activity import ActivityScreen
    from nixtui.tui.screens.answers import AnswersScreen
    from nixtui.tui.screens.builds import BuildsScreen
    from nixtui.tui.screens.confirming import Confirming
    from nixtui.tui.screens.first_run import FirstRunScreen
    from nixtui.tui.screens.fleet import FleetScreen
    from nixtui.tui.screens.generations import GenerationsScreen
    from nixtui.tui.screens.incident import IncidentScreen
    from nixtui.tui.screens.logs import LogsScreen
    from nixtui.tui.screens.message_list import MessagesScreen
    from nixtui.tui.screens.message_page import MessagePage
    from nixtui.tui.screens.place import Place
    from nixtui.tui.screens.progress import ProgressScreen
    from nixtui.tui.screens.rollback import RollbackDialog


class Destination(msgspec.Struct, frozen=True):
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


def _load_builds() -> type[Place]:
    from nixtui.tui.screens.builds import BuildsScreen

    return BuildsScreen


def _load_images() -> type[Place]:
    from nixtui.tui.screens.images import ImagesScreen

    return ImagesScreen


def _load_instances() -> type[Place]:
    from nixtui.tui.screens.instances import InstancesScreen

    return InstancesScreen


def _load_bin() -> type[Place]:
    from nixtui.tui.screens.recycle_bin import RecycleBinScreen

    return RecycleBinScreen


def _load_secrets() -> type[Place]:
    from nixtui.tui.screens.secrets import SecretsScreen

    return SecretsScreen


def _load_logs() -> type[Place]:
    from nixtui.tui.screens.logs import LogsScreen

    return LogsScreen


def _load_activity() -> type[Place]:
    from nixtui.tui.screens.activity import ActivityScreen

    return ActivityScreen


def _load_incident() -> type[Place]:
    from nixtui.tui.screens.incident import IncidentScreen

    return IncidentScreen


def _load_messages() -> type[Place]:
    from nixtui.tui.screens.message_list import MessagesScreen

    return MessagesScreen


DESTINATIONS = (
    Destination("fleet", "1", "Fleet", _load_fleet),
    Destination("generations", "2", "Generations", _load_generations),
    Destination("builds", "3", "Builds", _load_builds),
    Destination("images", "4", "Images", _load_images),
    Destination("secrets", "5", "Secrets", _load_secrets),
    Destination("logs", "6", "Logs", _load_logs),
    Destination("activity", "7", "Activity", _load_activity),
)

VIEWS = (
    Destination("instances", "", "Instances", _load_instances),
    Destination("bin", "", "Recycle bin", _load_bin),
    Destination("incident", "", "Incident timeline", _load_incident),
    Destination("messages", "", "Messages", _load_messages),
)
"""Places without a number of their own: views of Images and of Activity."""


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
    Action("host_page", "i", "host page", lambda on: on.open_host_page(), needs_hosts, rank=7,
           help="units, timers, backups, store and journal of the host"),
    Action("mark", "space", "mark", lambda on: on.table.mark_cursor(), needs_row, rank=4,
           help="the host, or all of a group on its heading"),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=5, help="web, is:failed, tag:role=web, !env:prod"),
    Action("problems", "z", "problems", lambda on: on.toggle_problems(), rank=6, help="only hosts one should look at"),
    Action("run", "x", "run", acting.ask_command, may_change, danger=True, rank=7,
           help="a command on the marked hosts; equal answers are put together"),
    Action("shell", "s", "shell", acting.shell, needs_hosts, rank=7, help="the real ssh; exit comes back"),
    Action("reboot", "b", "reboot", acting.reboot, may_change, danger=True, rank=9,
           help="in waves, and see each come back"),
    Action("deploy", "d", "deploy", build_acts.deploy, may_change, danger=True, rank=3,
           help="what the flake says now: built, compared, copied, activated under the guard"),
    Action("build", "B", "build", build_acts.build, needs_hosts, rank=9,
           help="the systems of the selected hosts, from the flake; changes no host"),
    Action("break_lock", "L", "break lock", acting.break_lock, may_change, danger=True,
           help="end an operation that somebody left; its host goes back"),
    Action("logs", "l", "logs", lambda on: on.logs(), needs_hosts, rank=7, help="their journals, merged and followed"),
    Action("secrets", "e", "secrets", lambda on: opening.secrets(on.nixtui, on.selection().hosts), needs_hosts,
           help="the files that the host reads"),
    Action("mark_all", "ctrl+a", "mark all shown", lambda on: on.table.mark_all(), needs_row),
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
    Action("go_to_generation", "r", "roll back to it", lambda on: on.roll_back(), may_change, danger=True, rank=1,
           help="every host of the row that has it"),
    Action("compare_from", "space", "compare from", lambda on: on.mark(), needs_row, rank=2,
           help="the diff begins here instead of at what runs, on this host or another"),
    Action("preview", "p", "preview", lambda on: on.preview(), needs_row, rank=3,
           help="what going there would stop, start and restart"),
    Action("matrix", "m", "side by side", lambda on: on.toggle_matrix(), needs_hosts, rank=4,
           help="all chosen hosts, or one of them"),
    Action("next_host", "],right", "next host", lambda on: on.turn(1), needs_hosts, rank=10),
    Action("previous_host", "[,left", "previous host", lambda on: on.turn(-1), needs_hosts, rank=11),
    Action("undo", "U", "undo", lambda on: on.undo(), may_change, danger=True, rank=5,
           help="back to what ran before the last operation"),
    Action("test_only", "T", "test", lambda on: on.test_only(), may_change, danger=True, rank=6,
           help="run it until the next reboot, under the guard"),
    Action("boot_only", "B", "boot next", lambda on: on.boot_only(), may_change, danger=True, rank=7,
           help="profile and boot entry only; what runs stays"),
    Action("choose_target", "R", "target", lambda on: on.choose_target(), may_change, danger=True,
           help="roll back to a number, @14:00, @2h, rev:98fe21c"),
    Action("delete_old", "D", "delete old", lambda on: on.delete_old(), may_change, danger=True, rank=8,
           help="keep a number, or what is young; never what matters"),
    Action("pin", "P", "pin", lambda on: on.toggle_pin(), may_change, danger=True, rank=9,
           help="keep the system whatever is cleared up, or no longer"),
    Action("unit_logs", "l", "unit logs", lambda on: on.unit_logs(), needs_row,
           help="the journal of just the units that differ"),
    Action("diff_down", "J", "scroll diff down", lambda on: on.scroll_diff(5)),
    Action("diff_up", "K", "scroll diff up", lambda on: on.scroll_diff(-5)),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), needs_hosts, rank=12),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_row),
    Action("copy", "c", "copy path", lambda on: on.copy(), needs_row),
)

_ACTIVITY: tuple[Action[ActivityScreen], ...] = (
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=1),
    Action("next_view", "tab", "incident timeline", lambda on: on.turn_view(1), rank=2, help="what changed, and when"),
    Action("previous_view", "shift+tab", "view before", lambda on: on.turn_view(-1)),
    Action("messages", "m", "messages", lambda on: on.visit("messages"), rank=3, help="everything nixtui told you"),
    Action("refresh", "ctrl+r", "read again", lambda on: on.reload(), rank=4),
    Action("copy", "c", "copy as Markdown", lambda on: on.copy(), needs_row, rank=5),
    Action("detail_down", "J", "scroll detail down", lambda on: on.scroll_detail(5)),
    Action("detail_up", "K", "scroll detail up", lambda on: on.scroll_detail(-5)),
)

_INCIDENT: tuple[Action[IncidentScreen], ...] = (
    Action("roll_back_before", "R", "back to before", lambda on: on.back_to_before(), may_change, danger=True, rank=1,
           help="propose what each host ran before this switch"),
    Action("ask_moment", "@,t", "what before?", lambda on: on.ask_moment(), rank=2, help="what changed before 03:12?"),
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=3,
           help="the operation it was part of, or the generations of its hosts"),
    Action("next_view", "tab", "messages", lambda on: on.turn_view(1), rank=9, help="the next view of Activity"),
    Action("previous_view", "shift+tab", "operations", lambda on: on.turn_view(-1)),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=5, help="tag:role=web, env:prod, nginx, ops-2"),
    Action("kinds", "f", "kinds", lambda on: on.choose_kinds(), rank=6, help="switches, reboots, units, operations"),
    Action("window", "w", "how far back", lambda on: on.choose_window(), rank=8, help="6 hours to 7 days"),
    Action("all_hosts", "a", "all hosts", lambda on: on.toggle_scope(), help="or only those the fleet is limited to"),
    Action("diff", "D", "what changed", lambda on: on.diff(), needs_row, help="the packages of a switch in a sentence"),
    Action("messages", "m", "messages", lambda on: on.visit("messages"), help="everything nixtui told you"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), rank=7),
    Action("copy", "c", "copy as Markdown", lambda on: on.copy(), rank=4, help="the whole incident, for a ticket"),
    Action("detail_down", "J", "scroll detail down", lambda on: on.scroll_detail(5)),
    Action("detail_up", "K", "scroll detail up", lambda on: on.scroll_detail(-5)),
)

_MESSAGES: tuple[Action[MessagesScreen], ...] = (
    Action("open", "enter", "in full", lambda on: on.open(), needs_row, rank=1),
    Action("next_view", "tab", "operations", lambda on: on.turn_view(1), rank=2, help="the next view of Activity"),
    Action("previous_view", "shift+tab", "incident timeline", lambda on: on.turn_view(-1)),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_row, rank=3, help="all it has to say"),
    Action("detail_down", "J", "scroll message down", lambda on: on.scroll_detail(5)),
    Action("detail_up", "K", "scroll message up", lambda on: on.scroll_detail(-5)),
)

_MESSAGE: tuple[Action[MessagePage], ...] = (
    Action("copy", "c", "copy", lambda on: on.copy(), rank=1, help="all it has to say"),
    Action("text_down", "j,J,down,pagedown", "scroll down", lambda on: on.scroll_text(5), rank=2),
    Action("text_up", "k,K,up,pageup", "scroll up", lambda on: on.scroll_text(-5), rank=3),
)

_FIRST_RUN: tuple[Action[FirstRunScreen], ...] = (
    Action("write_configuration", "w", "write nixtui.toml", lambda on: on.write_file(), rank=1,
           help="shows the text first; an existing file is never overwritten"),
    Action("watch_ssh_hosts", "h", "look at ssh hosts", lambda on: on.watch_ssh_hosts(), needs_ssh_hosts, rank=2,
           help="read-only, for this session; writes nothing"),
)

_LOGS: tuple[Action[LogsScreen], ...] = (
    Action("search", "/", "search", lambda on: on.search(), rank=1, help="small letters find capitals, too"),
    Action("found_next", "n", "next", lambda on: on.find(later=True), rank=3, help="the next line with the text"),
    Action("found_before", "N", "before", lambda on: on.find(later=False), rank=3, help="the line before with it"),
    Action("follow", "f", "follow", lambda on: on.toggle_follow(), rank=2, help="stay at the newest line, or here"),
    Action("pause", "p", "pause", lambda on: on.pause(), rank=8, help="hold still; journals are followed on"),
    Action("units", "u", "unit", lambda on: on.ask_units(), needs_hosts, rank=3, help="lines of some units only"),
    Action("priority", "P", "priority", lambda on: on.ask_priority(), needs_hosts, rank=5, help="errors, warnings, …"),
    Action("since", "t", "since", lambda on: on.ask_since(), needs_hosts, rank=6, help="10m, 2h, 03:00"),
    Action("open", "enter", "record", lambda on: on.open(), needs_row, rank=7, help="the line with all its fields"),
    Action("wrap", "w", "wrap", lambda on: on.toggle_wrap(), rank=9, help="long lines over several rows"),
    Action("times", "T", "times", lambda on: on.next_times(), rank=10, help="UTC, local, age, none"),
    Action("next_host", "]", "one host", lambda on: on.turn(1), needs_hosts, rank=11, help="each alone, then all"),
    Action("previous_host", "[", "host before", lambda on: on.turn(-1), needs_hosts),
    Action("choose_host", "h", "choose a host", lambda on: on.choose_host(), needs_hosts),
    Action("mark", "m", "mark", lambda on: on.mark(), needs_hosts, rank=12, help="a line across, to find this again"),
    Action("save", "ctrl+s", "save", lambda on: on.save(), needs_row, rank=13, help="what is shown, to a new file"),
    Action("left", "left", "left", lambda on: on.move_sideways(-1)),
    Action("right", "right", "right", lambda on: on.move_sideways(1), help="see the end of long lines"),
    Action("refresh", "ctrl+r", "try again", lambda on: on.ask_again(), needs_hosts, help="connect lost hosts now"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_hosts),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_row, help="the line, or all lines that were found"),
)

_BUILDS: tuple[Action[BuildsScreen], ...] = (
    Action("cancel", "X", "stop", lambda on: on.cancel(), needs_running, danger=True, rank=1,
           help="stop nix and its builders; what was built is kept"),
    Action("search", "/", "search log", lambda on: on.search(), needs_row, rank=2, help="small letters find capitals"),
    Action("found_next", "n", "next", lambda on: on.find(later=True), needs_row, rank=7, help="line with the text"),
    Action("found_before", "N", "before", lambda on: on.find(later=False), needs_row, rank=7, help="the line before"),
    Action("follow", "f", "follow", lambda on: on.toggle_follow(), rank=5, help="stay at the newest line, or here"),
    Action("open", "enter", "log alone", lambda on: on.open(), needs_row, rank=3, help="the log over the whole width"),
    Action("retry", "F", "try again", lambda on: on.retry(), needs_hosts, rank=6, help="only what was not built"),
    Action("history", "h", "builds", lambda on: on.choose_build(), rank=4, help="those that run, and earlier ones"),
    Action("verdict", "v", "verdict", lambda on: on.toggle_verdict(), rank=6, help="every failure with its extract"),
    Action("everything", "z", "all", lambda on: on.toggle_everything(), rank=8, help="also what is built and waits"),
    Action("wrap", "w", "wrap", lambda on: on.toggle_wrap(), rank=9, help="long lines over several rows"),
    Action("save", "ctrl+s", "save", lambda on: on.save(), needs_row, rank=10, help="the whole log, to a new file"),
    Action("left", "left", "left", lambda on: on.move_sideways(-1)),
    Action("right", "right", "right", lambda on: on.move_sideways(1), help="see the end of long lines"),
    Action("log_down", "J", "scroll log down", lambda on: on.scroll_log(5)),
    Action("log_up", "K", "scroll log up", lambda on: on.scroll_log(-5), help="the whole log is at hand"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_hosts),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_row, rank=11, help="the new hash, or the end of the log"),
)

_PROGRESS: tuple[Action[ProgressScreen], ...] = (
    Action("cancel", "X", "stop", lambda on: on.cancel(), needs_running, danger=True, rank=1,
           help="stop, and put in order what was begun"),
    Action("pause", "p", "pause", lambda on: on.pause(), needs_running, rank=2,
           help="begin no further host until it is pressed again; what was begun goes on"),
    Action("try_again", "F", "try again", lambda on: on.try_again(), can_ask(TRY_AGAIN), danger=True, rank=2,
           help="propose it again for the hosts that did not get there"),
    Action("undo", "U", "undo", lambda on: on.undo(), may_change, danger=True, rank=2, help="propose the way back"),
    Action("confirm", "Y", "confirm", lambda on: acting.request(on, "confirm by hand"), can_ask("confirm by hand"),
           danger=True, rank=2, help="make it last now, without what is still waited for"),
    Action("go_back", "B", "back now", lambda on: acting.request(on, "go back now"), can_ask("go back now"),
           danger=True, rank=2, help="take this host back at once; the others go on"),
    Action("extend", "E", "extend", lambda on: acting.request(on, "extend the time"), can_ask("extend the time"),
           rank=2, help="wait once more as long before it goes back by itself"),
    Action("leave", "enter", "leave", lambda on: on.back(), rank=3, help="what runs goes on"),
    Action("commands", "C", "commands", lambda on: on.toggle_commands(), rank=4, help="exactly what is run"),
    Action("log_down", "J", "scroll output down", lambda on: on.scroll_log(5)),
    Action("log_up", "K", "scroll output up", lambda on: on.scroll_log(-5)),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy as Markdown", lambda on: on.copy(), rank=5),
)

_ANSWERS: tuple[Action[AnswersScreen], ...] = (
    Action("hosts", "h", "hosts", lambda on: on.toggle_hosts(), rank=1, help="one by one, or equal answers together"),
)

_ROLLBACK: tuple[Action[RollbackDialog], ...] = (
    Action("packages", "p", "all packages", lambda on: on.toggle("packages"), needs_one_host, rank=2),
    Action("same", "m", "same for others", lambda on: on.widen(), rank=3, help="all hosts on the same revision"),
)

_PLAN: tuple[Action[Confirming], ...] = (
    Action("commands", "c", "commands", lambda on: on.toggle("commands"), rank=1, help="exactly what is run"),
    Action("commands_too", "C", "commands", lambda on: on.toggle("commands"),
           help="the same, where c begins what has to be typed"),
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
    Scope.HOST: HOST_PAGE,
    Scope.BUILDS: _BUILDS,
    Scope.IMAGES: IMAGES,
    Scope.INSTANCES: INSTANCES,
    Scope.BIN: BIN,
    Scope.CONSOLE: CONSOLE,
    Scope.SECRETS: SECRETS,
    Scope.VERSIONS: SECRET_HISTORY,
    Scope.MERGE: SECRET_MERGE,
    Scope.HOST_SECRETS: HOST_SECRETS,
    Scope.LOGS: _LOGS,
    Scope.ACTIVITY: _ACTIVITY,
    Scope.INCIDENT: _INCIDENT,
    Scope.MESSAGES: _MESSAGES,
    Scope.MESSAGE: _MESSAGE,
    Scope.PROGRESS: _PROGRESS,
    Scope.ANSWERS: _ANSWERS,
    Scope.ROLLBACK: _ROLLBACK,
    Scope.PLAN: _PLAN,
    Scope.FIRST_RUN: _FIRST_RUN,
    Scope.LISTS: _LISTS,
    Scope.EVERYWHERE: _EVERYWHERE,
}


def actions_in(*scopes: Scope) -> tuple[Action[Any], ...]:
    """The actions of these scopes, the first scope's first."""
    return tuple(action for scope in scopes for action in ACTIONS[scope])


def bindings_for(*scopes: Scope) -> list[BindingType]:
    """The bindings of a screen; their ids are what a user's key map names.

    Actions that cannot work now stay bound: pressing one says why. They have priority because only those are done
    before the next key is handed out: otherwise what is typed fast, or pasted, after `:` would still go to the list.
    """
    return [
        Binding(each.key, f"act('{each.id}')", each.title, id=each.id, show=False, priority=True)
        for each in actions_in(*scopes)
    ]
