"""How far a deploy came with a host."""

from enum import StrEnum


class Phase(StrEnum):
    """The values are part of the JSON and of the journal. `profile` is an activation that says nothing about the
    system: that of a profile beside it.
    """

    PREFLIGHT = "preflight"
    COPY = "copy"
    ACTIVATION = "activation"
    PROFILE = "profile"
