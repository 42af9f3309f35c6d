"""What is done to AMIs that exist: copied, shared, deprecated, retired. Each a plan of calls, and the calls."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import by_profile
from nixtui.aws.session import ByLogin
from nixtui.images.keeping import Keeping
from nixtui.images.references import References
from nixtui.model.image import Image
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall


@dataclass(frozen=True, slots=True)
class Call:
    """One call to AWS. `login` is the profile that it is sent by, where that has a name."""

    service: str
    action: str
    region: str
    parameters: Mapping[str, Any]
    login: str | None = None

    def __str__(self) -> str:
        shown = " ".join(f"{key}={value}" for key, value in self.parameters.items())
        by = f" by {self.login}" if self.login else ""
        return f"{self.service}:{self.action} in {self.region}{by} {shown}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to one image: calls in order. `gives` is the way to the result in the first answer (`ImageId`)."""

    name: str
    calls: tuple[Call, ...]
    before: str | None = None
    after: str | None = None
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    remedy: str | None = None
    gives: str | None = None


def plan_changes(kind: str, title: str, changes: Sequence[Change], irreversible: tuple[str, ...] = ()) -> Plan:
    """The plan of these changes."""
    targets = tuple(
        Target(
            name=change.name,
            before=change.before,
            after=change.after,
            warnings=change.warnings,
            refused=change.refused,
            remedy=change.remedy,
        )
        for change in changes
    )
    steps = tuple(
        Step(change.name, tuple(str(call) for call in change.calls)) for change in changes if change.refused is None
    )
    acting = any(change.refused is None for change in changes)
    return Plan(kind=kind, title=title, targets=targets, steps=steps, irreversible=irreversible if acting else ())


def changing_job(plan: Plan, changes: Sequence[Change], logins: ByLogin) -> Job:
    """The work of such a plan: all images at once, each one's calls in order, each call by its login."""

    async def job(run: Run) -> Report:
        rows = {row.name: row for row in plan.targets}
        reports = await asyncio.gather(
            *(
                _left_out(rows[change.name]) if change.refused is not None else _change(change, logins, run)
                for change in changes
            )
        )
        outcome = overall(report.outcome for report in reports)
        return Report(operation=run.operation, outcome=outcome, targets=tuple(reports))

    return job


async def _left_out(row: Target) -> TargetReport:
    return left_out(row)


async def _change(change: Change, logins: ByLogin, run: Run) -> TargetReport:
    tell = Narrator(run, change.name)
    result = change.after
    report = TargetReport(name=change.name, outcome=Outcome.COMMITTED, before=change.before, after=result)
    began = run.clock()
    for done, call in enumerate(change.calls):
        if run.cancelling.is_set():
            left = f"stopped after {done} of {len(change.calls)} calls"
            return msgspec.structs.replace(report, outcome=Outcome.FAILED, detail=left)
        tell.begin(call.action)
        try:
            answer = await logins.of(call.login).call(call.service, call.action, call.region, **call.parameters)
        except AwsError as error:
            tell.end(False, error.reason)
            outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
            before = f" ({done} of {len(change.calls)} calls were done before)" if done else ""
            return msgspec.structs.replace(
                report, outcome=outcome, detail=f"{error.reason}{before}", remedy=error.remedy
            )
        if done == 0 and change.gives:
            result = _dig(answer, change.gives) or result
        tell.end(True, result if change.gives else None)
    return msgspec.structs.replace(report, after=result, seconds=run.clock() - began)


def _dig(answer: Any, way: str) -> str | None:
    """What is at `way` (`Instances.0.InstanceId`) in an answer; `None` where there is no such thing."""
    for part in way.split("."):
        try:
            answer = answer[int(part) if part.isdecimal() else part]
        except (LookupError, TypeError):
            return None
    return str(answer)


def copy(image: Image, to: str, *, kms_key: str | None = None) -> Change:
    """Into another region, tags with it; the token makes doing it twice one copy."""
    token = sha256(f"{image.identity} {image.region} {to} {kms_key}".encode()).hexdigest()[:48]
    encryption = {"Encrypted": True, "KmsKeyId": kms_key} if kms_key else {}
    parameters = {
        "Name": image.name,
        "SourceImageId": image.identity,
        "SourceRegion": image.region,
        "ClientToken": token,
        "CopyImageTags": True,
        **encryption,
    }
    same = f"{image.identity} is in {to} already" if to == image.region else None
    return Change(
        name=to,
        calls=(Call("ec2", "CopyImage", to, parameters, image.login),),
        before=image.identity,
        after=f"AMI in {to}",
        refused=same,
        gives="ImageId",
    )


def share(image: Image, accounts: Sequence[str], organisations: Sequence[str], *, public: bool) -> Change:
    """With accounts and organisations, the snapshots with the accounts, too, or with everybody."""
    added: list[dict[str, str]] = [{"UserId": each} for each in accounts]
    added += [{"OrganizationArn": each} for each in organisations]
    added += [{"Group": "all"}] if public else []
    calls = [
        Call(
            "ec2",
            "ModifyImageAttribute",
            image.region,
            {"ImageId": image.identity, "LaunchPermission": {"Add": added}},
            image.login,
        )
    ]
    if accounts:
        permission = {"CreateVolumePermission": {"Add": [{"UserId": each} for each in accounts]}}
        calls += [
            Call(
                "ec2",
                "ModifySnapshotAttribute",
                image.region,
                {"SnapshotId": snapshot, "Attribute": "createVolumePermission", **permission},
                image.login,
            )
            for snapshot in image.snapshots
        ]
    warnings = ("everybody at AWS will see it and start it, with all that is on its disk",) if public else ()
    return Change(
        name=f"{image.name} ({image.identity})",
        calls=tuple(calls),
        before=image.visibility,
        after="public" if public else "shared",
        warnings=warnings,
    )


def retire(image: Image, references: References, keeping: Keeping, *, force: bool) -> Change:
    """Deregister it and delete its snapshots. Refused where something would break, unless forced.

    What the recycle bin keeps is paid for until it is gone.
    """
    name = f"{image.name} ({image.identity}, {image.region})"
    reason = None
    if image.protected:
        reason = "it is protected against deregistration"
    elif references.lines and not force:
        reason = "something would break, or that nothing does is not known: " + "; ".join(references.lines)
    remedy = None
    if reason:
        remedy = (
            f"aws ec2 disable-image-deregistration-protection --image-id {image.identity} --region {image.region}"
            f"{by_profile(image.login)}"
            if image.protected
            else "move them to another image first, or add --force"
        )
    at, by = image.region, image.login
    calls = [Call("ec2", "DeregisterImage", at, {"ImageId": image.identity}, by)]
    calls += [Call("ec2", "DeleteSnapshot", at, {"SnapshotId": each}, by) for each in image.snapshots]
    later = " after that" if any(keeping.snapshots.values()) else ""
    freed = f"; frees up to {image.gib} GiB{later}" if image.gib else ""
    return Change(
        name=name,
        calls=tuple(calls),
        before="registered",
        after=f"{keeping.sentence}{freed}",
        warnings=references.lines,
        refused=reason,
        remedy=remedy,
    )


def deprecate(image: Image, at: str) -> Change:
    """From a time on (RFC 3339) others no longer find it; what runs is untouched."""
    parameters = {"ImageId": image.identity, "DeprecateAt": at}
    call = Call("ec2", "EnableImageDeprecation", image.region, parameters, image.login)
    return Change(
        name=f"{image.name} ({image.identity}, {image.region})",
        calls=(call,),
        before="in use",
        after=f"deprecated {at}",
    )
