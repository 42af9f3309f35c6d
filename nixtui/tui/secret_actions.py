"""The actions of the Secrets screen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nixtui.tui.actions import Action, Selection, WhyDisabled, can_ask, needs_row

if TYPE_CHECKING:
    from nixtui.tui.screens.secret_history import SecretHistoryScreen
    from nixtui.tui.screens.secret_merge import SecretMergeScreen
    from nixtui.tui.screens.secrets import SecretsScreen
    from nixtui.tui.screens.secrets_on_hosts import SecretsOnHostsScreen


def _later(module: str, name: str) -> Callable[[SecretsScreen], None]:
    """An act that is imported when it is done: all there is about secrets takes 50 ms, and the first frame waits."""

    def act(on: SecretsScreen) -> None:
        _imported(module, name)(on)

    return act


def _soon(module: str, name: str, doing: str) -> Callable[[SecretsScreen], None]:
    """As `_later`, for what asks files and programs."""
    return lambda on: on.perform_soon(_imported(module, name), doing=doing)


def _imported(module: str, name: str) -> Any:
    return getattr(import_module(f"nixtui.tui.{module}"), name)


def may(request: str) -> WhyDisabled:
    """Changes have to be allowed here, and this one has to be possible for the file under the cursor."""
    possible = can_ask(request)
    return lambda selection: selection.forbidden or possible(selection)


def decided(selection: Selection) -> str | None:
    """Every conflict has to be decided, where changes are allowed."""
    return selection.forbidden or selection.refusals.get("write")


def needs_marked_files(selection: Selection) -> str | None:
    """A file has to be marked."""
    return None if selection.marked else "no file is marked; space marks one"


# fmt: off
SECRETS: tuple[Action[SecretsScreen], ...] = (
    Action("open", "enter", "open", lambda on: on.open(), needs_row, rank=1,
           help="the keys of the file; of a key its value in the editor"),
    Action("reveal", "v", "reveal", _soon("secret_acts", "reveal", "Revealing"), can_ask("reveal"),
           rank=2, help="one value, for ten seconds; anything hides it"),
    Action("edit", "e", "edit", _soon("secret_acts", "edit", "Opening the value"), may("edit"),
           rank=3, help="one line or several, hidden as one types; saved by ctrl+s"),
    Action("add", "a", "add", _later("secret_acts", "add"), may("add"), rank=5, help="a key that is not there yet"),
    Action("delete", "D", "delete", _later("secret_acts", "delete"), may("delete"), rank=6,
           help="the key goes when it is saved"),
    Action("generate", "n", "new value", _later("secret_making", "generate"), may("generate"), rank=13,
           help="a password, a key pair, a hash: made here, typed by nobody"),
    Action("rename", "N", "rename", _later("secret_making", "rename"), may("rename"),
           help="the key, with the value it has"),
    Action("history", "h", "history", _soon("secret_making", "show_history", "Reading git"),
           can_ask("history"), rank=14, help="which commit changed which key, without values"),
    Action("merge", "m", "merge", _soon("secret_making", "show_merge", "Reading the merge"),
           may("merge"), rank=15, help="a file with git's conflict markers, key by key"),
    Action("save", "ctrl+s", "save", _later("secret_acts", "save"), may("save"), danger=True, rank=4,
           help="all edits of the file as one change; shows which keys first"),
    Action("undo", "U", "undo", _later("secret_acts", "undo"), may("undo"), danger=True, rank=7,
           help="the last edit; then what was saved, after asking"),
    Action("redo", "ctrl+y", "redo", _later("secret_acts", "redo"), can_ask("redo"),
           help="the edit that was taken back last"),
    Action("recipients", "tab", "recipients", lambda on: on.turn_view(), rank=8,
           help="files × people and hosts: who reads what, and who should"),
    Action("update_keys", "u", "update keys", _later("secret_acts", "update_keys"), may("recipients"),
           danger=True, rank=9,
           help="bring recipients of the marked files to their rules"),
    Action("rotate", "R", "rotate", _later("secret_acts", "rotate"), may("recipients"), danger=True, rank=10,
           help="new data keys for the marked files"),
    Action("create", "C", "new file", _later("secret_creating", "create"), lambda selection: selection.forbidden,
           danger=True, help="encrypted by the rule that is for its place; its first key and value are asked for"),
    Action("reencrypt", "E", "encrypt anew", _later("secret_acts", "reencrypt"), may("recipients"), danger=True,
           help="by the rule as it is now: which values, which threshold"),
    Action("on_hosts", "d", "on hosts", _later("secret_members", "on_hosts"), rank=16,
           help="what hosts declare, what files have, what is on them: equality without values"),
    Action("add_host", "A", "add host", _later("secret_members", "add_host"), may("recipients"), danger=True,
           help="let a host of the fleet read the marked files: rules and files"),
    Action("offboard", "O", "offboard", _later("secret_members", "offboard"), may("recipients"), danger=True,
           help="take somebody out of all rules and files, with new data keys"),
    Action("filter", "/", "filter", lambda on: on.filter(), rank=11, help="files, or keys of the file"),
    Action("problems", "z", "problems", lambda on: on.toggle_problems(), rank=12,
           help="only files that cannot be read or differ from their rule"),
    Action("mark", "space", "mark", lambda on: on.mark(), needs_row, help="the file, for update keys and rotate"),
    Action("unmark", "M", "unmark all", lambda on: on.unmark(), needs_marked_files),
    Action("right", "right", "to the keys", lambda on: on.shift(1), help="or recipients that do not fit"),
    Action("left", "left", "to the files", lambda on: on.shift(-1)),
    Action("about_down", "J", "scroll below down", lambda on: on.scroll_about(3)),
    Action("about_up", "K", "scroll below up", lambda on: on.scroll_about(-3)),
    Action("refresh", "ctrl+r", "look again", lambda on: on.look(), help="read all files and rules anew"),
    Action("copy_value", "Y", "copy value", _soon("secret_acts", "copy_value", "Copying"),
           can_ask("copy value"), help="only where the configuration allows it; cleared afterwards"),
    Action("copy_command", "y", "copy as command", _later("secret_acts", "copy_command"), needs_row),
    Action("copy", "c", "copy name", _later("secret_acts", "copy_name"), needs_row,
           help="of the key or the file, never a value"),
)

SECRET_HISTORY: tuple[Action[SecretHistoryScreen], ...] = (
    Action("copy", "c", "copy commit", lambda on: on.copy(), needs_row, rank=1),
    Action("detail_down", "J", "scroll detail down", lambda on: on.scroll_detail(3)),
    Action("detail_up", "K", "scroll detail up", lambda on: on.scroll_detail(-3)),
)

HOST_SECRETS: tuple[Action[SecretsOnHostsScreen], ...] = (
    Action("problems", "z", "problems", lambda on: on.toggle_problems(), rank=1, help="only what is wrong or unknown"),
    Action("refresh", "ctrl+r", "ask again", lambda on: on.look(), rank=2),
    Action("copy_command", "y", "copy as command", lambda on: on.copy_command()),
    Action("copy", "c", "copy", lambda on: on.copy(), needs_row, rank=3),
)

SECRET_MERGE: tuple[Action[SecretMergeScreen], ...] = (
    Action("take_ours", "o", "take ours", lambda on: on.take_ours(), needs_row, rank=1),
    Action("take_theirs", "t", "take theirs", lambda on: on.take_theirs(), needs_row, rank=2),
    Action("save", "ctrl+s", "write", lambda on: on.save(), decided, danger=True, rank=3,
           help="the merged file in the place of the one with markers; shows what is taken first"),
)
# fmt: on
