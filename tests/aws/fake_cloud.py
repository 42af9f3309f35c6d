"""More of AWS around the strict EBS direct: images in regions, instances that boot, parameters, quotas, an S3 import.

What the real ones would refuse is refused: a name that is taken, a snapshot that is not complete, an instance type that
cannot start an image, a dry run that is not allowed. Time goes on by one look for everything that takes time.
"""

import json
import os
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.aws.fake_aws import REGION, FakeAws, Faults, Refusal, Snapshot

BOOTED = """\
<<< NixOS Stage 2 >>>
running activation script...
[  OK  ] Reached target \x1b[0;1;39mMulti-User System\x1b[0m.
nixtui boot check: running {system}
"""


@dataclass
class ImageOfFake:
    """One AMI; `looks` until it is available."""

    identity: str
    region: str
    request: dict[str, Any]
    snapshots: list[str]
    tags: dict[str, str]
    looks: int = 1
    state: str = "pending"
    reason: str = ""
    launchers: list[dict[str, str]] = field(default_factory=list)
    deprecated: str | None = None

    @property
    def snapshot(self) -> str:
        return self.snapshots[0]


@dataclass
class InstanceOfFake:
    """One instance; `looks` until it is up."""

    identity: str
    image: str
    request: dict[str, Any]
    tags: dict[str, str]
    state: str = "pending"
    looks: int = 2
    reason: str = ""


