"""What the screens remember between runs, as a value with a version.

Remembered is how one likes to look: order, groups, columns, panel, theme, what was typed. Not remembered is what hides
hosts by name or place (a filter, an environment, closed groups): at three in the morning a list that leaves out hosts
because of something typed last week is a lie. The filter is one key away, in the history of `/`. Only problems is
remembered, because it hides nothing that needs anybody, stands in the title, and is said at the start.
"""

import msgspec

VERSION = 1

KEPT = 50
"""Entries of each history."""

_LONGEST = 500


class BadMemory(ValueError):
    """What was kept cannot be used; the message says why. `is_newer` when another nixtui may still want it."""

    def __init__(self, reason: str, *, is_newer: bool = False) -> None:
        super().__init__(reason)
        self.is_newer = is_newer


class Remembered(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All of it. `panel` is `None` where the width decides, `theme` where the configuration or the default does.

    `last_place` is the screen that `-` goes to first. `histories` has what was typed, oldest first, by what was asked.
    """

    version: int = VERSION
    sort: str = "state"
    descending: bool = False
    grouping: str | None = None
    wide: bool = False
    panel: bool | None = None
    only_problems: bool = False
    theme: str | None = None
    last_place: str | None = None
    histories: dict[str, list[str]] = {}


class _Versioned(msgspec.Struct):
    version: int


def encode(remembered: Remembered) -> bytes:
    """As it is kept. The version is always written."""
    fields = msgspec.to_builtins(remembered)
    return msgspec.json.encode({"version": remembered.version, **fields})


def decode(record: bytes) -> Remembered:
    """What was kept. Raises `BadMemory` for whatever is not exactly that."""
    try:
        version = msgspec.json.decode(record, type=_Versioned).version
        if version > VERSION:
            raise BadMemory(f"it was written by a newer nixtui (format {version})", is_newer=True)
        if version < VERSION:
            raise BadMemory(f"it has format {version}, which is not known any more")
        found = msgspec.json.decode(record, type=Remembered)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadMemory("it is damaged") from error
    for asked, kept in found.histories.items():
        found.histories[asked] = [each for each in kept if len(each) <= _LONGEST][-KEPT:]
    return found


def keep_in_history(history: list[str], text: str) -> None:
    """Add what was typed, once, at the end. As in a shell, what begins with a blank is not kept."""
    if not text.strip() or text.startswith(" ") or len(text) > _LONGEST:
        return
    history[:] = [*(each for each in history if each != text), text][-KEPT:]
