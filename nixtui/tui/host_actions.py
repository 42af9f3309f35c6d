"""What can be done on the page of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nixtui.tui.actions import Action, Selection, may_change, needs_hosts, needs_row

if TYPE_CHECKING:
    from nixtui.tui.screens.host_page import HostPage


def needs_unit(selection: Selection) -> str | None:
    """A unit has to be under the cursor, where changes are allowed."""
    return may_change(selection) or is_unit(selection)


def is_unit(selection: Selection) -> str | None:
    """A unit has to be under the cursor."""
    return None if selection.row and "." in selection.row else "no unit is selected; the Units tab has them"


# fmt: off
HOST_PAGE: tuple[Action[HostPage], ...] = (
    Action("next_tab", "tab,]", "next tab", lambda on: on.turn(1), rank=1),
    Action("previous_tab", "shift+tab,[", "previous tab", lambda on: on.turn(-1)),
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=2,
           help="the unit with its last lines; a timer's unit; a generation's screen"),
    Action("unit_restart", "t", "restart", lambda on: on.change_unit("restart"), needs_unit, danger=True, rank=3,
           help="the unit; watched, and told with its last lines if it fails"),
    Action("unit_start", "a", "start", lambda on: on.change_unit("start"), needs_unit, danger=True, rank=4),
    Action("unit_stop", "X", "stop", lambda on: on.change_unit("stop"), needs_unit, danger=True, rank=5),
    Action("collect", "D", "collect garbage", lambda on: on.collect(), may_change, danger=True, rank=6,
           help="old generations and what nothing needs; shows first what goes, stays and is freed"),
    Action("optimise", "O", "optimise store", lambda on: on.work_on_store("optimise"), may_change, danger=True),
    Action("verify", "V", "verify store", lambda on: on.work_on_store("verify"), may_change, danger=True,
           help="compare every path with its hash"),
    Action("repair", "P", "repair store", lambda on: on.work_on_store("verify", repair=True), may_change, danger=True,
           help="verify, and fetch broken paths again"),
    Action("weigh", "m", "measure garbage", lambda on: on.weigh(), needs_hosts,
           help="on the Store tab: how much a collection would free"),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=7, help="units and timers by any part of their text"),
    Action("roll_back", "r", "roll back", lambda on: on.roll_back(), may_change, danger=True, rank=8),
    Action("choose_target", "R", "target", lambda on: on.choose_target(), may_change, danger=True),
    Action("logs", "l", "logs", lambda on: on.open_logs(), needs_hosts, help="of the unit, or of the host"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), needs_hosts, rank=9),
    Action("by_agent", "A", "by SSM agent", lambda on: on.go_by_agent(), needs_hosts,
           help="reach an instance by SSM Run Command, as root, where SSH does not; again: by SSH"),
    Action("text_down", "J", "scroll text down", lambda on: on.scroll_text(5)),
    Action("text_up", "K", "scroll text up", lambda on: on.scroll_text(-5)),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command(), needs_hosts),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_hosts, help="the name under the cursor, or the text"),
)
# fmt: on
