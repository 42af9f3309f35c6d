"""Since when a host is as it is."""

import pytest

from nixtui.fleet.since import since
from nixtui.model.selector import Subject
from nixtui.model.status import ActivationLock, HostFacts, HostState, HostStatus
from tests.fleet.hosts_in_memory import named

NOW, SEEN, SWITCHED, BOOTED, LOCKED = 10_000.0, 9_990.0, 5_000.0, 1_000.0, 9_950.0


def asked(
    state: HostState = HostState.UP, *, is_outlier: bool = False, observed_at: float = NOW, **facts: object
) -> Subject:
    known = HostFacts(**{"switched_at": SWITCHED, **facts})
    status = HostStatus(state=state, since=SEEN, observed_at=observed_at, booted_at=BOOTED, facts=known)
    return Subject(named(["web-1"])[0], status, NOW, is_outlier)


@pytest.mark.parametrize(
    ("subject", "began"),
    [
        (asked(), BOOTED),
        (asked(lock=ActivationLock("8f2a", "ops-2", LOCKED)), LOCKED),
        (asked(lock=ActivationLock("8f2a", "ops-2", 0.0)), SEEN),
        (asked(current_system="/a", profile_system="/b"), SWITCHED),
        (asked(reboot_needed=True), SWITCHED),
        (asked(is_outlier=True), SWITCHED),
        (asked(is_outlier=True, switched_at=None), SEEN),
        (asked(HostState.DEGRADED, reboot_needed=True), SEEN),
        (asked(failed_units=("nginx.service",)), SEEN),
        (asked(HostState.UNREACHABLE), SEEN),
        (asked(observed_at=NOW - 60), SEEN),
    ],
)
def test_it_is_when_what_one_says_of_it_began(subject: Subject, began: float) -> None:
    assert since(subject) == began


def test_of_a_host_that_was_never_seen_nobody_knows() -> None:
    assert since(Subject(named(["web-1"])[0], HostStatus(), NOW)) is None
