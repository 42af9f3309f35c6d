"""`nixtui.tui.cockpit.upkeep.Upkeep` over the real parts."""

from collections.abc import Callable, Sequence

from nixtui.cli.assembly import Assembly
from nixtui.model.host import Host
from nixtui.model.store import Garbage, Store
from nixtui.model.timer import Timers
from nixtui.model.unit import UnitDetail, Units, unit_name
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan
from nixtui.remote.store import garbage, store
from nixtui.remote.timers import timers
from nixtui.remote.units import recent_lines, unit_detail, units
from nixtui.upkeep.prospect import look_at_garbage, look_at_store, look_at_unit
from nixtui.upkeep.store import StoreWork, prepare_store
from nixtui.upkeep.units import UnitChange, Verb, prepare_units


class LiveUpkeep:
    """`host` finds a host of the fleet by name; `keep` remembers a plan until somebody says yes to it."""

    def __init__(self, nixtui: Assembly, host: Callable[[str], Host], keep: Callable[[Prepared], Plan]) -> None:
        self._nixtui = nixtui
        self._host = host
        self._keep = keep

    async def units(self, name: str) -> Units:
        """All units of a host."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await units(transport)

    async def unit(self, name: str, unit: str, lines: int = 20) -> UnitDetail:
        """One unit with its last lines."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await unit_detail(transport, unit_name(unit), lines)

    async def timers(self, name: str) -> Timers:
        """All timers and backup jobs of a host."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await timers(transport)

    async def store(self, name: str) -> Store:
        """What is cheap to know of a host's store."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await store(transport)

    async def garbage(self, name: str) -> Garbage:
        """What is garbage there."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await garbage(transport)

    async def journal(self, name: str) -> Sequence[str]:
        """The last lines of a host's journal."""
        async with self._nixtui.reach(self._host(name)) as transport:
            return await recent_lines(transport)

    async def plan_unit(self, names: Sequence[str], verb: str, unit: str) -> Plan:
        """The plan to start, stop or restart a unit."""
        nixtui, change = self._nixtui, UnitChange(Verb(verb), unit_name(unit))
        seen = await look_at_unit([self._host(name) for name in names], change.unit, nixtui.reach)
        return self._keep(
            prepare_units(
                change,
                seen,
                nixtui.activation.rollout,
                reach=nixtui.reach,
                operation=nixtui.new_identity(),
                operator=nixtui.operator,
            )
        )

    async def plan_store(
        self, names: Sequence[str], kind: str, *, older_than: float | None = None, repair: bool = False
    ) -> Plan:
        """The plan to collect garbage, optimise or verify."""
        nixtui, hosts = self._nixtui, [self._host(name) for name in names]
        if kind == "gc":
            seen = await look_at_garbage(hosts, nixtui.reach, older_than=older_than)
        else:
            seen = await look_at_store(hosts, nixtui.reach)
        return self._keep(
            prepare_store(
                StoreWork(kind, repair=repair),
                seen,
                nixtui.activation.rollout,
                reach=nixtui.reach,
                operation=nixtui.new_identity(),
                operator=nixtui.operator,
            )
        )
