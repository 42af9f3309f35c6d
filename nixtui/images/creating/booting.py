"""The boot check: an instance of the image is started, looked at until it is up or cannot be, and terminated.

Nothing is believed that was not seen: both status checks of EC2, the multi-user target on the console, and which system
runs there. However it ends, also when it is stopped, the instance is terminated; one that a killed run left is found
again by its tag.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session, jittered
from nixtui.images.creating.console import SCRIPT, Console, read_console
from nixtui.images.creating.recipe import TAG_CHECKED, BootCheck
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run

PATIENCE_S = 900.0
"""EC2 takes two to five minutes for its own checks; an image that has to resize its root takes longer."""

_SETTLING = 30
"""Attempts to terminate: throttling passes, and an instance that runs for nothing is worth some patience."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended. `detail` is one sentence; `lines` the end of the console where that explains it."""

    passed: bool
    detail: str
    system: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is started. `system` is the store path that should run, where that is known."""

    image: str
    region: str
    name: str
    system: str | None
    check: BootCheck


def run_instances(subject: Subject, token: str) -> dict[str, Any]:
    """RunInstances: shut down means gone, and the tag says what it is there for."""
    tags = [
        {"Key": "Name", "Value": f"boot check of {subject.name}"},
        {"Key": TAG_CHECKED, "Value": subject.image},
    ]
    check = subject.check
    return {
        "ImageId": subject.image,
        "InstanceType": check.kind,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": token,
        "UserData": SCRIPT,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        **({"SubnetId": check.subnet} if check.subnet else {}),
        **({"SecurityGroupIds": list(check.security_groups)} if check.security_groups else {}),
    }


class BootTrial:
    """One boot check; `instance` is the instance while there is one that is not known to be gone."""

    def __init__(
        self,
        subject: Subject,
        session: Session,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.instance: str | None = None
        self._subject = subject
        self._session = session
        self._patience_s = patience_s
        self._clock = clock

    async def run(self, run: Run, tell: Narrator) -> Verdict:
        """Start, look, terminate. Raises `AwsError` where it cannot be started, `Cancelled` when stopped."""
        subject = self._subject
        tell.begin(f"starting {subject.check.kind}")
        token = f"nixtui-{run.operation}"[:64]
        started = await self._session.call(  # never cut: an instance whose name nobody knows would be left
            "ec2", "RunInstances", subject.region, **run_instances(subject, token)
        )
        self.instance = str(started["Instances"][0]["InstanceId"])
        tell.end(True, self.instance)
        try:
            verdict = await run.unless_cancelled(self._watch(tell))
        finally:
            await asyncio.shield(asyncio.ensure_future(self._terminate(tell)))
        return verdict

    async def _watch(self, tell: Narrator) -> Verdict:
        tell.begin("waiting until it is up")
        began, attempt, seen = self._clock(), 0, ""
        while True:
            attempt += 1
            ended = await self._ended()
            console = await self._console()
            checks = await self._checks()
            if verdict := self._judge(ended, checks, console):
                tell.end(verdict.passed, verdict.detail)
                return verdict
            if self._clock() - began > self._patience_s:
                detail = f"it was not up after {self._patience_s:.0f} s: {_state(checks, console)}"
                tell.end(False, detail)
                return Verdict(False, detail, console.system, console.last)
            if (state := _state(checks, console)) != seen:
                seen = state
                tell.note(state)
            await asyncio.sleep(jittered(attempt, base=0.2, longest=10.0))

    def _judge(self, ended: str | None, checks: tuple[str, str], console: Console) -> Verdict | None:
        """The verdict, as soon as there can be one."""
        wanted = self._subject.system
        if ended:
            return Verdict(False, f"the instance ended by itself: {ended}", console.system, console.last)
        if console.trouble:
            return Verdict(False, console.trouble, console.system, console.last)
        if "impaired" in checks:
            which = "system" if checks[0] == "impaired" else "instance"
            return Verdict(False, f"EC2's {which} status check failed", console.system, console.last)
        if console.system and wanted and console.system != wanted:
            return Verdict(False, f"it runs {console.system}, not {wanted}", console.system)
        if not console.up or checks != ("ok", "ok"):
            return None
        runs = "which system it runs its console does not say"
        if console.system:
            runs = f"it runs {console.system}" + ("" if wanted else ", and what it should run is not known")
        failed = f"; did not start: {', '.join(console.failed)}" if console.failed else ""
        return Verdict(True, f"both status checks passed, multi-user was reached, {runs}{failed}", console.system)

    async def _ended(self) -> str | None:
        """Why the instance is no longer running, or about to; `None` while it is."""
        try:
            answer = await self._ask("DescribeInstances", InstanceIds=[self.instance])
        except AwsError as error:
            if error.may_pass or error.kind is Kind.NOT_FOUND:  # a new one is not known everywhere at once
                return None
            raise
        instances = [each for group in answer.get("Reservations", ()) for each in group["Instances"]]
        told = next(iter(instances), {"State": {"Name": "pending"}})
        if told["State"]["Name"] in ("pending", "running"):
            return None
        return str(told.get("StateReason", {}).get("Message") or told["State"]["Name"])

    async def _checks(self) -> tuple[str, str]:
        """System and instance status: `ok`, `impaired`, `initializing`, `insufficient-data`."""
        try:
            answer = await self._ask("DescribeInstanceStatus", InstanceIds=[self.instance], IncludeAllInstances=True)
        except AwsError as error:
            if error.may_pass or error.kind is Kind.NOT_FOUND:
                return ("not known", "not known")
            raise
        told = (answer.get("InstanceStatuses") or [{}])[0]
        return (
            str(told.get("SystemStatus", {}).get("Status", "initializing")),
            str(told.get("InstanceStatus", {}).get("Status", "initializing")),
        )

    async def _console(self) -> Console:
        """The newest of it, which only Nitro has; elsewhere what EC2 buffered last."""
        for newest in ({"Latest": True}, {}):
            try:
                answer = await self._ask("GetConsoleOutput", InstanceId=self.instance, **newest)
            except AwsError as error:
                if error.kind in (Kind.EXPIRED, Kind.DENIED):
                    raise
                if error.may_pass or error.kind is Kind.NOT_FOUND:
                    break
            else:
                return read_console(str(answer.get("Output") or ""))
        return Console()

    async def _ask(self, action: str, **parameters: Any) -> Any:
        return await self._session.call("ec2", action, self._subject.region, **parameters)

    async def _terminate(self, tell: Narrator) -> None:
        tell.begin("terminating the instance")
        assert self.instance is not None
        reason = await terminate(self._session, self._subject.region, self.instance)
        tell.end(reason is None, reason)
        if reason is None:
            self.instance = None


async def terminate(session: Session, region: str, instance: str) -> str | None:
    """Terminate an instance, tried again while that may help; why it could not be, `None` when it was."""
    for attempt in range(1, _SETTLING + 1):
        try:
            await session.call("ec2", "TerminateInstances", region, InstanceIds=[instance])
        except AwsError as error:
            if error.kind is Kind.NOT_FOUND and attempt > 3:
                return None
            if not (error.may_pass or error.kind is Kind.NOT_FOUND) or attempt == _SETTLING:
                return error.reason
            await asyncio.sleep(jittered(attempt))
        else:
            return None
    return None


def _state(checks: tuple[str, str], console: Console) -> str:
    words = [f"status checks {checks[0]} and {checks[1]}"]
    words.append("multi-user reached" if console.up else "multi-user not reached")
    if console.last and not console.up:
        words.append(f"last on the console: {console.last[-1][:120]}")
    return ", ".join(words)
