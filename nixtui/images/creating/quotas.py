"""How much room the account's quotas leave, as Service Quotas tells; what it does not tell is not guessed."""

import asyncio

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session
from nixtui.images.creating.recipe import Recipe
from nixtui.images.obstacle import Findings, stands_in_the_way

_AMIS = ("ec2", "L-B665C33B", "AMIs")
_PUBLIC_AMIS = ("ec2", "L-0E3CBAB9", "public AMIs")
_MOST_PENDING = 100
"""Pending snapshots an account may have, of EBS direct too; Service Quotas does not list it under one code."""


async def look_at_quotas(session: Session, recipe: Recipe, *, sends: bool) -> Findings:
    """The quotas of every region that an image is added in. Raises `AwsError` for expired credentials."""
    found = await asyncio.gather(
        *(_images(session, region, _AMIS) for region in (recipe.region, *recipe.copies)),
        *(_images(session, region, _PUBLIC_AMIS) for region in (recipe.region, *recipe.copies) if recipe.public),
        *([_pending(session, recipe.region)] if sends else []),
    )
    whole = Findings()
    for each in found:
        whole += each
    return Findings(whole.obstacles, tuple(dict.fromkeys(whole.notes)))


async def _images(session: Session, region: str, quota: tuple[str, str, str]) -> Findings:
    service, code, what = quota
    try:
        answer = await session.call("service-quotas", "GetServiceQuota", region, ServiceCode=service, QuotaCode=code)
        most = int(answer["Quota"]["Value"])
        public = [{"Name": "is-public", "Values": ["true"]}] if quota is _PUBLIC_AMIS else []
        have = len(await session.pages("ec2", "DescribeImages", region, "Images", Owners=["self"], Filters=public))
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return Findings(notes=(f"how many {what} the account may have in {region} is not known: {error.reason}",))
    if have < most:
        return Findings()
    return stands_in_the_way(
        "quota",
        f"the quota of {what} in {region} is reached: {have} of {most}",
        f"retire old images, or ask for more: aws service-quotas request-service-quota-increase --service-code "
        f"{service} --quota-code {code} --desired-value {most * 2} --region {region}",
    )


async def _pending(session: Session, region: str) -> Findings:
    filters = [{"Name": "status", "Values": ["pending"]}]
    found = await session.pages("ec2", "DescribeSnapshots", region, "Snapshots", OwnerIds=["self"], Filters=filters)
    if len(found) < _MOST_PENDING:
        return Findings()
    return stands_in_the_way(
        "quota",
        f"{len(found)} snapshots are pending in {region}, and EBS takes no more than {_MOST_PENDING}",
        f"wait until they are complete, or discard some: nixtui image left --region {region}",
    )
