"""The instances of a region, read page by page in a thread."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from nixtui.aws.session import Session

_PAGE = 1000
_ALIVE = ["pending", "running", "stopping", "stopped"]


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance. Addresses are `None` where it has none."""

    identity: str
    region: str
    state: str
    private_address: str | None = None
    public_address: str | None = None
    kind: str | None = None
    zone: str | None = None
    image: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})


async def list_instances(session: Session, region: str, filters: Mapping[str, str]) -> list[Instance]:
    """Those that are not gone and match `filters` (EC2's names; commas separate values). Raises `AwsError`."""
    wanted = [{"Name": name, "Values": [each.strip() for each in value.split(",")]} for name, value in filters.items()]
    if "instance-state-name" not in filters:
        wanted.append({"Name": "instance-state-name", "Values": _ALIVE})
    found = await session.pages(
        "ec2",
        "DescribeInstances",
        region,
        "Reservations",
        Filters=wanted,
        PaginationConfig={"PageSize": _PAGE},
    )
    return [_instance(each, region) for group in found for each in group.get("Instances", ())]


def _instance(told: Mapping[str, Any], region: str) -> Instance:
    return Instance(
        identity=str(told["InstanceId"]),
        region=region,
        state=str(told.get("State", {}).get("Name", "unknown")),
        private_address=told.get("PrivateIpAddress") or None,
        public_address=told.get("PublicIpAddress") or None,
        kind=told.get("InstanceType"),
        zone=told.get("Placement", {}).get("AvailabilityZone"),
        image=told.get("ImageId"),
        tags={str(tag["Key"]): str(tag["Value"]) for tag in told.get("Tags", ())},
    )
