"""The instances that say by their tags that they are of a stack, and whose stack that is."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.instances import Instance, read_instance
from nixtui.aws.session import Session
from nixtui.model.stack import TAG_FLEET, TAG_HOST, TAG_STACK, fleet_name

_GONE = frozenset({"shutting-down", "terminated"})
_PAGE = 200


class Disk(msgspec.Struct, frozen=True):
    """A volume of an instance; `goes` is whether it goes with it."""

    volume: str
    device: str
    goes: bool


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One instance with the tags of a stack.

    `token` is the client token that it was made with, `owner` the account. `stays` are what it leaves behind beside
    volumes: interfaces and elastic addresses. `code` and `reason` are EC2's for the state that it is in.
    """

    instance: Instance
    stack: str
    host: str
    fleet: str
    owner: str | None = None
    token: str | None = None
    lifecycle: str = "on-demand"
    disks: tuple[Disk, ...] = ()
    stays: tuple[str, ...] = ()
    code: str | None = None
    reason: str | None = None

    @property
    def identity(self) -> str:
        """Its id."""
        return self.instance.identity

    @property
    def state(self) -> str:
        """As EC2 calls it."""
        return self.instance.state

    @property
    def is_gone(self) -> bool:
        """It is terminated, or about to be; nothing brings it back."""
        return self.state in _GONE

    @property
    def called(self) -> str:
        """What the fleet calls it."""
        return fleet_name(self.stack, self.host) if self.host else self.identity


class Stack(msgspec.Struct, frozen=True):
    """One stack of one fleet in one region of one account: what has all of that is of it, and nothing else."""

    name: str
    region: str
    fleet: str
    account: str

    def has(self, member: Member) -> bool:
        """Whether an instance is of this very stack."""
        theirs = member.stack, member.instance.region, member.fleet, member.owner
        return theirs == (self.name, self.region, self.fleet, self.account) and bool(member.host)


async def stack_here(session: Session, name: str, region: str, fleet: str) -> Stack:
    """The stack of this login's account. Raises `AwsError`."""
    told = await session.call("sts", "GetCallerIdentity", region)
    return Stack(name, region, fleet, str(told["Account"]))


async def list_members(session: Session, region: str, stack: str | None = None) -> list[Member]:
    """Every instance of a region with the tag of that stack, or of any; also those that are gone, while EC2 shows
    them (about an hour). Raises `AwsError`.
    """
    tag = {"Name": "tag-key", "Values": [TAG_STACK]}
    if stack is not None:
        tag = {"Name": f"tag:{TAG_STACK}", "Values": [stack]}
    return await _members(session, region, Filters=[tag], PaginationConfig={"PageSize": _PAGE})


async def find_member(session: Session, region: str, identity: str) -> Member | None:
    """One instance as it is now; `None` where EC2 knows none by that id (yet, or any more). Raises `AwsError`."""
    try:
        found = await _members(session, region, InstanceIds=[identity])
    except AwsError as error:
        if error.kind is Kind.NOT_FOUND:
            return None
        raise
    return next(iter(found), None)


async def with_token(session: Session, region: str, token: str) -> list[Member]:
    """The instances that were made with this client token. Raises `AwsError`."""
    return await _members(session, region, Filters=[{"Name": "client-token", "Values": [token]}])


async def _members(session: Session, region: str, **asked: Any) -> list[Member]:
    groups = await session.pages("ec2", "DescribeInstances", region, "Reservations", **asked)
    return [read_member(each, region, group.get("OwnerId")) for group in groups for each in group.get("Instances", ())]


def read_member(told: Mapping[str, Any], region: str, owner: str | None) -> Member:
    """An instance of DescribeInstances, with the owner of its reservation."""
    instance = read_instance(told, region)
    tags = instance.tags
    return Member(
        instance=instance,
        stack=tags.get(TAG_STACK, ""),
        host=tags.get(TAG_HOST, ""),
        fleet=tags.get(TAG_FLEET, ""),
        owner=owner,
        token=told.get("ClientToken") or None,
        lifecycle=str(told.get("InstanceLifecycle") or "on-demand"),
        disks=tuple(
            Disk(
                str(each["Ebs"]["VolumeId"]), str(each.get("DeviceName")), bool(each["Ebs"].get("DeleteOnTermination"))
            )
            for each in told.get("BlockDeviceMappings", ())
            if "VolumeId" in each.get("Ebs", {})
        ),
        stays=tuple(_left_behind(told.get("NetworkInterfaces", ()))),
        code=told.get("StateReason", {}).get("Code") or None,
        reason=told.get("StateReason", {}).get("Message") or None,
    )


def _left_behind(interfaces: Sequence[Mapping[str, Any]]) -> list[str]:
    told = []
    for each in interfaces:
        if each.get("Attachment", {}).get("DeleteOnTermination") is False:
            told.append(f"interface {each.get('NetworkInterfaceId')}")
        association = each.get("Association", {})
        if association.get("IpOwnerId") not in (None, "amazon"):
            told.append(f"elastic address {association.get('PublicIp')}")
    return told
