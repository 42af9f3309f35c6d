"""From what a host says about itself to one word and one reason."""

from typing import Final

from nixtui.model.status import DiskUse, HostFacts, HostState

_SYSTEMD: Final = {
    "initializing": "is still booting",
    "starting": "is still booting",
    "maintenance": "is in rescue or emergency mode",
    "stopping": "is shutting down",
    "unresponsive": "systemd does not answer",
    "degraded": "systemd is degraded",
}
"""systemctl(1), is-system-running; `unresponsive` is the probe's own word for a systemd that runs and says nothing."""


def verdict(facts: HostFacts) -> tuple[HostState, str | None]:
    """How an answering host is, with the one reason that most needs somebody. What is unknown is no reason.

    A reboot that is due, drift and a lock are not degradation: the host does what it was told.
    """
    reason = _units(facts) or _systemd(facts) or disk_trouble(facts)
    return (HostState.UP, None) if reason is None else (HostState.DEGRADED, reason)


def _units(facts: HostFacts) -> str | None:
    match facts.failed_units:
        case None | ():
            return None
        case (unit,):
            return f"{unit} failed"
        case units:
            return f"{len(units)} units failed"


def _systemd(facts: HostFacts) -> str | None:
    return None if facts.systemd_state is None else _SYSTEMD.get(facts.systemd_state)


def disk_trouble(facts: HostFacts) -> str | None:
    """The disks without room, the fullest first: `/boot is full, / is 97% full`."""
    found = sorted((disk for disk in facts.disks or () if disk.is_nearly_full), key=lambda disk: -disk.used_fraction)
    return ", ".join(map(_how_full, found)) or None


def _how_full(disk: DiskUse) -> str:
    return f"{disk.mount} is full" if disk.available == 0 else f"{disk.mount} is {disk.used_fraction:.0%} full"
