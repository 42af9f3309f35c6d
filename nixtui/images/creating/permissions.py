"""Whether these credentials may do all that a recipe takes, as EC2 tells without doing it (`DryRun`)."""

import asyncio
from collections.abc import Iterator
from typing import Any

from nixtui.aws.errors import AwsError, Kind, iam_statement
from nixtui.aws.session import Session
from nixtui.images.creating.recipe import Recipe
from nixtui.images.obstacle import Findings, stands_in_the_way

_NO_IMAGE, _NO_INSTANCE, _NO_SNAPSHOT = "ami-00000000000000000", "i-00000000000000000", "snap-00000000000000000"
"""Of the right shape, and nobody's. That there is no such thing is only told to those who may ask."""

_TAGS = [{"Key": "nixtui:dry-run", "Value": "1"}]
NOT_ASKED = "whether ebs:StartSnapshot, PutSnapshotBlock and CompleteSnapshot are allowed shows when they are called"
"""EBS direct knows no dry run; nor do service quotas and SSM."""


async def try_permissions(session: Session, recipe: Recipe, *, sends: bool) -> Findings:
    """Every call of EC2 that will be made, tried in every region. Raises `AwsError` for expired credentials."""
    calls = list(_calls(recipe))
    answers = await asyncio.gather(
        *(_denied(session, action, region, parameters) for action, region, parameters in calls)
    )
    denied: dict[str, list[str]] = {}
    for (action, region, _), refused in zip(calls, answers, strict=True):
        if refused:
            denied.setdefault(region, []).append(f"ec2:{action}")
    found = Findings(notes=(NOT_ASKED,) if sends else ())
    for region, actions in denied.items():
        found += stands_in_the_way(
            "permissions",
            f"these credentials may not call {', '.join(actions)} in {region}",
            f"add to their policy: {iam_statement(*actions)}",
        )
    return found


def _calls(recipe: Recipe) -> Iterator[tuple[str, str, dict[str, Any]]]:
    home = recipe.region
    yield "RegisterImage", home, {"Name": recipe.name}
    yield "CreateTags", home, {"Resources": [_NO_SNAPSHOT], "Tags": _TAGS}
    if recipe.boot_check:
        one = {"MinCount": 1, "MaxCount": 1, "InstanceType": recipe.boot_check.kind}
        yield "RunInstances", home, {"ImageId": _NO_IMAGE, **one}
        yield "TerminateInstances", home, {"InstanceIds": [_NO_INSTANCE]}
        yield "DescribeInstanceStatus", home, {}
        yield "GetConsoleOutput", home, {"InstanceId": _NO_INSTANCE}
    for region in recipe.copies:
        yield "CopyImage", region, {"Name": recipe.name, "SourceImageId": _NO_IMAGE, "SourceRegion": home}
    for region in (home, *recipe.copies):
        if recipe.is_shared:
            everybody = {"Add": [{"Group": "all"}]}
            yield "ModifyImageAttribute", region, {"ImageId": _NO_IMAGE, "LaunchPermission": everybody}
        if recipe.deprecate_at:
            yield "EnableImageDeprecation", region, {"ImageId": _NO_IMAGE, "DeprecateAt": recipe.deprecate_at}


async def _denied(session: Session, action: str, region: str, parameters: dict[str, Any]) -> bool:
    try:
        await session.call("ec2", action, region, DryRun=True, **parameters)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return error.code == "UnauthorizedOperation"
    return False
