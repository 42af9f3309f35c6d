"""The recycle bin of the demo's AWS: what is retired lies there for two weeks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import escape

from nixtui.demo.cloud_refresh import Refusal
from nixtui.demo.cloud_seed import Cloud

_DAYS: Final = 14
_KINDS: Final = {"EC2_IMAGE": "images", "EBS_SNAPSHOT": "snapshots"}


@dataclass(frozen=True, slots=True)
class Binned:
    """An image or a snapshot of moto's that nobody finds for now. `kind` is the last word of the list it is in."""

    region: str
    kind: str
    identity: str
    what: Any
    entered_at: datetime


def throw_away(cloud: Cloud, region: str, identity: str, *, with_snapshot: bool) -> None:
    """Deregister an image of this region, and perhaps delete its snapshot."""
    ec2, now = cloud.ec2(region), datetime.now(UTC)
    image = ec2.amis[identity]
    ec2.deregister_image(identity)
    cloud.bin.append(Binned(region, "images", identity, image, now))
    if with_snapshot and (snapshot := ec2.snapshots.pop(image.ebs_snapshot.id, None)) is not None:
        cloud.bin.append(Binned(region, "snapshots", snapshot.id, snapshot, now))


def _there(cloud: Cloud, region: str, kind: str) -> Iterator[Binned]:
    since = datetime.now(UTC) - timedelta(days=_DAYS)
    return (each for each in cloud.bin if (each.region, each.kind) == (region, kind) and each.entered_at > since)


def _images(cloud: Cloud, region: str, _asked: Mapping[str, Any]) -> str:
    """ec2:ListImagesInRecycleBin."""
    items = "".join(
        f"<item><imageId>{each.identity}</imageId><name>{escape(each.what.name)}</name>{_times(each)}</item>"
        for each in _there(cloud, region, "images")
    )
    return f"<imageSet>{items}</imageSet>"


def _snapshots(cloud: Cloud, region: str, _asked: Mapping[str, Any]) -> str:
    """ec2:ListSnapshotsInRecycleBin."""
    items = "".join(
        f"<item><snapshotId>{each.identity}</snapshotId><description>{escape(each.what.description or '')}"
        f"</description>{_times(each)}</item>"
        for each in _there(cloud, region, "snapshots")
    )
    return f"<snapshotSet>{items}</snapshotSet>"


def _times(each: Binned) -> str:
    ends = each.entered_at + timedelta(days=_DAYS)
    return (
        f"<recycleBinEnterTime>{each.entered_at:%Y-%m-%dT%H:%M:%S}.000Z</recycleBinEnterTime>"
        f"<recycleBinExitTime>{ends:%Y-%m-%dT%H:%M:%S}.000Z</recycleBinExitTime>"
    )


def _back(cloud: Cloud, region: str, kind: str, identity: str) -> Any:
    for each in _there(cloud, region, kind):
        if each.identity == identity:
            cloud.bin.remove(each)
            return each.what
    raise Refusal(f"Invalid{'AMI' if kind == 'images' else 'Snapshot'}.NotFound", f"{identity} is not in the bin")


def _restore_image(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:RestoreImageFromRecycleBin."""
    identity = str(asked.get("ImageId"))
    image = _back(cloud, region, "images", identity)
    cloud.ec2(region).amis[identity] = image
    cloud.gone.pop(identity, None)
    return "<return>true</return>"


def _restore_snapshot(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:RestoreSnapshotFromRecycleBin."""
    identity = str(asked.get("SnapshotId"))
    cloud.ec2(region).snapshots[identity] = _back(cloud, region, "snapshots", identity)
    return f"<snapshotId>{identity}</snapshotId><status>completed</status>"


def list_rules(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """rbin:ListRules: one for each kind, of the whole region."""
    kind = str(asked.get("ResourceType"))
    return {"Rules": [{"Identifier": kind}] if kind in _KINDS else []}


def rule(identifier: str) -> Mapping[str, Any]:
    """rbin:GetRule."""
    period = {"RetentionPeriodValue": _DAYS, "RetentionPeriodUnit": "DAYS"}
    return {
        "Identifier": identifier,
        "ResourceType": identifier,
        "RetentionPeriod": period,
        "ResourceTags": [],
        "Status": "available",
    }


BIN: Mapping[str, Callable[[Cloud, str, Mapping[str, Any]], Any]] = {
    "ListImagesInRecycleBin": _images,
    "ListSnapshotsInRecycleBin": _snapshots,
    "RestoreImageFromRecycleBin": _restore_image,
    "RestoreSnapshotFromRecycleBin": _restore_snapshot,
}
"""By action."""
