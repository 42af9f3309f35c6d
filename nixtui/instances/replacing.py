"""A running instance gets the disk of another image: it reboots once, and keeps its addresses, roles and other disks.

Rules from EC2's documents on replacing root volumes: the instance runs, its root is on EBS, and the image agrees with
it in architecture and boot mode. A replacement that has begun cannot be stopped.
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.instances import Instance
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session, jittered
from nixtui.images.changing import Call
from nixtui.instances.standing import Standing
from nixtui.model.image import Image
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

RUNNING = ("pending", "in-progress", "failing")
_PATIENCE = 10
"""Looks in a row that may fail before a replacement is left to itself; it goes on without us."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is put where. `token` makes doing it twice one replacement; `keep` leaves the old volume, detached."""

    standing: Standing
    image: Image
    token: str
    keep: bool = False

    @property
    def instance(self) -> Instance:
        """The instance."""
        return self.standing.instance

    @property
    def name(self) -> str:
        """What it is called in plan and report."""
        instance = self.instance
        return instance.identity if instance.name == instance.identity else f"{instance.name} ({instance.identity})"


async def running_task(session: Session, instance: Instance) -> str | None:
    """A replacement of this instance that has not ended. Raises `AwsError`."""
    filters = [{"Name": "instance-id", "Values": [instance.identity]}]
    found = await session.pages(
        "ec2", "DescribeReplaceRootVolumeTasks", instance.region, "ReplaceRootVolumeTasks", Filters=filters
    )
    going = (str(each["ReplaceRootVolumeTaskId"]) for each in found if each["TaskState"] in RUNNING)
    return next(going, None)


def refuse(replacement: Replacement, running: str | None) -> tuple[str, str] | None:
    """Why this is not begun and what to do about it; `None` when it can be."""
    instance, image = replacement.instance, replacement.image
    if running is not None:
        return f"replacement {running} of it is under way", "wait for it"
    if instance.state != "running":
        return f"it is {instance.state}", f"nixtui instance start {instance.identity}"
    if image.state != "available":
        return f"image {image.identity} is {image.state}", "wait until it is available"
    if image.architecture and instance.architecture and image.architecture != instance.architecture:
        return f"it is {instance.architecture}, the image {image.architecture}", "choose another image"
    if image.boot_mode in ("uefi", "legacy-bios") and instance.boot_mode not in (None, image.boot_mode):
        return f"it boots by {instance.boot_mode}, the image by {image.boot_mode}", "launch a new instance instead"
    return None


def parameters(replacement: Replacement) -> dict[str, Any]:
    """CreateReplaceRootVolumeTask."""
    return {
        "InstanceId": replacement.instance.identity,
        "ImageId": replacement.image.identity,
        "ClientToken": sha256(replacement.token.encode()).hexdigest()[:48],
        "DeleteReplacedRootVolume": not replacement.keep,
    }


def plan_replacement(replacement: Replacement, running: str | None) -> Plan:
    """The plan, with what is lost."""
    instance, image = replacement.instance, replacement.image
    refused = refuse(replacement, running)
    warnings = ["it reboots, and its host key is a new one unless the image or another disk has it"]
    if instance.group:
        warnings.append(f"auto scaling group {instance.group} may take the reboot for a failure and replace it")
    if instance.image == image.identity:
        warnings.append("it was started from this image: its disk goes back to what that had")
    target = Target(
        name=replacement.name,
        before=instance.image,
        after=image.identity,
        warnings=tuple(warnings),
        refused=refused[0] if refused else None,
        remedy=refused[1] if refused else None,
    )
    call = Call("ec2", "CreateReplaceRootVolumeTask", instance.region, parameters(replacement), instance.login)
    lost = () if replacement.keep or refused else ("everything on its root volume is gone; --keep-volume keeps it",)
    return Plan(
        kind="instance-replace-root",
        title=f"Put the disk of {image.name} into {replacement.name}",
        targets=(target,),
        steps=() if refused else (Step("replace the root volume", (str(call),)),),
        irreversible=lost,
    )


def replacing_job(replacement: Replacement, session: Session) -> Job:
    """The work: the task, and watching it to its end."""

    async def job(run: Run) -> Report:
        tell, began, instance = Narrator(run, replacement.name), run.clock(), replacement.instance
        task: str | None = None
        try:
            tell.begin("CreateReplaceRootVolumeTask")
            answer = await session.call(
                "ec2", "CreateReplaceRootVolumeTask", replacement.instance.region, **parameters(replacement)
            )
            task = str(answer["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"])
            tell.end(True, task)
            tell.begin("replacing")
            row = await run.unless_cancelled(_watch(replacement, session, task, tell))
        except Cancelled:
            tell.end(False, "no longer watched")
            row = _row(
                replacement, Outcome.UNKNOWN, f"{task} cannot be stopped and goes on at AWS", _look(instance, task)
            )
        except AwsError as error:
            tell.end(False, error.reason)
            if task is None:
                outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
                row = _row(replacement, outcome, error.reason, error.remedy)
            else:
                row = _row(
                    replacement, Outcome.UNKNOWN, f"{task} goes on, but AWS no longer tells how", _look(instance, task)
                )
        row = msgspec.structs.replace(row, seconds=run.clock() - began)
        stopped = run.cancelling.is_set() and not row.outcome.is_success
        return Report(operation=run.operation, outcome=row.outcome, targets=(row,), interrupted=stopped)

    return job


async def _watch(replacement: Replacement, session: Session, task: str, tell: Narrator) -> TargetReport:
    region, attempt, blind, seen = replacement.instance.region, 0, 0, ""
    while True:
        attempt += 1
        try:
            answer = await session.call(
                "ec2", "DescribeReplaceRootVolumeTasks", region, ReplaceRootVolumeTaskIds=[task]
            )
        except AwsError as error:
            blind += 1
            if not (error.may_pass or error.kind is Kind.NOT_FOUND) or blind > _PATIENCE:
                raise
        else:
            blind = 0
            (told,) = answer["ReplaceRootVolumeTasks"]
            state = str(told["TaskState"])
            if state not in RUNNING:
                tell.end(state == "succeeded", state)
                return _ended(replacement, state, task)
            if state != seen:
                seen = state
                tell.note(state)
        await asyncio.sleep(jittered(attempt, base=0.2, longest=10.0))


def _ended(replacement: Replacement, state: str, task: str) -> TargetReport:
    instance = replacement.instance
    identity, region = instance.identity, f"{instance.region}{by_profile(instance.login)}"
    match state:
        case "succeeded":
            kept = "; its old volume is kept and costs money until it is deleted" if replacement.keep else ""
            return _row(replacement, Outcome.COMMITTED, f"it came back from {replacement.image.identity}{kept}", None)
        case "failed-detached":
            return _row(
                replacement,
                Outcome.FAILED,
                f"{task} failed, and the instance has no root volume now",
                f"attach a volume to it by hand, or: nixtui instance terminate {identity} --region {region}",
            )
        case _:
            return _row(replacement, Outcome.REVERTED, f"{task} is {state}: it has its old root volume again", None)


def _row(replacement: Replacement, outcome: Outcome, detail: str, remedy: str | None) -> TargetReport:
    return TargetReport(
        name=replacement.name,
        outcome=outcome,
        before=replacement.instance.image,
        after=replacement.image.identity,
        detail=detail,
        remedy=remedy,
    )


def _look(instance: Instance, task: str | None) -> str | None:
    where = f"--region {instance.region}{by_profile(instance.login)}"
    return task and f"aws ec2 describe-replace-root-volume-tasks --replace-root-volume-task-ids {task} {where}"
