"""From what a host says about itself to one word and one reason."""

from typing import Final

from nixtui.model.status import HostFacts, HostState

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
    reason = _units(facts) or _systemd(facts) or _disks(facts)
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


def _disks(facts: HostFacts) -> str | None:
    full = next((disk.mount for disk in facts.disks or () if disk.available == 0 and disk.used > 0), None)
    return None if full is None else f"{full} is full"
