"""The part of the running app's world that is about generations."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from nixtui.activation.pinning import pinning_job, plan_pinning
from nixtui.activation.rollback import Action, Seen, rollback_job
from nixtui.activation.undo import way_back
from nixtui.cli.assembly import Assembly
from nixtui.cli.commands.delete_generations import prepare_deletion
from nixtui.cli.comparing import Comparing
from nixtui.model.anatomy import SystemDiff
from nixtui.model.commit import CommitRange
from nixtui.model.host import Host
from nixtui.model.retention import Retention
from nixtui.model.target import Target, WayBack, parse_target
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan

_LOOKED_THROUGH = 500
"""Operations of the journal in which the last one on a host is looked for."""


class LiveProfiles:
    """`host` says how a host is reached, `seen` what generations hosts have, from memory where that is still so; `keep`
    remembers the work of a plan until somebody says yes to it.
    """

    def __init__(
        self,
        nixtui: Assembly,
        host: Callable[[str], Host],
        seen: Callable[[Sequence[str]], Awaitable[list[Seen]]],
        keep: Callable[[Prepared], Plan],
    ) -> None:
        self._nixtui = nixtui
        self._host = host
        self._seen = seen
        self._keep = keep
        self._comparing = Comparing(nixtui)

    async def systems(self, before: tuple[str, str], after: tuple[str, str]) -> SystemDiff:
        """What differs besides packages."""
        old, new = ((self._host(name), path) for name, path in (before, after))
        return await self._comparing.systems(old, new)

    async def commits(self, before: str | None, after: str | None) -> CommitRange:
        """The commits between two configuration revisions."""
        return await self._comparing.commits(before, after)

    async def way_back(self, name: str) -> WayBack:
        """What the host ran before the last operation."""
        (seen,) = await self._seen([name])
        journal = await self._nixtui.journal()
        return way_back(seen, await journal.entries(limit=_LOOKED_THROUGH), self._nixtui.clock())

    async def plan(self, targets: Mapping[str, str], action: str) -> Plan:
        """A rollback with a target for each host."""
        wanted = {name: self._parsed(text) for name, text in targets.items()}
        rollback = self._nixtui.plan_rollback(await self._seen(list(targets)), wanted, Action(action))
        return self._keep(Prepared(rollback.operation, rollback.plan, rollback_job(rollback, self._nixtui.reach)))

    async def plan_deletion(self, names: Sequence[str], rule: Retention) -> Plan:
        """Old generations that go."""
        return self._keep(await prepare_deletion(self._nixtui, await self._seen(names), rule))

    async def plan_pin(self, name: str, target: str, *, remove: bool) -> Plan:
        """A pin, or its end."""
        pinning = plan_pinning(await self._seen([name]), self._parsed(target), remove=remove)
        job = pinning_job(pinning, self._nixtui.reach)
        return self._keep(Prepared(self._nixtui.new_identity(), pinning.plan, job))

    def _parsed(self, text: str) -> Target:
        return parse_target(text, now=datetime.fromtimestamp(self._nixtui.clock(), UTC))
