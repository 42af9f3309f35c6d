"""Waiting until an instance is a host that can be worked with: it runs, EC2's checks passed, and it is who it says."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session, jittered
from nixtui.operations.narrator import Narrator
from nixtui.stacks.members import Member, find_member

PATIENCE_S: Final = 900.0
"""EC2 takes two to five minutes for its own checks, and as long again to have the console."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a host cannot be worked with yet, or, where waiting does not help (`lasting`), at all."""

    reason: str
    remedy: str | None = None
    lasting: bool = False


Confirm = Callable[[Member, bool], Awaitable[Doubt | None]]
"""Logs in once. With the flag, a key that nobody knows and the console of the instance confirms is trusted."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How instances are waited for."""

    session: Session
    confirm: Confirm
    patience_s: float = PATIENCE_S
    clock: Callable[[], float] = time.monotonic

    async def look(self, member: Member, *, trusting: bool = False) -> Doubt | None:
        """How it is now; `None` when it is there. Raises `AwsError`."""
        now = await find_member(self.session, member.instance.region, member.identity)
        if now is None:
            return Doubt("EC2 does not show it yet")
        if now.state not in ("pending", "running"):
            return Doubt(f"it is {now.state}: {now.reason or 'no reason given'}", lasting=True)
        if now.state == "pending":
            return Doubt("it is pending")
        checks = await self._checks(member)
        if checks != ("ok", "ok"):
            return Doubt(f"it runs, and EC2's checks say {checks[0]} (system) and {checks[1]} (instance)")
        return await self.confirm(now, trusting)

    async def settle(self, member: Member, tell: Narrator) -> Doubt | None:
        """Wait until it is there; what is left in the way, `None` where nothing is. Raises `AwsError`."""
        began, attempt, said = self.clock(), 0, ""
        while True:
            attempt += 1
            try:
                doubt = await self.look(member, trusting=True)
            except AwsError as error:
                if not error.may_pass:
                    raise
                doubt = Doubt(error.reason, error.remedy)
            if doubt is None or doubt.lasting:
                return doubt
            if self.clock() - began > self.patience_s:
                return Doubt(f"after {self.patience_s:.0f} s {doubt.reason}", doubt.remedy, lasting=True)
            if doubt.reason != said:
                said = doubt.reason
                tell.note(said)
            await asyncio.sleep(jittered(attempt, base=0.2, longest=10.0))

    async def _checks(self, member: Member) -> tuple[str, str]:
        region, asked = member.instance.region, [member.identity]
        try:
            answer = await self.session.call("ec2", "DescribeInstanceStatus", region, InstanceIds=asked)
        except AwsError as error:
            if error.kind is Kind.NOT_FOUND:
                return "nothing", "nothing"
            raise
        told: Mapping[str, Any] = next(iter(answer.get("InstanceStatuses", ())), {})
        return (
            str(told.get("SystemStatus", {}).get("Status", "initializing")),
            str(told.get("InstanceStatus", {}).get("Status", "initializing")),
        )
