"""One word and one reason for an answering host."""

import pytest

from nixtui.fleet.verdict import verdict
from nixtui.model.status import ActivationLock, DiskUse, HostFacts, HostState

FULL_BOOT = (DiskUse("/", 50, 50), DiskUse("/boot", 100, 0))


@pytest.mark.parametrize(
    "facts",
    [
        HostFacts(),
        HostFacts(systemd_state="running", failed_units=()),
        HostFacts(systemd_state="a state of the future"),
        HostFacts(disks=(DiskUse("/", 0, 0), DiskUse("/boot", 94, 6))),
        HostFacts(reboot_needed=True, reboot_reason="systemd"),
        HostFacts(lock=ActivationLock("8f2a", "ops-2", 1.0), leftovers=("77aa",)),
        HostFacts(current_system="a", profile_system="b"),
    ],
)
def test_a_host_that_does_what_it_was_told_is_up(facts: HostFacts) -> None:
    assert verdict(facts) == (HostState.UP, None)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (HostFacts(failed_units=("nginx.service",), systemd_state="degraded"), "nginx.service failed"),
        (HostFacts(failed_units=("a.service", "b.timer", "c.mount"), disks=FULL_BOOT), "3 units failed"),
        (HostFacts(systemd_state="degraded"), "systemd is degraded"),
        (HostFacts(systemd_state="unresponsive"), "systemd does not answer"),
        (HostFacts(systemd_state="starting", failed_units=()), "is still booting"),
        (HostFacts(systemd_state="stopping"), "is shutting down"),
        (HostFacts(systemd_state="maintenance"), "is in rescue or emergency mode"),
        (HostFacts(systemd_state="running", disks=FULL_BOOT), "/boot is full"),
        (HostFacts(disks=(DiskUse("/", 95, 5), DiskUse("/boot", 10, 90))), "/ is 95% full"),
        (HostFacts(disks=(DiskUse("/", 95, 5), DiskUse("/boot", 99, 1))), "/boot is 99% full, / is 95% full"),
    ],
)
def test_what_is_wrong_is_said(facts: HostFacts, reason: str) -> None:
    assert verdict(facts) == (HostState.DEGRADED, reason)
