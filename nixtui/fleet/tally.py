"""How many hosts of an environment are how: one line that is read before any table."""

import msgspec

from nixtui.model.status import HostState, HostStatus


class Tally(msgspec.Struct):
    """Hosts by what one would say of them. A host may be both failing and drifting; `up` counts those that answer."""

    known: int = 0
    up: int = 0
    failing: int = 0
    drifting: int = 0
    reboot: int = 0
    unreachable: int = 0

    def count(self, status: HostStatus, by: int) -> None:
        """Add a host (`by` is 1), or take it out (-1). Unreachable are also those that let nobody in."""
        state, facts = status.state, status.facts
        self.known += by
        if state is HostState.UP or state is HostState.DEGRADED:
            self.up += by
            if facts.failed_units or state is HostState.DEGRADED:
                self.failing += by
            if facts.current_system != facts.profile_system and status.is_drifting:
                self.drifting += by
            if facts.reboot_needed:
                self.reboot += by
        elif state is not HostState.CONNECTING:
            self.unreachable += by
