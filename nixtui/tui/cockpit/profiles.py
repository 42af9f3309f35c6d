"""What the app may ask about systems and generations of hosts, beyond listing them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from nixtui.model.anatomy import SystemDiff
from nixtui.model.commit import CommitRange
from nixtui.model.retention import Retention
from nixtui.model.target import WayBack
from nixtui.operations.plan import Plan


class Profiles(Protocol):
    """Comparing systems, and plans about generations. Plans raise what people read when they cannot be made."""

    async def systems(self, before: tuple[str, str], after: tuple[str, str]) -> SystemDiff:
        """What differs besides packages between two systems, each given as host and store path."""
        ...

    async def commits(self, before: str | None, after: str | None) -> CommitRange:
        """The commits between two configuration revisions, if the repository is at hand. Raises nothing."""
        ...

    async def way_back(self, name: str) -> WayBack:
        """What a host ran before the last committed operation on it, or before, by its profile."""
        ...

    async def plan(self, targets: Mapping[str, str], action: str) -> Plan:
        """The plan to take every host to a target of its own (`model.target`).

        `action` is `switch`, `test`, `boot` or `reboot`.
        """
        ...

    async def plan_deletion(self, names: Sequence[str], rule: Retention) -> Plan:
        """The plan to delete old generations, and what that may free."""
        ...

    async def plan_pin(self, name: str, target: str, *, remove: bool) -> Plan:
        """The plan to keep a system of a host, or to keep it no longer."""
        ...
