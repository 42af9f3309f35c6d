"""What is asked of a deploy: how far to go, and with what exceptions."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Action(StrEnum):
    """How far to go: live under the guard and to stay, from the next boot on, live until the next boot, only copying
    and asking what would change, or only building and comparing.
    """

    SWITCH = "switch"
    BOOT = "boot"
    TEST = "test"
    DRY_ACTIVATE = "dry-activate"
    BUILD = "build"

    @property
    def is_live(self) -> bool:
        """The new system runs at once, under the guard."""
        return self in (Action.SWITCH, Action.TEST)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: the action, and which specialisation of the system runs, if one.

    `quarantined` are systems that failed before, with the reason; they are left out unless `force_quarantined`.
    """

    action: Action = Action.SWITCH
    specialisation: str | None = None
    quarantined: Mapping[str, str] = {}
    force_quarantined: bool = False
