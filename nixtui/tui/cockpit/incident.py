"""What the incident timeline asks of the rest of nixtui."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from nixtui.operations.plan import Plan

if TYPE_CHECKING:  # values only; importing the journal would load sqlite before the first frame
    from nixtui.model.timeline import HostAnswer
    from nixtui.operations.journal import Entry


class Incident(Protocol):
    """The past of the fleet, asked from its hosts and from the journal of operations."""

    async def recall(self, names: Sequence[str], since: float, told: "Callable[[HostAnswer], None]") -> None:
        """Ask these hosts what happened since a time (Unix seconds); `told` hears each answer as it comes."""
        ...

    async def operations(self, since: float) -> "Sequence[Entry]":
        """Operations begun since a time, newest first."""
        ...

    async def plan_back(self, targets: Mapping[str, str]) -> Plan:
        """The plan to take each host to a target of its own (`model.target`)."""
        ...
