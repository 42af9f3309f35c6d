"""How far a deploy came with a host."""

from enum import StrEnum


class Phase(StrEnum):
    """The values are part of the JSON and of the journal. `profile` and `keys` say nothing about the system: they are
    the activation of a profile beside it, and putting secrets on the host.
    """

    PREFLIGHT = "preflight"
    COPY = "copy"
    ACTIVATION = "activation"
    PROFILE = "profile"
    KEYS = "keys"
