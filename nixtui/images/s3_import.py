"""The way round EBS direct: the image as an object in S3, from which the VM import service makes a snapshot.

Slower, and it takes a bucket and a role; for accounts and networks where EBS direct is not open. What the service
would fail on after half an hour is looked at beforehand (VM Import/Export user guide, "Required permissions").
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session
from nixtui.images.obstacle import Findings, stands_in_the_way

ROLE = "vmimport"
SERVICE = "vmie.amazonaws.com"
_EXTERNAL_ID = "vmimport"
_ON_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket")
_ON_OBJECTS = ("s3:GetObject",)
_ON_SNAPSHOTS = ("ec2:ModifySnapshotAttribute", "ec2:CopySnapshot", "ec2:RegisterImage", "ec2:DescribeSnapshots")

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:Externalid": _EXTERNAL_ID}},
        }
    ],
}
"""Who may take the role on: the service, and only with this external id."""


@dataclass(frozen=True, slots=True)
class Detour:
    """Where the object goes and whose rights the service uses."""

    bucket: str
    role: str = ROLE


def role_policy(bucket: str) -> dict[str, Any]:
    """What the role has to be allowed."""
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [*_ON_BUCKET, *_ON_OBJECTS], "Resource": [arn, f"{arn}/*"]},
            {"Effect": "Allow", "Action": list(_ON_SNAPSHOTS), "Resource": "*"},
        ],
    }


async def check_detour(session: Session, region: str, detour: Detour) -> Findings:
    """Bucket, role and the right to import. Raises `AwsError` for expired credentials."""
    found = await asyncio.gather(
        _bucket(session, region, detour.bucket), _role(session, region, detour), _may_import(session, region)
    )
    whole = Findings()
    for each in found:
        whole += each
    return whole


async def _bucket(session: Session, region: str, bucket: str) -> Findings:
    """It has to be there, ours, and in the region of the snapshot."""
    try:
        answer = await session.call("s3", "HeadBucket", region, Bucket=bucket)
    except AwsError as error:
        if error.kind is Kind.EXPIRED or error.may_pass:
            raise
        if error.code in ("404", "NoSuchBucket", "NotFound"):
            return stands_in_the_way(
                "bucket",
                f"there is no bucket {bucket}",
                f"make it: aws s3 mb s3://{bucket} --region {region}",
            )
        if error.code in ("301", "PermanentRedirect"):
            return stands_in_the_way("bucket", f"bucket {bucket} is in another region than {region}", _ANOTHER_BUCKET)
        return stands_in_the_way(
            "bucket", f"these credentials may not use bucket {bucket}", "choose another --via-s3, or ask its owner"
        )
    place = answer.get("BucketRegion") or region
    if place == region:
        return Findings()
    return stands_in_the_way("bucket", f"bucket {bucket} is in {place}, the snapshot in {region}", _ANOTHER_BUCKET)


_ANOTHER_BUCKET = "choose a bucket in the snapshot's region; the service takes no other"


async def _role(session: Session, region: str, detour: Detour) -> Findings:
    """The role has to trust the service, and to be allowed to read the object and make the snapshot."""
    try:
        answer = await session.call("iam", "GetRole", region, RoleName=detour.role)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        if error.code != "NoSuchEntity":
            return Findings(notes=(f"whether role {detour.role} is as it has to be is not known: {error.reason}",))
        return stands_in_the_way("role", f"there is no role {detour.role}", _how_to_make(detour))
    role = answer["Role"]
    if not _trusts(role.get("AssumeRolePolicyDocument")):
        return stands_in_the_way(
            "role",
            f"role {detour.role} does not let {SERVICE} take it on",
            f"aws iam update-assume-role-policy --role-name {detour.role} --policy-document '{json.dumps(TRUST)}'",
        )
    return await _allowed(session, region, detour, str(role["Arn"]))


def _how_to_make(detour: Detour) -> str:
    trust, policy = json.dumps(TRUST), json.dumps(role_policy(detour.bucket))
    return (
        f"aws iam create-role --role-name {detour.role} --assume-role-policy-document '{trust}' && "
        f"aws iam put-role-policy --role-name {detour.role} --policy-name import --policy-document '{policy}'"
    )


def _trusts(document: Any) -> bool:
    """Whether a trust policy lets the service in; botocore has decoded it."""
    statements = document.get("Statement", []) if isinstance(document, Mapping) else []
    for each in [statements] if isinstance(statements, Mapping) else statements:
        services = each.get("Principal", {}).get("Service", []) if isinstance(each.get("Principal"), Mapping) else []
        named = [services] if isinstance(services, str) else services
        wanted = {
            str(value)
            for condition in each.get("Condition", {}).values()
            for key, value in condition.items()
            if key.lower() == "sts:externalid"
        }
        if each.get("Effect") == "Allow" and SERVICE in named and wanted <= {_EXTERNAL_ID}:
            return True
    return False


async def _allowed(session: Session, region: str, detour: Detour, arn: str) -> Findings:
    bucket = f"arn:aws:s3:::{detour.bucket}"
    asked = ((_ON_BUCKET, [bucket]), (_ON_OBJECTS, [f"{bucket}/nixtui/image"]), (_ON_SNAPSHOTS, ["*"]))
    try:
        answers = await asyncio.gather(*(_simulated(session, region, arn, *each) for each in asked))
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return Findings(notes=(f"what role {detour.role} is allowed is not known: {error.reason}",))
    denied = [action for some in answers for action in some]
    if not denied:
        return Findings()
    policy = json.dumps(role_policy(detour.bucket))
    return stands_in_the_way(
        "role",
        f"role {detour.role} may not {', '.join(denied)}",
        f"aws iam put-role-policy --role-name {detour.role} --policy-name import --policy-document '{policy}'",
    )


async def _simulated(
    session: Session, region: str, arn: str, actions: Sequence[str], resources: Sequence[str]
) -> list[str]:
    """Those of `actions` that the role may not do."""
    answer = await session.call(
        "iam",
        "SimulatePrincipalPolicy",
        region,
        PolicySourceArn=arn,
        ActionNames=list(actions),
        ResourceArns=list(resources),
    )
    return [str(each["EvalActionName"]) for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]


async def _may_import(session: Session, region: str) -> Findings:
    try:
        await session.call("ec2", "ImportSnapshot", region, DryRun=True)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        if error.code == "UnauthorizedOperation":
            return stands_in_the_way("permissions", error.reason, error.remedy or "")
    return Findings()