class FakeCloud(FakeAws):
    """A whole account. `console` is what instances print; `{system}` is the `nixtui:system` tag of their image."""

    def __init__(self, directory: Path, **options: Any) -> None:
        super().__init__(directory, **options)
        self.regions = {REGION: "opt-in-not-required", "us-east-1": "opt-in-not-required", "me-south-1": "not-opted-in"}
        self.images: dict[str, ImageOfFake] = {}
        self.instances: dict[str, InstanceOfFake] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.parameters: dict[tuple[str, str], str] = {}
        self.quotas: dict[str, int] = {"L-B665C33B": 50000, "L-0E3CBAB9": 5}
        self.console = BOOTED
        self.checks = "ok"
        self.is_xen = False
        self.protected = False
        self.blocks_public = False
        self.default_key = "alias/aws/ebs"
        self.expired = False
        self.never_registers = False
        self.snapshots_fail = False
        self.copies_fail: set[str] = set()
        self.dry_runs: Counter[str] = Counter()
        self.types = {
            "t3.micro": (["x86_64"], ["legacy-bios", "uefi"], "supported"),
            "t4g.micro": (["arm64"], ["uefi"], "unsupported"),
            "m5.metal": (["x86_64"], ["legacy-bios"], "unsupported"),
        }
        self.replacements: dict[str, dict[str, Any]] = {}
        self.replacement_states = ("in-progress", "succeeded")
        self._launches: dict[str, str] = {}

    @property
    def open(self) -> list[str]:
        """The regions that are enabled."""
        return [each for each, how in self.regions.items() if how != "not-opted-in"]

    @property
    def alive(self) -> list[InstanceOfFake]:
        return [each for each in self.instances.values() if each.state not in ("terminated", "shutting-down")]

    def names(self, region: str = REGION) -> list[str]:
        return [each.request["Name"] for each in self.images.values() if each.region == region]

    async def _answer(self, method, target, headers, body) -> tuple[int, dict[str, str], bytes]:
        _, _, region, service, _ = headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
        if self.expired:
            if service == "ec2":
                return self._ec2_error(400, "RequestExpired", "Request has expired.")
            told = {"__type": "ExpiredTokenException", "message": "The security token in the request is expired"}
            return 400, {"x-amzn-errortype": "ExpiredTokenException"}, json.dumps(told).encode()
        if "x-amz-target" in headers:
            self._check_signature(method, target, headers, body)
            action = headers["x-amz-target"].rpartition(".")[2]
            form = {"Content-Type": "application/x-amz-json-1.1"}
            try:
                return 200, form, json.dumps(self._json(action, region, json.loads(body))).encode()
            except Refusal as refusal:
                told = {"__type": refusal.code, "message": refusal.message}
                return refusal.status, form, json.dumps(told).encode()
        if service == "autoscaling":
            inner = "<DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult>"
            return 200, {}, f"<Response>{inner}</Response>".encode()
        if service == "ec2":
            self._check_signature(method, target, headers, body)
            return self._cloud(unflatten(parse_qsl(body.decode(), keep_blank_values=True)), region)
        return await super()._answer(method, target, headers, body)

    def _json(self, action: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.calls[action] += 1
        if action in self.denied:
            raise Refusal(400, "AccessDeniedException", "no")
        match action:
            case "GetServiceQuota":
                return {"Quota": {"Value": float(self.quotas[asked["QuotaCode"]])}}
            case "PutParameter":
                if asked["Value"] in self.images and self.images[asked["Value"]].region == region:
                    self.parameters[region, asked["Name"]] = asked["Value"]
                return {"Version": 1}
            case "DescribeParameters":
                return {"Parameters": [{"Name": name} for there, name in self.parameters if there == region]}
            case "GetParameters":
                told = [{"Name": name, "Value": self.parameters[region, name]} for name in asked["Names"]]
                return {"Parameters": told}
            case "GetParameter":
                if (region, asked["Name"]) not in self.parameters:
                    raise Refusal(400, "ParameterNotFound", "")
                return {"Parameter": {"Name": asked["Name"], "Value": self.parameters[region, asked["Name"]]}}
        raise Refusal(400, "UnknownOperationException")

    def _cloud(self, form: dict[str, Any], region: str) -> tuple[int, dict[str, str], bytes]:
        action = form["Action"]
        self.calls[action] += 1
        try:
            if self.regions.get(region) in (None, "not-opted-in"):
                raise Refusal(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            if action in self.denied:
                raise Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
            if form.get("DryRun") == "true":
                self.dry_runs[f"{action} {region}"] += 1
                raise Refusal(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
            answer = getattr(self, f"_do_{snake(action)}")(form, region)
        except Refusal as refusal:
            self.refusals[refusal.code] += 1
            return self._ec2_error(refusal.status, refusal.code, refusal.message)
        xml = f"<{action}Response>{as_xml(answer)}</{action}Response>"
        return 200, {"Content-Type": "text/xml"}, xml.encode()

    # Snapshots

    def _complete(self, snapshot: Snapshot, headers) -> dict[str, object]:
        answer = super()._complete(snapshot, headers)
        if self.snapshots_fail:
            snapshot.state = "error"
        return answer

    def tags_of(self, snapshot: Snapshot) -> dict[str, str]:
        given = {tag["Key"]: tag["Value"] for tag in snapshot.request.get("Tags", ())}
        return {**given, **self.tags.get(snapshot.identity, {})}

    def _do_get_ebs_encryption_by_default(self, form, region):
        return {"ebsEncryptionByDefault": str(self.encrypts).lower()}

    def _do_get_ebs_default_kms_key_id(self, form, region):
        return {"kmsKeyId": self.default_key}

    def _do_describe_snapshots(self, form, region):
        wanted = form.get("SnapshotId", [])
        for each in wanted:
            if each not in self.snapshots:
                raise Refusal(400, "InvalidSnapshot.NotFound", f"The snapshot '{each}' does not exist.")
        found = []
        for each in self.snapshots.values():
            tags = self.tags_of(each)
            if each.request.get("Region", REGION) != region or (wanted and each.identity not in wanted):
                continue
            if fits(form, {"status": each.state, "snapshot-id": each.identity}, tags):
                told = {"snapshotId": each.identity, "status": each.state, "volumeSize": each.gib}
                found.append({**told, "tagSet": pairs(tags), "startTime": "2026-01-01T00:00:00.000Z"})
        return {"snapshotSet": found}

    def _do_delete_snapshot(self, form, region):
        if any(form["SnapshotId"] in each.snapshots for each in self.images.values()):
            raise Refusal(400, "InvalidSnapshot.InUse", "The snapshot is currently in use by an image")
        if self.snapshots.pop(form["SnapshotId"], None) is None:
            raise Refusal(400, "InvalidSnapshot.NotFound", "it does not exist")
        return {"return": "true"}

    # Images

    def _do_describe_regions(self, form, region):
        return {"regionInfo": [{"regionName": each, "optInStatus": how} for each, how in self.regions.items()]}

    def _do_describe_images(self, form, region):
        wanted = form.get("ImageId", [])
        for each in wanted:
            if each not in self.images or self.images[each].region != region:
                raise Refusal(400, "InvalidAMIID.NotFound", f"The image id '[{each}]' does not exist")
        found = []
        for each in list(self.images.values()):
            public = any("Group" in launcher for launcher in each.launchers)
            names = {"name": each.request["Name"], "is-public": str(public).lower()}
            if each.region == region and (not wanted or each.identity in wanted) and fits(form, names, each.tags):
                found.append(self._told(each, public))
        return {"imagesSet": found}

    def _told(self, image: ImageOfFake, public: bool) -> dict[str, Any]:
        if image.state == "pending":
            image.looks -= 1
            if image.looks < 0:
                image.state = "failed" if image.region in self.copies_fail else "available"
                image.reason = "Client.InvalidParameterValue" if image.state == "failed" else ""
        mappings = [
            {"deviceName": f"/dev/xvd{letter}", "ebs": {"snapshotId": each, "volumeSize": 1}}
            for letter, each in zip("abcdef", image.snapshots, strict=False)
        ]
        return {
            "imageId": image.identity,
            "name": image.request["Name"],
            "imageState": image.state,
            "stateReason": {"message": image.reason},
            "architecture": image.request.get("Architecture", "x86_64"),
            "bootMode": image.request.get("BootMode", "legacy-bios"),
            **({"tpmSupport": image.request["TpmSupport"]} if "TpmSupport" in image.request else {}),
            "isPublic": str(public).lower(),
            "blockDeviceMapping": mappings,
            "tagSet": pairs(image.tags),
            **({"deprecationTime": image.deprecated} if image.deprecated else {}),
        }

    def _do_register_image(self, form, region):
        wanted = [each["Ebs"]["SnapshotId"] for each in form["BlockDeviceMapping"]]
        for identity in wanted:
            if identity not in self.snapshots:
                raise Refusal(400, "InvalidSnapshot.NotFound", "it does not exist")
            if self.snapshots[identity].state != "completed":
                raise Refusal(400, "InvalidParameterValue", "the snapshot is not complete")
        self._refuse_name(form["Name"], region)
        if self.never_registers:
            raise Refusal(503, "Unavailable", "try again")
        return {"imageId": self._new_image(form, region, wanted, specified(form)).identity}

    def _do_copy_image(self, form, region):
        source = self.images[form["SourceImageId"]]
        for each in self.images.values():
            if each.request.get("ClientToken") == form["ClientToken"]:
                return {"imageId": each.identity}
        self._refuse_name(form["Name"], region)
        tags = dict(source.tags) if form.get("CopyImageTags") == "true" else {}
        copied = [self._snapshot_of(each, region) for each in source.snapshots]
        return {"imageId": self._new_image({**source.request, **form}, region, copied, tags).identity}

    def _snapshot_of(self, source: str, region: str) -> str:
        before, identity = self.snapshots[source], f"snap-{os.urandom(8).hex()}1"
        self.snapshots[identity] = Snapshot(identity, before.gib, {"Region": region}, before.path, state="completed")
        return identity

    def _new_image(self, form, region: str, snapshots: list[str], tags: dict[str, str]) -> ImageOfFake:
        image = ImageOfFake(f"ami-{os.urandom(8).hex()}0", region, form, snapshots, tags)
        self.images[image.identity] = image
        return image

    def _refuse_name(self, name: str, region: str) -> None:
        if name in self.names(region):
            raise Refusal(400, "InvalidAMIName.Duplicate", f"AMI name {name} is already in use")

    def _do_create_tags(self, form, region):
        given = {tag["Key"]: tag["Value"] for tag in form["Tag"]}
        for identity in form["ResourceId"]:
            if identity in self.images:
                self.images[identity].tags.update(given)
            self.tags.setdefault(identity, {}).update(given)
        return {"return": "true"}

    def _do_modify_image_attribute(self, form, region):
        self.images[form["ImageId"]].launchers += form["LaunchPermission"]["Add"]
        return {"return": "true"}

    def _do_modify_snapshot_attribute(self, form, region):
        self.calls[f"shared {form['SnapshotId']}"] += 1
        return {"return": "true"}

    def _do_enable_image_deprecation(self, form, region):
        self.images[form["ImageId"]].deprecated = form["DeprecateAt"]
        return {"return": "true"}

    def _do_get_image_block_public_access_state(self, form, region):
        return {"imageBlockPublicAccessState": "block-new-sharing" if self.blocks_public else "unblocked"}

    # Instances

    def _do_describe_instance_types(self, form, region):
        (kind,) = form["InstanceType"]
        if kind not in self.types:
            raise Refusal(400, "InvalidInstanceType", f"The following supplied instance types do not exist: [{kind}]")
        architectures, modes, tpm = self.types[kind]
        told = {"instanceType": kind, "supportedBootModes": modes, "nitroTpmSupport": tpm}
        return {"instanceTypeSet": [{**told, "processorInfo": {"supportedArchitectures": architectures}}]}

    def _do_run_instances(self, form, region):
        if form["ClientToken"] not in self._launches:
            image = self.images[form["ImageId"]]
            if image.state != "available":
                raise Refusal(400, "InvalidAMIID.Unavailable", "it is not available")
            instance = InstanceOfFake(f"i-{os.urandom(8).hex()}0", image.identity, form, specified(form))
            self.instances[instance.identity] = instance
            self._launches[form["ClientToken"]] = instance.identity
        return {"instancesSet": [self._instance(self.instances[self._launches[form["ClientToken"]]])]}

    @staticmethod
    def _instance(each: InstanceOfFake) -> dict[str, Any]:
        told = {"instanceId": each.identity, "imageId": each.image, "instanceState": {"name": each.state}}
        told |= {"architecture": "x86_64", "bootMode": "legacy-bios"}
        return {**told, "tagSet": pairs(each.tags), "stateReason": {"message": each.reason}}

    def _do_describe_instances(self, form, region):
        found = []
        for each in self.instances.values():
            if each.state == "pending":
                each.state = "running"
            if fits(form, {"instance-state-name": each.state, "image-id": each.image}, each.tags):
                found.append(each)
        wanted = form.get("InstanceId")
        chosen = [self._instance(each) for each in found if not wanted or each.identity in wanted]
        return {"reservationSet": [{"instancesSet": [each]} for each in chosen]}

    def _do_describe_instance_status(self, form, region):
        found = []
        for identity in form.get("InstanceId", ()):
            each = self.instances[identity]
            each.looks -= 1
            status = self.checks if each.looks < 0 else "initializing"
            both = {"systemStatus": {"status": status}, "instanceStatus": {"status": status}}
            found.append({"instanceId": identity, **both})
        return {"instanceStatusSet": found}

    def _do_get_console_output(self, form, region):
        if self.is_xen and form.get("Latest") == "true":
            raise Refusal(400, "UnsupportedOperation", "only Nitro instances have the latest output")
        each = self.instances[form["InstanceId"]]
        system = self.images[each.image].tags.get("nixtui:system", "nothing")
        text = self.console.replace("{system}", system) if each.looks < 1 else ""
        return {"instanceId": each.identity, "output": b64encode(text.encode()).decode()}

    def _do_terminate_instances(self, form, region):
        if self.protected:
            raise Refusal(400, "OperationNotPermitted", "the instance may not be terminated")
        for identity in form["InstanceId"]:
            if identity not in self.instances:
                raise Refusal(400, "InvalidInstanceID.NotFound", "it does not exist")
            self.instances[identity].state = "terminated"
        return {"instancesSet": []}

    # Root volumes

    def _do_create_replace_root_volume_task(self, form, region):
        instance = self.instances[form["InstanceId"]]
        image = self.images[form["ImageId"]]
        if instance.state != "running":
            raise Refusal(400, "IncorrectInstanceState", "the instance is not running")
        if image.request.get("Architecture", "x86_64") != "x86_64":
            raise Refusal(400, "InvalidParameterValue", "the image has another architecture")
        for task in self.replacements.values():
            if task["token"] == form["ClientToken"]:
                return {"replaceRootVolumeTask": self._replacement(task)}
            if task["instance"] == instance.identity and task["states"]:
                raise Refusal(400, "IncorrectInstanceState", "a replacement is under way")
        identity = f"replacevol-{os.urandom(8).hex()}0"
        self.replacements[identity] = {
            "identity": identity,
            "instance": instance.identity,
            "image": image.identity,
            "token": form["ClientToken"],
            "delete": form.get("DeleteReplacedRootVolume") == "true",
            "state": "pending",
            "states": list(self.replacement_states),
        }
        return {"replaceRootVolumeTask": self._replacement(self.replacements[identity])}

    @staticmethod
    def _replacement(task: dict[str, Any]) -> dict[str, Any]:
        told = {"replaceRootVolumeTaskId": task["identity"], "instanceId": task["instance"]}
        return {**told, "taskState": task["state"], "imageId": task["image"]}

    def _do_describe_replace_root_volume_tasks(self, form, region):
        wanted = form.get("ReplaceRootVolumeTaskId", [])
        found = []
        for task in self.replacements.values():
            if fits(form, {"instance-id": task["instance"]}, {}) and (not wanted or task["identity"] in wanted):
                if wanted and task["states"]:
                    task["state"] = task["states"].pop(0)
                    if task["state"] == "succeeded":
                        self.instances[task["instance"]].image = task["image"]
                found.append(self._replacement(task))
        return {"replaceRootVolumeTaskSet": found}

    # What surveys ask

    def _do_describe_launch_template_versions(self, form, region):
        return {"launchTemplateVersionSet": []}


def snake(action: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in action).removeprefix("_")


def unflatten(form: list[tuple[str, str]]) -> dict[str, Any]:
    """`Tag.1.Key=a` as `{"Tag": [{"Key": "a"}]}`."""
    whole: dict[str, Any] = {}
    for name, value in form:
        *way, last = name.split(".")
        place = whole
        for part in way:
            place = place.setdefault(part, {})
        place[last] = value
    return _listed(whole)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdecimal() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(each) for key, each in value.items()}


def as_xml(value: Any) -> str:
    """Lists as items, as EC2 has them."""
    if isinstance(value, dict):
        return "".join(f"<{key}>{as_xml(each)}</{key}>" for key, each in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{as_xml(each)}</item>" for each in value)
    return escape(str(value))


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def specified(form: dict[str, Any]) -> dict[str, str]:
    """The tags of the first TagSpecification."""
    given = form.get("TagSpecification", [{}])[0].get("Tag", [])
    return {tag["Key"]: tag["Value"] for tag in given}


def fits(form: dict[str, Any], known: dict[str, str], tags: dict[str, str]) -> bool:
    """Whether all filters hold; of those that are not known here nothing fits."""
    named = {**known, **{f"tag:{key}": value for key, value in tags.items()}}
    for each in form.get("Filter", []):
        if each["Name"] == "tag-key":
            if not set(each["Value"]) & set(tags):
                return False
            continue
        if named.get(each["Name"]) not in [value.replace("\\", "") for value in each["Value"]]:
            return False
    return True


__all__ = ["REGION", "FakeCloud", "Faults", "Refusal"]
