"""The recycle bin of the demo's AWS: a rule of each region keeps images and snapshots for a fortnight."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from nixtui.demo.cloud_refresh import Refusal
from nixtui.demo.cloud_seed import Cloud

_DAYS = 14
_PERIOD = {"RetentionPeriodValue": _DAYS, "RetentionPeriodUnit": "DAYS"}
_KINDS = {"demo-images": "EC2_IMAGE", "demo-snapshots": "EBS_SNAPSHOT"}


def rules(path: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """rbin:ListRules and GetRule, which are paths of their own."""
    if path == "/list-rules":
        fitting = [name for name, kind in _KINDS.items() if kind == asked.get("ResourceType")]
        return {"Rules": [{"Identifier": each, "RetentionPeriod": _PERIOD} for each in fitting]}
    name = path.rpartition("/")[2]
    return {"Identifier": name, "ResourceType": _KINDS.get(name), "RetentionPeriod": _PERIOD, "Status": "available"}


def put(cloud: Cloud, region: str, identity: str, thing: Any) -> None:
    """It was deleted."""
    cloud.binned[region, identity] = (thing, datetime.now(UTC))


def _delete_snapshot(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:DeleteSnapshot."""
    ec2, identity = cloud.ec2(region), str(asked.get("SnapshotId"))
    if any(ami.ebs_snapshot.id == identity for ami in ec2.amis.values()):
        raise Refusal("InvalidSnapshot.InUse", "The snapshot is currently in use by an image")
    found = ec2.snapshots.pop(identity, None)
    if found is None:
        raise Refusal("InvalidSnapshot.NotFound", "The snapshot does not exist")
    put(cloud, region, identity, found)
    return "<return>true</return>"


def _there(cloud: Cloud, region: str, kind: str) -> Iterator[tuple[str, Any, str]]:
    for (place, identity), (thing, at) in cloud.binned.items():
        if place == region and identity.startswith(kind):
            until = at + timedelta(days=_DAYS)
            yield (
                identity,
                thing,
                (
                    f"<recycleBinEnterTime>{at:%Y-%m-%dT%H:%M:%S.000Z}</recycleBinEnterTime>"
                    f"<recycleBinExitTime>{until:%Y-%m-%dT%H:%M:%S.000Z}</recycleBinExitTime>"
                ),
            )


def _images(cloud: Cloud, region: str, _: Mapping[str, Any]) -> str:
    """ec2:ListImagesInRecycleBin."""
    items = "".join(
        f"<item><imageId>{identity}</imageId><name>{escape(str(ami.name))}</name>{times}</item>"
        for identity, ami, times in _there(cloud, region, "ami-")
    )
    return f"<imageSet>{items}</imageSet>"


def _snapshots(cloud: Cloud, region: str, _: Mapping[str, Any]) -> str:
    """ec2:ListSnapshotsInRecycleBin; each is described by the image that was made of it, as by CreateImage."""
    owners = {ami.ebs_snapshot.id: identity for identity, ami, _ in _there(cloud, region, "ami-")}
    items = "".join(
        f"<item><snapshotId>{identity}</snapshotId>"
        f"<description>{f'Created for {owners[identity]}' if identity in owners else ''}</description>{times}</item>"
        for identity, _, times in _there(cloud, region, "snap-")
    )
    return f"<snapshotSet>{items}</snapshotSet>"


def _restore(name: str, back: Callable[[Any, str, Any], None]) -> Callable[[Cloud, str, Mapping[str, Any]], str]:
    def restore(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
        identity = str(asked.get(name))
        if (region, identity) not in cloud.binned:
            raise Refusal(f"Invalid{'AMIID' if name == 'ImageId' else 'Snapshot'}.NotFound", "it is not in the bin")
        thing, _ = cloud.binned.pop((region, identity))
        back(cloud.ec2(region), identity, thing)
        return "<return>true</return>"

    return restore


def _image_back(ec2: Any, identity: str, ami: Any) -> None:
    ec2.deleted_amis.remove(identity)
    ec2.amis[identity] = ami


def _snapshot_back(ec2: Any, identity: str, snapshot: Any) -> None:
    ec2.snapshots[identity] = snapshot


BIN = {
    "DeleteSnapshot": _delete_snapshot,
    "ListImagesInRecycleBin": _images,
    "ListSnapshotsInRecycleBin": _snapshots,
    "RestoreImageFromRecycleBin": _restore("ImageId", _image_back),
    "RestoreSnapshotFromRecycleBin": _restore("SnapshotId", _snapshot_back),
}
