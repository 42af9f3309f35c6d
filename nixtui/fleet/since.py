"""Since when a host is as it is: the same answer for the screen and for scripts."""

from nixtui.model.selector import Subject, is_stale
from nixtui.model.status import HostState


def since(subject: Subject) -> float | None:
    """When what one would say of the host began, in Unix seconds by our clock; `None` while nobody knows.

    Of a change that goes on it is when that was begun; of drift, a reboot that is due and another revision than its
    peers, when the host was switched. A host that is well has been up since it booted, which is longer than anybody
    has looked.
    """
    status = subject.status
    facts = status.facts
    if status.state is not HostState.UP or facts.failed_units or is_stale(status, subject.now):
        return status.since
    if facts.lock is not None:
        return facts.lock.since or status.since
    if status.is_drifting or facts.reboot_needed or subject.is_outlier:
        return status.since if facts.switched_at is None else facts.switched_at
    return status.since if status.booted_at is None else status.booted_at
