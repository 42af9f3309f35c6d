"""S3, IAM and the VM import service on loopback: as strict about bucket, role, format and state as the real ones.

An import goes on by one look with each DescribeImportSnapshotTasks. What it reads is what is in the bucket: an object
of another format than was declared, a role that may not read it, or an object that is gone ends it as it ends at AWS.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.aws.fake_aws import REGION, Refusal, Snapshot
from tests.aws.fake_cloud import FakeCloud, fits, pairs, specified, unflatten

STATES = ("pending", "downloading/converting", "validating", "preparing snapshot")

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vmie.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:Externalid": "vmimport"}},
        }
    ],
}


@dataclass
class TaskOfFake:
    """One import; `looks` counts how far it is."""

    identity: str
    request: dict[str, Any]
    tags: dict[str, str]
    looks: int = 0
    status: str = "active"
    message: str = "pending"
    snapshot: str | None = None


@dataclass
class ObjectOfFake:
    body: bytes
    metadata: dict[str, str]


@dataclass
class RoleOfFake:
    trust: Any = field(default_factory=lambda: TRUST)
    denied: set[str] = field(default_factory=set)


class FakeImport(FakeCloud):
    """An account with the bucket `images` and the role `vmimport`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.buckets: dict[str, tuple[str, dict[str, ObjectOfFake]]] = {"images": (REGION, {})}
        self.roles = {"vmimport": RoleOfFake()}
        self.tasks: dict[str, TaskOfFake] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.put_denied = False
        self.stuck = False
        self._metadata: dict[str, dict[str, str]] = {}
        self._tokens_of_imports: dict[str, tuple[dict[str, Any], str]] = {}

    async def _answer(self, method, target, headers, body) -> tuple[int, dict[str, str], bytes]:
        _, _, region, service, _ = headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
        if service == "s3":
            self._check_signature(method, target, headers, body)
            return self._s3(method, target, headers, body, region)
        if service == "iam":
            self._check_signature(method, target, headers, body)
            return self._iam(unflatten(parse_qsl(body.decode(), keep_blank_values=True)))
        return await super()._answer(method, target, headers, body)

    # S3

    def _s3(self, method, target, headers, body, region) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        asked = parse_qs(parts.query, keep_blank_values=True)
        bucket, _, key = unquote(parts.path).strip("/").partition("/")
        self.calls[f"s3 {method}"] += 1
        if bucket not in self.buckets:
            return self._s3_error(404, "NoSuchBucket", method)
        place, objects = self.buckets[bucket]
        if not key:
            return 200, {"x-amz-bucket-region": place}, b""
        if headers.get("x-amz-content-sha256") not in (sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"):
            return self._s3_error(400, "XAmzContentSHA256Mismatch", method)
        if self.put_denied and method in ("PUT", "POST"):
            return self._s3_error(403, "AccessDenied", method)
        given = {n.removeprefix("x-amz-meta-"): v for n, v in headers.items() if n.startswith("x-amz-meta-")}
        match method:
            case "HEAD" if key in objects:
                return 200, {f"x-amz-meta-{name}": value for name, value in objects[key].metadata.items()}, b""
            case "PUT" if "partNumber" in asked:
                self.parts[asked["uploadId"][0]][int(asked["partNumber"][0])] = body
                return 200, {"ETag": '"x"'}, b""
            case "PUT":
                objects[key] = ObjectOfFake(body, given)
                return 200, {"ETag": '"x"'}, b""
            case "POST" if "uploads" in asked:
                identity = os.urandom(8).hex()
                self.parts[identity], self._metadata[identity] = {}, given
                inner = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{identity}</UploadId>"
                told = f"<InitiateMultipartUploadResult>{inner}</InitiateMultipartUploadResult>"
                return 200, {}, told.encode()
            case "POST":
                identity = asked["uploadId"][0]
                whole = b"".join(piece for _, piece in sorted(self.parts.pop(identity).items()))
                objects[key] = ObjectOfFake(whole, self._metadata.pop(identity))
                return 200, {}, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
            case "DELETE" if "uploadId" in asked:
                self.parts.pop(asked["uploadId"][0], None)
                return 204, {}, b""
            case "DELETE":
                objects.pop(key, None)
                return 204, {}, b""
        return self._s3_error(404, "NoSuchKey", method)

    @staticmethod
    def _s3_error(status: int, code: str, method: str) -> tuple[int, dict[str, str], bytes]:
        if method == "HEAD":  # has no body, and so no code
            return status, {}, b""
        return status, {}, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()

    # IAM

    def _iam(self, form: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        action = form["Action"]
        self.calls[action] += 1
        name = form.get("RoleName") or form["PolicySourceArn"].rpartition("/")[2]
        if action in self.denied:
            return self._ec2_error_of("AccessDenied", 403)
        if name not in self.roles:
            return self._ec2_error_of("NoSuchEntity", 404)
        role = self.roles[name]
        if action == "GetRole":
            document = escape(json.dumps(role.trust))
            inner = f"<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>x</RoleId>"
            inner += f"<Arn>arn:aws:iam::123456789012:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
            inner += f"<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument></Role>"
        else:
            inner = "<EvaluationResults>"
            for each in form["ActionNames"]["member"]:
                how = "implicitDeny" if each in role.denied else "allowed"
                inner += f"<member><EvalActionName>{each}</EvalActionName><EvalDecision>{how}</EvalDecision></member>"
            inner += "</EvaluationResults>"
        told = f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"
        return 200, {"Content-Type": "text/xml"}, told.encode()

    @staticmethod
    def _ec2_error_of(code: str, status: int) -> tuple[int, dict[str, str], bytes]:
        told = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return status, {"Content-Type": "text/xml"}, told.encode()

    # The service

    def _do_import_snapshot(self, form, region):
        token = form["ClientToken"]
        if token in self._tokens_of_imports:
            known, identity = self._tokens_of_imports[token]
            if known != form:
                raise Refusal(400, "IdempotentParameterMismatch", "the token was used for another request")
            return self._task(self.tasks[identity])
        role = self.roles.get(form.get("RoleName", "vmimport"))
        if role is None or role.trust != TRUST:
            raise Refusal(400, "InvalidParameter", "The service role vmimport provided does not exist")
        place, _ = self.buckets.get(form["DiskContainer"]["UserBucket"]["S3Bucket"], (None, None))
        if place != region:
            raise Refusal(400, "InvalidParameter", "The given S3 bucket is not local to the region")
        task = TaskOfFake(f"import-snap-{os.urandom(8).hex()}0", form, specified(form))
        self.tasks[task.identity] = task
        self._tokens_of_imports[token] = (form, task.identity)
        return self._task(task)

    def _do_describe_import_snapshot_tasks(self, form, region):
        wanted = form.get("ImportTaskId")
        found = []
        for task in self.tasks.values():
            if fits(form, {}, task.tags) and (not wanted or task.identity in wanted):
                if wanted and task.status == "active" and not self.stuck:
                    self._step(task)
                found.append(self._task(task))
        return {"importSnapshotTaskSet": found}

    def _step(self, task: TaskOfFake) -> None:
        task.looks += 1
        if task.looks < len(STATES):
            task.message = STATES[task.looks]
            return
        try:
            task.snapshot = self._imported(task)
        except Refusal as refusal:
            task.status, task.message = "deleted", refusal.message
        else:
            task.status, task.message = "completed", ""

    def _imported(self, task: TaskOfFake) -> str:
        """The snapshot, from what is in the bucket."""
        disk = task.request["DiskContainer"]
        _, objects = self.buckets[disk["UserBucket"]["S3Bucket"]]
        there = objects.get(disk["UserBucket"]["S3Key"])
        if there is None:
            raise Refusal(400, "", "ClientError: No such key")
        if "s3:GetObject" in self.roles["vmimport"].denied:
            raise Refusal(400, "", "ClientError: AccessDenied while reading the object")
        is_vhd = there.body[-512:].startswith(b"conectix")
        if is_vhd != (disk["Format"] == "VHD"):
            raise Refusal(400, "", "ClientError: Disk validation failed [Unsupported format]")
        identity = f"snap-{os.urandom(8).hex()}2"
        path = self._directory / identity
        path.write_bytes(there.body)
        if is_vhd:
            source = path.with_suffix(".vhd")
            path.rename(source)
            subprocess.run(["qemu-img", "convert", "-f", "vpc", "-O", "raw", source, path], check=True)
        gib = -(-path.stat().st_size // 2**30)
        self.snapshots[identity] = Snapshot(identity, gib, {"Region": REGION}, path, state="completed")
        return identity

    @staticmethod
    def _task(task: TaskOfFake) -> dict[str, Any]:
        detail: dict[str, Any] = {"status": task.status, "statusMessage": task.message}
        if task.status == "active":
            detail["progress"] = str(20 * task.looks)
        if task.snapshot:
            detail["snapshotId"] = task.snapshot
        return {"importTaskId": task.identity, "snapshotTaskDetail": detail, "tagSet": pairs(task.tags)}


Spoil = Callable[[FakeImport], None]
