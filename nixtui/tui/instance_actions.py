"""What can be done on the Instances view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nixtui.tui import instance_acts as acts
from nixtui.tui.actions import Action, Selection, WhyDisabled, may_change_each, needs_marks, needs_row

if TYPE_CHECKING:
    from nixtui.tui.screens.console import ConsoleScreen
    from nixtui.tui.screens.instances import InstancesScreen


may_act = may_change_each("instance")


def can(what: str) -> WhyDisabled:
    """As `may_act`, and nothing may stand against it for the instance under the cursor."""
    return lambda selection: may_act(selection) or selection.refusals.get(what)


def knows(what: str) -> WhyDisabled:
    """Something has to be known of the instance under the cursor."""
    return lambda selection: needs_row(selection) or selection.refusals.get(what)


def needs_text(selection: Selection) -> str | None:
    """There has to be an output."""
    return None if selection.row else "there is no output"


# fmt: off
INSTANCES: tuple[Action[InstancesScreen], ...] = (
    Action("filter", "/", "filter", lambda on: on.filter(), rank=1,
           help="words of anything that names it: web, stopped, t3, env=prod, drift, event, !staging"),
    Action("next_view", "tab", "recycle bin", lambda on: on.turn_view(1), rank=9, help="the next view of this screen"),
    Action("previous_view", "shift+tab", "images", lambda on: on.turn_view(-1)),
    Action("open", "enter,i", "its host", lambda on: on.open_host(), knows("host"), rank=2,
           help="the page of the host that the instance is"),
    Action("doors", "s", "connect", acts.choose_door, knows("doors"), rank=3,
           help="a session by one of the ways in; of others the command is copied; the pane has the reason for each"),
    Action("console_output", "l", "console", acts.open_console, needs_row, rank=3,
           help="what the instance wrote on its console, as EC2 has it"),
    Action("recover", "f", "recover", acts.recover, needs_row, rank=8,
           help="what gets it back when configuration, access or store broke: step by step, the mildest first"),
    Action("problems", "z", "problems", lambda on: on.toggle_problems(), rank=4,
           help="stopped, impaired, with an event, or with another image behind them"),
    Action("reboot", "b", "reboot", partial(acts.act, word="reboot"), may_act, danger=True, rank=5,
           help="by EC2, not by its own system"),
    Action("start", "a", "start", partial(acts.act, word="start"), may_act, danger=True, rank=8),
    Action("stop", "X", "stop", partial(acts.act, word="stop"), may_act, danger=True, rank=6,
           help="says what its group would make of it"),
    Action("terminate", "D", "terminate", partial(acts.act, word="terminate"), may_act, danger=True, rank=7,
           help="it and its root volume are gone"),
    Action("launch", "n", "launch", acts.launch_like, can("launch"), danger=True, rank=7,
           help="one more from the same image; any other image has the same key"),
    Action("roll", "R", "roll group", acts.roll, can("roll"), danger=True, rank=6,
           help="its auto scaling group onto an image: verdict on going back, checkpoints, alarms"),
    Action("end_roll", "E", "end roll", acts.end_roll, can("end roll"), danger=True, rank=8,
           help="the instance refresh that runs: take it back, or stop it where it is"),
    Action("replace_root", "v", "replace root", acts.replace_root, may_act, danger=True, rank=8,
           help="the disk of another image in the running instance; the command is typed as in a shell"),
    Action("mark", "space", "mark", lambda on: on.mark(), needs_row, rank=8),
    Action("unmark", "u", "unmark all", lambda on: on.unmark(), needs_marks),
    Action("sort", "S", "sort", lambda on: on.choose_sort(), rank=8, help="by a column; the same again: reverse"),
    Action("wide", "w", "wide", lambda on: on.toggle_wide(), help="all columns"),
    Action("columns_left", "left", "columns left", lambda on: on.shift(-1), help="while all columns are shown"),
    Action("columns_right", "right", "columns right", lambda on: on.shift(1), help="while all columns are shown"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), rank=9),
    Action("text_down", "J", "scroll down", lambda on: on.scroll_detail(5)),
    Action("text_up", "K", "scroll up", lambda on: on.scroll_detail(-5)),
    Action("console", "o", "console link", acts.copy_console_link, needs_row,
           help="copies its address in the AWS console"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy id", lambda on: on.copy(), needs_row),
)

CONSOLE: tuple[Action[ConsoleScreen], ...] = (
    Action("search", "/", "search", lambda on: on.search(), needs_text, rank=1, help="small letters find capitals"),
    Action("found_next", "n", "next", lambda on: on.find(later=True), needs_text, rank=3, help="line with the text"),
    Action("found_before", "N", "before", lambda on: on.find(later=False), needs_text, rank=4, help="the line before"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), rank=2,
           help="the newest output, which is there on Nitro; else that of the last change of state"),
    Action("wrap", "w", "wrap", lambda on: on.toggle_wrap(), rank=5, help="long lines over several rows"),
    Action("left", "left", "left", lambda on: on.move_sideways(-1)),
    Action("right", "right", "right", lambda on: on.move_sideways(1), help="see the end of long lines"),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_text, rank=6, help="all of it, with when it is of"),
)
# fmt: on
