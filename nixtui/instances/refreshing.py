"""An auto scaling group rolled onto another image: a pinned launch template version, then an instance refresh.

Rules from AWS's documents on instance refreshes. Rolling back needs the group's present launch template version to be
a number (neither `$Latest` nor `$Default`), an image that no SSM parameter names, and a desired configuration in the
refresh, which ours always has. It is possible only while the refresh runs or bakes.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session
from nixtui.images.changing import Call, Change
from nixtui.instances.standing import Group, list_groups
from nixtui.model.image import Image
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

RUNNING = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})
_PATIENCE = 10
"""Looks in a row that may fail before a refresh is left to itself; it goes on without us."""

_OUTCOMES = {
    "Successful": Outcome.COMMITTED,
    "RollbackSuccessful": Outcome.REVERTED,
    "Cancelled": Outcome.FAILED,
    "Failed": Outcome.FAILED,
    "RollbackFailed": Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a group is taken to an image. Percentages of the group; times in seconds."""

    group: Group
    image: Image
    min_healthy: int = 90
    warmup_s: int | None = None
    checkpoints: tuple[int, ...] = ()
    checkpoint_s: int = 3600
    bake_s: int = 0
    alarms: tuple[str, ...] = ()
    auto_rollback: bool = True


class Refresh(msgspec.Struct, frozen=True, kw_only=True):
    """An instance refresh as it stands. `percent` is of the whole, `left` the instances still to be replaced."""

    identity: str
    group: str
    region: str
    status: str
    percent: int = 0
    left: int | None = None
    reason: str | None = None

    @property
    def is_running(self) -> bool:
        """It still changes the group, or may."""
        return self.status in RUNNING


def no_way_back(group: Group) -> str | None:
    """Why a refresh of this group could not be rolled back; `None` when it can be."""
    if group.template is None:
        return "the group has no launch template"
    if not (group.version or "").isdecimal():
        return f"the group follows {group.version} of its launch template, not a numbered version"
    if group.image is None:
        return "what the group's launch template starts cannot be seen"
    if not group.image.startswith("ami-"):
        return f"the group's launch template takes its image from an SSM parameter ({group.image})"
    return None


_VERSION = re.compile(r"[-_ ]?[0-9].*")


def is_of_a_kind(name: str, other: str | None) -> bool:
    """Whether two images are called the same up to their versions: `shop/web-26.05…` and `shop/web-25.11…`."""
    return other is not None and _VERSION.sub("", name) == _VERSION.sub("", other)


def refuse(rollout: Rollout, running: Refresh | None) -> tuple[str, str] | None:
    """Why this is not begun and what to do about it; `None` when it can be."""
    group, image = rollout.group, rollout.image
    if group.template is None:
        return "it has no launch template", "give the group a launch template; a launch configuration cannot be rolled"
    if running is not None:
        where = f"--region {group.region}{by_profile(group.login)}"
        words = f"nixtui instance refresh {group.name} {where} --cancel, or --rollback"
        return f"refresh {running.identity} is {running.status} ({running.percent} %)", f"wait for it, or {words}"
    if group.mixed:
        return "it has a mixed instances policy", "change its launch template where it is described"
    if image.state != "available":
        return f"image {image.identity} is {image.state}", "wait until it is available"
    if rollout.auto_rollback and (reason := no_way_back(group)):
        return (
            f"it could not be rolled back: {reason}",
            "pin the group to a numbered version first, or add --no-auto-rollback to go without a way back",
        )
    return None


def plan_refresh(rollout: Rollout, running: Refresh | None = None, *, starts: str | None = None) -> Plan:
    """The plan, with the verdict on going back. `starts` is what the image is called that the group starts now."""
    group = rollout.group
    why_not = no_way_back(group)
    verdict = f"rollback possible: no, {why_not}" if why_not else "rollback possible: yes, while the refresh runs"
    warnings = [verdict]
    if starts is not None and not is_of_a_kind(rollout.image.name, starts):
        warnings.insert(0, f"another kind of image: the group starts {starts}")
    if rollout.min_healthy == 0:
        warnings.append("all instances may be replaced at once")
    if rollout.bake_s == 0 and rollout.auto_rollback and not rollout.alarms:
        warnings.append("without alarms only failing health checks make it go back")
    refused = refuse(rollout, running)
    calls = (
        Call("ec2", "CreateLaunchTemplateVersion", group.region, version_parameters(rollout), group.login),
        Call("autoscaling", "StartInstanceRefresh", group.region, refresh_parameters(rollout, "NEW"), group.login),
    )
    target = Target(
        name=group.name,
        before=group.image,
        after=rollout.image.identity,
        warnings=tuple(warnings),
        refused=refused[0] if refused else None,
        remedy=refused[1] if refused else None,
        refused_as=Outcome.REFUSED,
    )
    steps = () if refused else (Step(f"roll {group.name}", tuple(str(call) for call in calls)),)
    title = f"Roll {group.name} ({group.wanted} instances, {group.region}) onto {rollout.image.name}"
    lost = (verdict,) if why_not and not refused else ()
    return Plan(kind="instance-refresh", title=title, targets=(target,), steps=steps, irreversible=lost)


