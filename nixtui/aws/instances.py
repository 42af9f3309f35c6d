"""The instances of a region, read page by page in a thread."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from nixtui.aws.session import Session

_PAGE = 200
"""Half a megabyte of XML, which holds up the interpreter for 20 ms; the thousand that EC2 would give does for 100."""
_ALIVE = ["pending", "running", "stopping", "stopped"]


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance. Addresses and names are `None` where it has none.

    `launched_at` is when it was started last, `created_at` when it was made, which only its first interface tells.
    `profile` is its own, which gives it a role; `login` is the AWS profile by which it was seen, where that has a name.
    """

    identity: str
    region: str
    state: str
    private_address: str | None = None
    public_address: str | None = None
    private_name: str | None = None
    public_name: str | None = None
    kind: str | None = None
    zone: str | None = None
    image: str | None = None
    launched_at: float | None = None
    created_at: float | None = None
    architecture: str | None = None
    boot_mode: str | None = None
    key_pair: str | None = None
    profile: str | None = None
    subnet: str | None = None
    security_groups: tuple[str, ...] = ()
    login: str | None = None
    account: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})

    @property
    def whereabouts(self) -> tuple[str | None, str, str]:
        """Account, region and id: what is one instance, whichever login tells of it."""
        return self.account or self.login, self.region, self.identity

    @property
    def name(self) -> str:
        """Its `Name` tag, else its id."""
        return self.tags.get("Name") or self.identity

    @property
    def group(self) -> str | None:
        """The auto scaling group that it is in, by the tag that AWS sets and nobody else can."""
        return self.tags.get("aws:autoscaling:groupName")

    @property
    def template(self) -> tuple[str, str] | None:
        """Launch template (its id) and version that it was started from, by the tags that AWS sets."""
        template = self.tags.get("aws:ec2launchtemplate:id")
        return (template, self.tags.get("aws:ec2launchtemplate:version", "")) if template else None


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
    return [
        read_instance(each, region, session.profile, group.get("OwnerId"))
        for group in found
        for each in group.get("Instances", ())
    ]


def read_instance(
    told: Mapping[str, Any], region: str, login: str | None = None, account: str | None = None
) -> Instance:
    """An instance of DescribeInstances, as `login` sees it."""
    return Instance(
        identity=str(told["InstanceId"]),
        region=region,
        state=str(told.get("State", {}).get("Name", "unknown")),
        private_address=told.get("PrivateIpAddress") or None,
        public_address=told.get("PublicIpAddress") or None,
        private_name=told.get("PrivateDnsName") or None,
        public_name=told.get("PublicDnsName") or None,
        kind=told.get("InstanceType"),
        zone=told.get("Placement", {}).get("AvailabilityZone"),
        image=told.get("ImageId"),
        launched_at=launched.timestamp() if (launched := told.get("LaunchTime")) else None,
        created_at=_created(told),
        architecture=told.get("Architecture"),
        boot_mode=told.get("CurrentInstanceBootMode") or told.get("BootMode"),
        key_pair=told.get("KeyName"),
        profile=told.get("IamInstanceProfile", {}).get("Arn"),
        subnet=told.get("SubnetId"),
        security_groups=tuple(str(each["GroupId"]) for each in told.get("SecurityGroups", ())),
        login=login,
        account=account,
        tags={str(tag["Key"]): str(tag["Value"]) for tag in told.get("Tags", ())},
    )


def _created(told: Mapping[str, Any]) -> float | None:
    """The first interface cannot be detached, so it was attached when the instance was made."""
    attached = (each.get("Attachment", {}) for each in told.get("NetworkInterfaces", ()))
    first = next((each.get("AttachTime") for each in attached if each.get("DeviceIndex") == 0), None)
    return first.timestamp() if first else None
