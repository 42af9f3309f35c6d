"""The incident timeline's part of the running app's world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from nixtui.activation.rollback import rollback_job
from nixtui.cli.assembly import Assembly
from nixtui.fleet.recall import recall
from nixtui.fleet.state import FleetState
from nixtui.model.target import parse_target
from nixtui.model.timeline import HostAnswer
from nixtui.operations.journal import Entry
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan

MOST_OPERATIONS = 2_000
"""Of the journal; a window of a week has dozens."""


class LiveIncident:
    """`fleet` says how hosts are reached, `keep` remembers the work of a plan until somebody says yes to it."""

    def __init__(self, nixtui: Assembly, fleet: FleetState, keep: Callable[[Prepared], Plan]) -> None:
        self._nixtui = nixtui
        self._fleet = fleet
        self._keep = keep

    async def recall(self, names: Sequence[str], since: float, told: Callable[[HostAnswer], None]) -> None:
        """Ask these hosts what happened since a time."""
        hosts = [self._fleet.host(name) for name in names if name in self._fleet]
        await recall(hosts, since, self._nixtui.reach, self._nixtui.clock, told)

    async def operations(self, since: float) -> Sequence[Entry]:
        """Operations begun since a time, newest first."""
        journal = await self._nixtui.journal()
        return await journal.entries(since=since, limit=MOST_OPERATIONS)

    async def plan_back(self, targets: Mapping[str, str]) -> Plan:
        """The plan, from what the hosts say now: they may have switched since they told their past."""
        now = datetime.fromtimestamp(self._nixtui.clock(), UTC)
        wanted = {name: parse_target(text, now=now) for name, text in targets.items()}
        seen = await self._nixtui.ask_generations([self._fleet.host(name) for name in targets if name in self._fleet])
        rollback = self._nixtui.plan_rollback(seen, wanted)
        return self._keep(Prepared(rollback.operation, rollback.plan, rollback_job(rollback, self._nixtui.reach)))
