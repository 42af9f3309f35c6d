"""What one can do with machine images, and with what lies in the recycle bin: part of the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nixtui.tui import image_acts
from nixtui.tui.actions import Action, may_change_each, may_make, needs_marks, needs_row

if TYPE_CHECKING:
    from nixtui.tui.screens.images import ImagesScreen
    from nixtui.tui.screens.recycle_bin import RecycleBinScreen

_MAY_ACT = may_change_each("image")

# fmt: off
IMAGES: tuple[Action[ImagesScreen], ...] = (
    Action("filter", "/", "filter", lambda on: on.filter(), rank=1, help="words of name, id, region or revision"),
    Action("next_view", "tab", "instances", lambda on: on.turn_view(1), rank=2, help="of EC2, in all regions"),
    Action("previous_view", "shift+tab", "recycle bin", lambda on: on.turn_view(-1), help="what can be had back"),
    Action("owner", "o", "owners", lambda on: on.next_owner(), rank=2, help="own, those of NixOS, of Determinate"),
    Action("compare", "f", "compare", lambda on: on.compare(), needs_row, rank=3,
           help="with what the flake gives now: evaluates it, which takes long"),
    Action("launch", "n", "launch", image_acts.launch, _MAY_ACT, danger=True, rank=3,
           help="an instance from it: type, subnet, key, user data, with the traps said"),
    Action("create", "m", "make", image_acts.create, may_make, danger=True, rank=3,
           help="an image of a host's configuration: built, sent, registered, checked, copied, published"),
    Action("copy_to", "C", "copy to regions", lambda on: on.copy_to_regions(), _MAY_ACT, danger=True, rank=3,
           help="with its tags; twice is one copy"),
    Action("share", "S", "share", lambda on: on.share(), _MAY_ACT, danger=True, rank=4,
           help="with accounts, organisations, or everybody"),
    Action("deprecate", "E", "deprecate", image_acts.deprecate, _MAY_ACT, danger=True, rank=5,
           help="others no longer find it from a time on; what runs is untouched"),
    Action("retire", "D", "retire", image_acts.retire, _MAY_ACT, danger=True, rank=6,
           help="deregister it and delete its snapshots, where nothing uses it"),
    Action("mark", "space", "mark", lambda on: on.mark(), needs_row, rank=7),
    Action("unmark", "u", "unmark all", lambda on: on.unmark(), needs_marks),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), rank=8),
    Action("text_down", "J", "scroll down", lambda on: on.scroll_detail(5)),
    Action("text_up", "K", "scroll up", lambda on: on.scroll_detail(-5)),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy id", lambda on: on.copy(), needs_row),
)

BIN: tuple[Action[RecycleBinScreen], ...] = (
    Action("restore", "R", "restore", lambda on: on.restore(), may_change_each("item"), danger=True, rank=1,
           help="have it back, an image with its snapshots"),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=2, help="words of name, id, region or kind"),
    Action("next_view", "tab", "images", lambda on: on.turn_view(1), rank=3),
    Action("previous_view", "shift+tab", "instances", lambda on: on.turn_view(-1)),
    Action("mark", "space", "mark", lambda on: on.mark(), needs_row, rank=4),
    Action("unmark", "u", "unmark all", lambda on: on.unmark(), needs_marks),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.ask_again(), rank=5),
    Action("text_down", "J", "scroll down", lambda on: on.scroll_detail(5)),
    Action("text_up", "K", "scroll up", lambda on: on.scroll_detail(-5)),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy id", lambda on: on.copy(), needs_row),
)
# fmt: on
