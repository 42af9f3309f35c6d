"""The recycle bin beside the whole account on loopback, as the documents on Recycle Bin have it.

What matches a rule that is available when it is deleted goes into the bin, for the longest period that fits; an image
comes back only while all of its snapshots are there. Listings have one thing a page.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.aws.fake_aws import REGION, Snapshot
from tests.aws.fake_cloud import FakeCloud, ImageOfFake, Refusal

DAY_S = 86400
ENTERED = 1_795_000_000
"""When everything enters, unless a test says otherwise: what a listing says hangs on no clock."""


class FakeBin(FakeCloud):
    """`rules` are by id, in the words of GetRule. Only the first region has any."""

    def __init__(self, directory: Path, **options: Any) -> None:
        super().__init__(directory, **options)
        self.rules: dict[str, dict[str, Any]] = {}
        self.now = ENTERED
        self._made = 0
        self.binned: dict[str, tuple[ImageOfFake | Snapshot, int]] = {}

    def an_image(self, name: str, count: int = 1, describe: str | None = None, **tags: str) -> str:
        """A registered one with so many snapshots, tagged alike, which are described as nixtui does it."""
        snapshots = []
        for _ in range(count):
            identity = self._next("snap")
            asked = {"Description": name if describe is None else describe, "Tags": _pairs(tags)}
            path = self._directory / identity
            self.snapshots[identity] = Snapshot(identity, 8, asked, path, state="completed")
            snapshots.append(identity)
        identity = self._next("ami")
        self.images[identity] = ImageOfFake(identity, REGION, {"Name": name}, snapshots, dict(tags), state="available")
        return identity

    def _next(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._made:08x}"

    def rule(self, kind: str, days: int, *, status: str = "available", **more: dict[str, str]) -> str:
        """One more rule; `ResourceTags` and `ExcludeResourceTags` as dictionaries."""
        assert kind in ("EC2_IMAGE", "EBS_SNAPSHOT") and 1 <= days <= 365 and len(more) <= 1
        identity = f"rule{len(self.rules):07}"
        tags = {
            name: [{"ResourceTagKey": key, "ResourceTagValue": value} for key, value in given.items()]
            for name, given in more.items()
        }
        period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
        self.rules[identity] = {"ResourceType": kind, "RetentionPeriod": period, "Status": status, **tags}
        return identity

    async def _answer(self, method, target, headers, body) -> tuple[int, dict[str, str], bytes]:
        if "/rbin/" not in headers["authorization"]:
            return await super()._answer(method, target, headers, body)
        self._check_signature(method, target, headers, body)
        action = "ListRules" if (method, target) == ("POST", "/list-rules") else "GetRule"
        self.calls[action] += 1
        if action in self.denied:
            raise Refusal(403, "AccessDeniedException", "not allowed")
        if action == "ListRules":
            return 200, {}, json.dumps(self._listed(json.loads(body))).encode()
        assert (method, target[:7]) == ("GET", "/rules/")
        if (found := self.rules.get(target[7:])) is None:
            raise Refusal(404, "ResourceNotFoundException", "there is no such rule")
        return 200, {}, json.dumps({"Identifier": target[7:], **found}).encode()

    def _listed(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("ResourceType") not in ("EC2_IMAGE", "EBS_SNAPSHOT", "EBS_VOLUME"):
            raise Refusal(400, "ValidationException", "ResourceType")
        fitting = [each for each, rule in self.rules.items() if rule["ResourceType"] == asked["ResourceType"]]
        told = [{"Identifier": each, "RetentionPeriod": self.rules[each]["RetentionPeriod"]} for each in fitting]
        return _page("Rules", told, asked.get("NextToken"))

    # Into the bin

    def _bin(self, kind: str, identity: str, thing: ImageOfFake | Snapshot, tags: dict[str, str]) -> None:
        fitting = [rule for rule in self.rules.values() if rule["ResourceType"] == kind and _keeps(rule, tags)]
        if fitting:
            days = max(rule["RetentionPeriod"]["RetentionPeriodValue"] for rule in fitting)
            self.binned[identity] = (thing, self.now + days * DAY_S)

    def _do_deregister_image(self, form, region):
        image = self.images.get(form["ImageId"])
        if image is None or image.region != region:
            raise Refusal(400, "InvalidAMIID.NotFound", "it does not exist")
        del self.images[image.identity]
        self._bin("EC2_IMAGE", image.identity, image, image.tags)
        return {"return": "true"}

    def _do_delete_snapshot(self, form, region):
        snapshot = self.snapshots.get(form["SnapshotId"])
        answer = super()._do_delete_snapshot(form, region)
        assert snapshot is not None
        self._bin("EBS_SNAPSHOT", snapshot.identity, snapshot, self.tags_of(snapshot))
        return answer

    # Out of it

    def _do_list_images_in_recycle_bin(self, form, region):
        told = [
            {"imageId": each.identity, "name": each.request["Name"], **_times(self.now, until)}
            for each, until in self.binned.values()
            if isinstance(each, ImageOfFake) and region == REGION
        ]
        return _page("imageSet", told, form.get("NextToken"), "nextToken")

    def _do_list_snapshots_in_recycle_bin(self, form, region):
        told = [
            {"snapshotId": each.identity, "description": each.request["Description"], **_times(self.now, until)}
            for each, until in self.binned.values()
            if isinstance(each, Snapshot) and region == REGION
        ]
        return _page("snapshotSet", told, form.get("NextToken"), "nextToken")

    def _do_restore_image_from_recycle_bin(self, form, region):
        image, _ = self.binned.get(form["ImageId"], (None, 0))
        if not isinstance(image, ImageOfFake):
            raise Refusal(400, "InvalidAMIID.NotFound", "it is not in the recycle bin")
        for each in image.snapshots:
            if each not in self.snapshots:
                raise Refusal(400, "InvalidSnapshot.NotFound", f"The snapshot '{each}' does not exist.")
        del self.binned[image.identity]
        self.images[image.identity] = image
        return {"return": "true"}

    def _do_restore_snapshot_from_recycle_bin(self, form, region):
        snapshot, _ = self.binned.get(form["SnapshotId"], (None, 0))
        if not isinstance(snapshot, Snapshot):
            raise Refusal(400, "InvalidSnapshot.NotFound", "it is not in the recycle bin")
        del self.binned[snapshot.identity]
        self.snapshots[snapshot.identity] = snapshot
        return {"snapshotId": snapshot.identity}


def _keeps(rule: dict[str, Any], tags: dict[str, str]) -> bool:
    def has(given: list[dict[str, str]]) -> bool:
        return any(tags.get(each["ResourceTagKey"]) == each["ResourceTagValue"] for each in given)

    if rule["Status"] != "available":
        return False
    return has(rule["ResourceTags"]) if "ResourceTags" in rule else not has(rule.get("ExcludeResourceTags", []))


def _times(since: int, until: int) -> dict[str, str]:
    def when(at: int) -> str:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.000Z}"

    return {"recycleBinEnterTime": when(since), "recycleBinExitTime": when(until)}


def _page(key: str, told: list[Any], token: str | None, next_token: str = "NextToken") -> dict[str, Any]:
    place = int(token or 0)
    more = {next_token: str(place + 1)} if place + 1 < len(told) else {}
    return {key: told[place : place + 1], **more}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
