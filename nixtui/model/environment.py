"""How careful one must be where: the `[environments.*]` of the configuration, as a value."""

from enum import StrEnum

import msgspec


class Confirmation(StrEnum):
    """What it takes to say yes: a key press, or typing the host's name (or the number of hosts)."""

    KEY = "key"
    TYPE = "type"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment's policy. `colour` is a theme word for its badge; the name is always shown beside it."""

    name: str
    match: str
    confirm: Confirmation = Confirmation.KEY
    read_only: bool = False
    allow_yes: bool = True
    ask_reason: bool = False
    colour: str | None = None