def version_parameters(rollout: Rollout) -> dict[str, Any]:
    """CreateLaunchTemplateVersion: what the group has now with another image. The token makes doing it twice one."""
    group, image = rollout.group, rollout.image
    token = sha256(f"{group.template} {group.number} {image.identity}".encode()).hexdigest()[:48]
    return {
        "LaunchTemplateId": group.template,
        "SourceVersion": group.number or group.version,
        "VersionDescription": f"nixtui: {image.identity}",
        "ClientToken": token,
        "LaunchTemplateData": {"ImageId": image.identity},
    }


def refresh_parameters(rollout: Rollout, version: str) -> dict[str, Any]:
    """StartInstanceRefresh."""
    preferences: dict[str, Any] = {
        "MinHealthyPercentage": rollout.min_healthy,
        "SkipMatching": True,
        "AutoRollback": rollout.auto_rollback,
    }
    if rollout.warmup_s is not None:
        preferences["InstanceWarmup"] = rollout.warmup_s
    if rollout.checkpoints:
        steps = sorted({*rollout.checkpoints, 100})  # AWS wants the last to be 100 where all are to be replaced
        preferences |= {"CheckpointPercentages": steps, "CheckpointDelay": rollout.checkpoint_s}
    if rollout.bake_s:
        preferences["BakeTime"] = rollout.bake_s
    if rollout.alarms:
        preferences["AlarmSpecification"] = {"Alarms": list(rollout.alarms)}
    return {
        "AutoScalingGroupName": rollout.group.name,
        "Strategy": "Rolling",
        "DesiredConfiguration": {
            "LaunchTemplate": {"LaunchTemplateId": rollout.group.template, "Version": version},
        },
        "Preferences": preferences,
    }


def end_change(group: Group, running: Refresh | None, *, back: bool) -> Change:
    """The end of the refresh that runs: it is taken `back`, or stops where it is."""
    action = "RollbackInstanceRefresh" if back else "CancelInstanceRefresh"
    refused = None if running is not None and running.is_running else "no refresh of it runs"
    why_not = no_way_back(group) if back else None
    return Change(
        name=group.name,
        calls=(Call("autoscaling", action, group.region, {"AutoScalingGroupName": group.name}, group.login),),
        before=running.status if running else None,
        after="going back" if back else "stopped where it is",
        warnings=() if back else ("instances of two images stay",),
        refused=refused or (f"it cannot be rolled back: {why_not}" if why_not else None),
        remedy="cancel it instead" if refused is None and why_not else None,
    )


async def find_group(session: Session, region: str, name: str) -> Group:
    """One group. Raises `AwsError`."""
    found = await list_groups(session, region, [name])
    if not found:
        raise AwsError(
            f'there is no auto scaling group "{name}" in {region}', "check its name and the region", kind=Kind.NOT_FOUND
        )
    return found[0]


async def latest_refresh(session: Session, region: str, group: str, identity: str | None = None) -> Refresh | None:
    """The newest refresh of a group, or the one named; `None` where there never was one. Raises `AwsError`."""
    more = {"InstanceRefreshIds": [identity]} if identity else {}
    answer = await session.call("autoscaling", "DescribeInstanceRefreshes", region, AutoScalingGroupName=group, **more)
    found = answer.get("InstanceRefreshes", ())
    return _read(found[0], region) if found else None


def _read(told: Mapping[str, Any], region: str) -> Refresh:
    return Refresh(
        identity=str(told["InstanceRefreshId"]),
        group=str(told["AutoScalingGroupName"]),
        region=region,
        status=str(told["Status"]),
        percent=int(told.get("PercentageComplete", 0)),
        left=told.get("InstancesToUpdate"),
        reason=told.get("StatusReason"),
    )


