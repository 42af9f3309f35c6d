"""What the host page asks for: units, timers, the store, and plans to change them."""

from collections.abc import Sequence
from typing import Protocol

from nixtui.model.store import Garbage, Store
from nixtui.model.timer import Timers
from nixtui.model.unit import UnitDetail, Units
from nixtui.operations.plan import Plan


class Upkeep(Protocol):
    """Everything here asks hosts now and may take as long as they do. Raises what people read."""

    async def units(self, name: str) -> Units:
        """All units of a host."""
        ...

    async def unit(self, name: str, unit: str, lines: int = 20) -> UnitDetail:
        """One unit with its last lines."""
        ...

    async def timers(self, name: str) -> Timers:
        """All timers and backup jobs of a host."""
        ...

    async def store(self, name: str) -> Store:
        """What is cheap to know of a host's store."""
        ...

    async def garbage(self, name: str) -> Garbage:
        """What is garbage there; takes as long as a collection that finds nothing."""
        ...

    async def journal(self, name: str) -> Sequence[str]:
        """The last lines of a host's journal."""
        ...

    async def plan_unit(self, names: Sequence[str], verb: str, unit: str) -> Plan:
        """The plan to `start`, `stop` or `restart` a unit."""
        ...

    async def plan_store(
        self, names: Sequence[str], kind: str, *, older_than: float | None = None, repair: bool = False
    ) -> Plan:
        """The plan to `gc`, `optimise` or `verify` stores."""
        ...
