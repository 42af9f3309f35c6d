"""How many hosts of an environment are how: one line that is read before any table."""

import msgspec

from nixtui.model.status import HostState, HostStatus


class Tally(msgspec.Struct):
    """Hosts by what one would say of them. Of those `answering` some may be failing, drifting, or both.

    The others are unreachable, or locked us out: their host key is not the known one, or they refuse the login.
    """

    known: int = 0
    answering: int = 0
    failing: int = 0
    drifting: int = 0
    reboot: int = 0
    unreachable: int = 0
    locked_out: int = 0

    def count(self, status: HostStatus, by: int) -> None:
        """Add a host (`by` is 1), or take it out (-1)."""
        state, facts = status.state, status.facts
        self.known += by
        if state.is_answering:
            self.answering += by
            if facts.failed_units or state is HostState.DEGRADED:
                self.failing += by
            if facts.current_system != facts.profile_system and status.is_drifting:
                self.drifting += by
            if facts.reboot_needed:
                self.reboot += by
        elif state is HostState.UNREACHABLE:
            self.unreachable += by
        elif state is not HostState.CONNECTING:
            self.locked_out += by