def refresh_job(rollout: Rollout, session: Session, *, every_s: float = 10.0) -> Job:
    """The work: a version, the refresh, and watching it to its end. Stopping cancels the refresh, or rolls it back."""

    async def job(run: Run) -> Report:
        tell = Narrator(run, rollout.group.name)
        began = run.clock()
        try:
            report = await _roll(rollout, session, run, tell, every_s)
        except AwsError as error:
            tell.end(False, error.reason)
            outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
            report = _report(rollout, outcome, error.reason, error.remedy)
        report = msgspec.structs.replace(report, seconds=run.clock() - began)
        stopped = run.cancelling.is_set()
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,), interrupted=stopped)

    return job


async def _roll(rollout: Rollout, session: Session, run: Run, tell: Narrator, every_s: float) -> TargetReport:
    group = rollout.group
    tell.begin("CreateLaunchTemplateVersion")
    answer = await session.call("ec2", "CreateLaunchTemplateVersion", group.region, **version_parameters(rollout))
    version = str(answer["LaunchTemplateVersion"]["VersionNumber"])
    tell.end(True, f"version {version}")
    if run.cancelling.is_set():
        return _report(rollout, Outcome.FAILED, f"stopped; launch template version {version} is there and unused", None)
    tell.begin("StartInstanceRefresh")
    parameters = refresh_parameters(rollout, version)
    answer = await session.call("autoscaling", "StartInstanceRefresh", group.region, **parameters)
    identity = str(answer["InstanceRefreshId"])
    tell.end(True, identity)
    ended = await watch(session, group, identity, run, tell, every_s=every_s)
    if ended is None:
        words = f"nixtui instance refresh {group.name} --status --region {group.region}{by_profile(group.login)}"
        return _report(rollout, Outcome.UNKNOWN, f"refresh {identity} goes on, but AWS no longer tells how", words)
    return _report(rollout, _OUTCOMES.get(ended.status, Outcome.UNKNOWN), _told(ended, version), None)


def _told(ended: Refresh, version: str) -> str:
    reason = f": {ended.reason}" if ended.reason else ""
    if ended.status == "Successful":
        return f"all instances were started from launch template version {version}"
    left = "; instances are of two images now" if ended.status in ("Cancelled", "Failed", "RollbackFailed") else ""
    return f"the refresh is {ended.status} at {ended.percent} %{reason}{left}"


def _report(rollout: Rollout, outcome: Outcome, detail: str, remedy: str | None) -> TargetReport:
    return TargetReport(
        name=rollout.group.name,
        outcome=outcome,
        before=rollout.group.image,
        after=rollout.image.identity,
        detail=detail,
        remedy=remedy,
    )


async def watch(
    session: Session, group: Group, identity: str, run: Run, tell: Narrator, *, every_s: float
) -> Refresh | None:
    """Tell how it goes until it ends; `None` when it could no longer be seen. Stopping is asked of AWS once."""
    seen: tuple[str, str | None] | None = None
    asked, blind = False, 0
    tell.begin("refresh")
    while True:
        if run.cancelling.is_set() and not asked:
            asked = True
            tell.end(False, "stopped")
            await _go_back(session, group, tell)
            tell.begin("refresh")
        try:
            refresh = await latest_refresh(session, group.region, group.name, identity)
        except AwsError as error:
            blind += 1
            if not error.may_pass or blind > _PATIENCE:
                return None
            refresh = None
        if refresh is not None:
            blind = 0
            run.tell(
                Progress(at=run.clock(), target=group.name, step="refresh", done=refresh.percent, total=100, unit="%")
            )
            if (refresh.status, refresh.reason) != seen:
                seen = (refresh.status, refresh.reason)
                tell.note(f"{refresh.status}, {refresh.percent} %" + (f": {refresh.reason}" if refresh.reason else ""))
            if not refresh.is_running:
                tell.end(refresh.status == "Successful", refresh.status)
                return refresh
        await _pause(run, every_s, asked)


async def _pause(run: Run, seconds: float, asked: bool) -> None:
    if asked:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await run.cancelling.wait()
    except TimeoutError:
        return


async def _go_back(session: Session, group: Group, tell: Narrator) -> None:
    """Roll back where that is possible, else stop where it is."""
    action = "CancelInstanceRefresh" if no_way_back(group) else "RollbackInstanceRefresh"
    tell.begin(action)
    try:
        await session.call("autoscaling", action, group.region, AutoScalingGroupName=group.name)
    except AwsError as error:
        tell.end(False, error.reason)
    else:
        tell.end(True)
