"""The cockpit's profiles over values in memory, for tests that are about screens."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nixtui.activation.rollback import Action
from nixtui.model.anatomy import Anatomy, SystemDiff, compare
from nixtui.model.commit import Commit, CommitRange
from nixtui.model.retention import Retention
from nixtui.model.target import WayBack, parse_target
from nixtui.operations.plan import Plan


class MemoryProfiles:
    """Systems that differ in one unit, and commits that nobody knows."""

    def __init__(self, cockpit: Any) -> None:
        self._cockpit = cockpit
        self.between = CommitRange(before=None, after=None, unknown="there is no git repository of the flake here")

    async def systems(self, before: tuple[str, str], after: tuple[str, str]) -> SystemDiff:
        await self._cockpit.gate.wait()
        old, new = (
            Anatomy(path=path, kernel="6.12.58", parts={"kernel": "same"}, units={"nginx.service": path})
            for _, path in (before, after)
        )
        return compare(old, new)

    async def commits(self, before: str | None, after: str | None) -> CommitRange:
        return self.between

    async def way_back(self, name: str) -> WayBack:
        return WayBack("previous", "what ran before")

    async def plan(self, targets: Mapping[str, str], action: str) -> Plan:
        now = datetime.fromtimestamp(self._cockpit.clock(), UTC)
        wanted = {name: parse_target(text, now=now) for name, text in targets.items()}
        return await self._cockpit.plan_each(wanted, Action(action))

    async def plan_deletion(self, names: Sequence[str], rule: Retention) -> Plan:
        raise NotImplementedError

    async def plan_pin(self, name: str, target: str, *, remove: bool) -> Plan:
        raise NotImplementedError


def a_commit(subject: str) -> Commit:
    return Commit(revision="98fe21c4d0aa17b1c0de98fe21c0de44d0aa17b1", subject=subject, at=1.0)
