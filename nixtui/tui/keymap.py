"""A user's own keys (`[keys]` of the configuration): how they are written, and what would be wrong with them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import NamedTuple

from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from nixtui.tui.action_table import ACTIONS, actions_in
from nixtui.tui.actions import Scope, key_named, key_shown

_DIALOGS = frozenset({Scope.PLAN, Scope.ROLLBACK})
_MODIFIED = re.compile(r"((?:ctrl|alt|shift|super)\+)*(?P<key>.+)")
_NAMES = frozenset(each.value for each in Keys) | frozenset(f"f{number}" for number in range(1, 25))


class Trouble(NamedTuple):
    """What is wrong with one entry, and what to do about it."""

    action: str
    reason: str
    remedy: str


def in_textual(keys: str) -> str:
    """Keys as people write them (`R`, `?`, `esc`, `ctrl+space`, several with commas) as Textual calls them."""
    return ",".join(_name(key.strip()) for key in keys.split(",")) if keys != "," else "comma"


def _name(key: str) -> str:
    key = key_named(key)
    if len(key) != 1 or key.isalnum():
        return key
    name = unicodedata.name(key, "").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """`[keys]` as the app takes it. Whatever somebody does to `quit`, ctrl+c leaves as well."""
    found = {action: in_textual(each) for action, each in keys.items()}
    if "quit" in found and "ctrl+c" not in found["quit"].split(","):
        found["quit"] += ",ctrl+c"
    return found


def troubles(keys: Mapping[str, str]) -> list[Trouble]:
    """Everything that makes `[keys]` unusable: actions and keys there are not, and keys that would mean two things."""
    known = {action.id for actions in ACTIONS.values() for action in actions}
    found = [*_unknown(keys, known), *(trouble for action, each in keys.items() for trouble in _unusable(action, each))]
    return found or list(dict.fromkeys(_clashes(keymap(keys))))


def _unknown(keys: Mapping[str, str], known: set[str]) -> Iterator[Trouble]:
    for action in keys:
        if action not in known:
            near = get_close_matches(action, known, n=3, cutoff=0.5)
            remedy = f"did you mean {' or '.join(near)}?" if near else "the palette (ctrl+p) has every action"
            yield Trouble(action, "there is no such action", remedy)


def _unusable(action: str, keys: str) -> Iterator[Trouble]:
    if not all(_is_key(key) for key in in_textual(keys).split(",")):
        yield Trouble(action, f'"{keys}" is no key', 'write for example "R", "f6", "ctrl+g" or "x,delete"')


def _is_key(key: str) -> bool:
    match = _MODIFIED.fullmatch(key)
    return match is not None and (len(match["key"]) == 1 or match["key"] in _NAMES or _is_sign(match["key"]))


def _is_sign(name: str) -> bool:
    """True for the name of a sign (`question_mark`), as Textual calls signs."""
    original = {short: long for long, short in KEY_NAME_REPLACEMENTS.items()}.get(name, name)
    for spelled in (original.replace("_", " "), original.replace("_", "-")):
        with suppress(KeyError):
            return bool(unicodedata.lookup(spelled.upper()))
    return False


def _clashes(keys: Mapping[str, str]) -> Iterator[Trouble]:
    for scope in Scope:
        if scope in (Scope.LISTS, Scope.EVERYWHERE):
            continue
        beside = (Scope.PLAN,) if scope in _DIALOGS else (Scope.LISTS, Scope.EVERYWHERE)
        taken: dict[str, str] = {}
        for action in actions_in(*dict.fromkeys((scope, *beside))):
            for key in in_textual(keys.get(action.id, action.key)).split(","):
                other = taken.setdefault(key, action.id)
                if other != action.id and (action.id in keys or other in keys):
                    own, kept = (other, action.id) if other in keys else (action.id, other)
                    reason = f'"{key_shown(key)}" is also {kept} ({scope.value})'
                    yield Trouble(own, reason, f'give that another key too, as in {kept} = "f9"')
