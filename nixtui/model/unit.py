"""Units of systemd as a host tells them."""

import re

import msgspec

_NAME = re.compile(
    r"[A-Za-z0-9:_.\\@-]{1,200}\.(?:service|socket|timer|mount|automount|path|swap|target|slice|scope)\Z"
)
"""systemd.unit(5): "ASCII letters, digits, ":", "-", "_", ".", and "\\"", an "@" for instances, 255 at most."""


class BadUnitName(ValueError):
    """The text names no unit; the message says why."""


def unit_name(text: str) -> str:
    """The full name of a unit: `nginx` is `nginx.service`, as for systemctl. Raises `BadUnitName`."""
    full = text if "." in text else f"{text}.service"
    if not _NAME.match(full):
        raise BadUnitName(f'"{text}" is no name of a unit, such as nginx.service or logrotate.timer')
    return full


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One loaded unit. `active` and `sub` are systemd's own words. In a list, `since` (Unix seconds, the host's clock),
    `result` and what follows are known of units in trouble only.
    """

    name: str
    load: str
    active: str
    sub: str
    description: str = ""
    result: str | None = None
    since: float | None = None
    exit_status: int | None = None
    restarts: int | None = None

    @property
    def is_failed(self) -> bool:
        """It failed, or systemd keeps starting it again."""
        return self.active == "failed" or self.sub == "auto-restart"

    @property
    def is_changing(self) -> bool:
        """Systemd is at it."""
        return self.active in ("activating", "deactivating", "reloading") and not self.is_failed


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """All units of a host, failed ones first. `clock` is the host's when it was asked (Unix seconds)."""

    items: tuple[Unit, ...]
    clock: float

    @property
    def failed(self) -> tuple[Unit, ...]:
        """Those that need somebody."""
        return tuple(each for each in self.items if each.is_failed)


class UnitDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One unit with what systemd knows of it, and the last lines of its journal.

    `stops_with` are units that a stop or restart takes along, `started_by` those that start it again by themselves.
    `memory` is bytes, `cpu_s` seconds of processor. `None` is unknown.
    """

    unit: Unit
    clock: float
    enabled: str | None = None
    path: str | None = None
    kind: str | None = None
    restart: str | None = None
    main_pid: int | None = None
    memory: int | None = None
    tasks: int | None = None
    cpu_s: float | None = None
    can_start: bool = True
    can_stop: bool = True
    stops_with: tuple[str, ...] = ()
    started_by: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """The host has a unit of that name."""
        return self.unit.load not in ("not-found", "bad-setting", "error", "masked")
