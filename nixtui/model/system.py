"""A host's system, evaluated and perhaps not yet built."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """What a host is to run: the derivation that `installable` evaluates to.

    `out_path` is `None` where only the build tells it (a content-addressed derivation).
    """

    host: str
    installable: str
    drv_path: str
    out_path: str | None
