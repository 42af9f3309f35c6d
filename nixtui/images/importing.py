"""Sending an image by way of S3: the object, the import task, the snapshot; each only where it is not there yet."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session, jittered
from nixtui.aws.snapshots import exists
from nixtui.images.disk import QCOW2_MAGIC, BadImage
from nixtui.images.obstacle import Findings
from nixtui.images.registering import TAG_CONTENT
from nixtui.images.s3_import import Detour
from nixtui.images.s3_object import PART, send_object
from nixtui.images.upload import Prospect
from nixtui.model.naming import one_line
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport

FORMATS = {"raw": "RAW", "vhd-fixed": "VHD", "vhd-dynamic": "VHD"}
"""What ImportSnapshot calls what `Disk.format` says; told by magic bytes, for `image-info.json` names none."""

PATIENCE_S = 3 * 3600.0
"""Eight GiB have been seen to take more than half an hour (NixOS/amis #266)."""

_METADATA = "nixtui-content"


@dataclass(slots=True)
class Imported:
    """What came of it."""

    snapshot: str | None = None
    task: str | None = None
    object: str | None = None
    bytes: int = 0
    seconds: float = 0.0


class ImportJob:
    """Imports one image. Call it as the job of an operation; `imported` is what came of it."""

    def __init__(self, prospect: Prospect, path: Path, detour: Detour, session: Session) -> None:
        self.imported = Imported(snapshot=prospect.existing)
        self._ended = False
        self._prospect = prospect
        self._wanted = prospect.wanted
        self._path = path
        self._detour = detour
        self._session = session
        form = prospect.disk.format
        self._key = f"nixtui/{prospect.read.identity}.{'raw' if form == 'raw' else 'vhd'}"

    async def __call__(self, run: Run) -> Report:
        """Carry it out; whatever goes wrong is told in the report, with what is left at AWS."""
        began = time.monotonic()
        tell = Narrator(run, self._wanted.name)
        try:
            row = await self._import(run, tell)
        except Cancelled:
            tell.end(False, "stopped")
            row = self._row(Outcome.FAILED, f"stopped; {self._left()}", self._way_on())
        except (AwsError, BadImage, OSError) as error:
            tell.end(False, str(error))
            passing = isinstance(error, AwsError) and error.may_pass
            remedies = (getattr(error, "remedy", None), self._way_on())
            row = self._row(
                Outcome.UNREACHABLE if passing else Outcome.FAILED,
                f"{getattr(error, 'reason', str(error))}; {self._left()}",
                "; ".join(each for each in remedies if each) or None,
            )
        self.imported.seconds = time.monotonic() - began
        stopped = run.cancelling.is_set() and not row.outcome.is_success
        return Report(operation=run.operation, outcome=row.outcome, targets=(row,), interrupted=stopped)

    async def _import(self, run: Run, tell: Narrator) -> TargetReport:
        tasks = await self._tasks()
        task = await self._usable(tasks)
        if task is None:
            await self._send(run, tell)
            if run.cancelling.is_set():
                raise Cancelled
            tell.begin("starting the import")
            task = await self._session.call("ec2", "ImportSnapshot", self._wanted.region, **self._arguments(len(tasks)))
            tell.end(True, str(task["ImportTaskId"]))
        else:
            tell.note(f"import task {task['ImportTaskId']} of an earlier run is there; nothing is sent")
        self.imported.task = str(task["ImportTaskId"])
        tell.begin("importing")
        snapshot = await run.unless_cancelled(self._watch(run, tell, self.imported.task))
        self.imported.snapshot = snapshot
        tell.end(True, snapshot)
        await self._finish(tell, snapshot)
        return self._row(
            Outcome.COMMITTED, f"by way of s3://{self._detour.bucket}, {self.imported.bytes} bytes sent", None, snapshot
        )

    async def _send(self, run: Run, tell: Narrator) -> None:
        """The object, in parts; one that is whole there already is not sent again."""
        bucket, region, content = self._detour.bucket, self._wanted.region, self._prospect.read.identity
        self.imported.object = f"s3://{bucket}/{self._key}"
        if await self._is_there(bucket, content):
            tell.note(f"{self.imported.object} is there already")
            return
        tell.begin("sending to S3")
        size, done, stop, loop = self._path.stat().st_size, 0, threading.Event(), asyncio.get_running_loop()

        def add(count: int) -> None:
            nonlocal done
            done += count
            run.tell(self._progress(run, done, size))

        def told(count: int) -> None:
            loop.call_soon_threadsafe(add, count)

        sending = asyncio.ensure_future(
            self._session.thread(
                lambda: send_object(
                    *(self._session, region, self._path, (bucket, self._key)),
                    metadata={_METADATA: content},
                    told=told,
                    stop=stop,
                )
            )
        )
        try:
            await run.unless_cancelled(asyncio.shield(sending))
        except BaseException:
            self.imported.object = None
            raise
        finally:
            stop.set()
            await asyncio.gather(sending, return_exceptions=True)
        self.imported.bytes = size
        tell.end(True, self.imported.object)

    async def _is_there(self, bucket: str, content: str) -> bool:
        """Objects are there as a whole or not at all; the metadata says of what."""
        try:
            there = await self._session.call("s3", "HeadObject", self._wanted.region, Bucket=bucket, Key=self._key)
        except AwsError as error:
            if error.code in ("404", "NoSuchKey", "NotFound", "403"):  # 403: may not list, so may not know
                return False
            raise
        return bool(there.get("Metadata", {}).get(_METADATA) == content)

    async def _usable(self, tasks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """One that runs, or whose snapshot is still there."""
        for task in tasks:
            if _status(task) == "active":
                return task
            snapshot = task.get("SnapshotTaskDetail", {}).get("SnapshotId")
            if _status(task) == "completed" and await exists(self._session, self._wanted.region, str(snapshot)):
                return task
        return None

    def _arguments(self, attempt: int) -> dict[str, Any]:
        """ImportSnapshot. The token is another one for each attempt: AWS would tell of the one that failed again."""
        wanted = self._wanted
        words = f"{self._prospect.read.identity} {wanted.region} {wanted.name} {wanted.kms_key} {attempt}"
        return {
            "Description": wanted.name,
            "DiskContainer": {
                "Description": wanted.name,
                "Format": FORMATS[self._prospect.disk.format],
                "UserBucket": {"S3Bucket": self._detour.bucket, "S3Key": self._key},
            },
            "ClientToken": sha256(words.encode()).hexdigest()[:48],
            "RoleName": self._detour.role,
            "TagSpecifications": [{"ResourceType": "import-snapshot-task", "Tags": _pairs(self._tags())}],
            **({"Encrypted": True, "KmsKeyId": wanted.kms_key} if wanted.kms_key else {}),
        }

    def _tags(self) -> dict[str, str]:
        return {"Name": self._wanted.name, TAG_CONTENT: self._prospect.read.identity, **self._wanted.tags}

    async def _tasks(self) -> list[dict[str, Any]]:
        """Every import of this content, newest last."""
        filters = [{"Name": f"tag:{TAG_CONTENT}", "Values": [self._prospect.read.identity]}]
        return await self._session.pages(
            "ec2", "DescribeImportSnapshotTasks", self._wanted.region, "ImportSnapshotTasks", Filters=filters
        )

    async def _watch(self, run: Run, tell: Narrator, task: str) -> str:
        """The snapshot, once there is one. Raises `AwsError` with what the service said where there will be none."""
        began, attempt, seen = time.monotonic(), 0, ""
        while True:
            attempt += 1
            try:
                answer = await self._session.call(
                    "ec2", "DescribeImportSnapshotTasks", self._wanted.region, ImportTaskIds=[task]
                )
            except AwsError as error:
                if not error.may_pass:
                    raise
            else:
                (told,) = answer["ImportSnapshotTasks"]
                detail = told["SnapshotTaskDetail"]
                match _status(told):
                    case "completed":
                        self._ended = True
                        return str(detail["SnapshotId"])
                    case "active":
                        pass
                    case _:
                        self._ended = True
                        raise _failed(task, str(detail.get("StatusMessage") or "no reason given"))
                if (state := str(detail.get("StatusMessage") or "")) != seen:
                    seen = state
                    tell.note(f"{state}, {detail.get('Progress') or 0} %")
                self._tell_percent(run, detail)
            if time.monotonic() - began > PATIENCE_S:
                raise AwsError(
                    f"import {task} did not end within {PATIENCE_S / 3600:.0f} hours",
                    "the same command looks again",
                    kind=Kind.UNREACHABLE,
                )
            await asyncio.sleep(jittered(attempt, base=0.2, longest=15.0))

    async def _finish(self, tell: Narrator, snapshot: str) -> None:
        """The snapshot gets the tags that it is found again by; the object is of no use any more."""
        region, bucket = self._wanted.region, self._detour.bucket
        tell.begin("tagging")
        await self._session.call("ec2", "CreateTags", region, Resources=[snapshot], Tags=_pairs(self._tags()))
        tell.end(True)
        tell.begin("removing the object")
        try:
            await self._session.call("s3", "DeleteObject", region, Bucket=bucket, Key=self._key)
        except AwsError as error:
            tell.end(False, f"{error.reason}; aws s3 rm s3://{bucket}/{self._key}")
        else:
            self.imported.object = None
            tell.end(True)

    def _progress(self, run: Run, done: int, total: int) -> Progress:
        return Progress(
            at=run.clock(), target=self._wanted.name, step="sending to S3", done=done, total=total, unit="bytes"
        )

    def _tell_percent(self, run: Run, detail: Mapping[str, Any]) -> None:
        text = str(detail.get("Progress") or "")
        if text.isdecimal():
            run.tell(
                Progress(
                    at=run.clock(), target=self._wanted.name, step="importing", done=int(text), total=100, unit="%"
                )
            )

    def _left(self) -> str:
        parts = [f"import task {self.imported.task} goes on at AWS"] if self._goes_on else []
        parts += [f"snapshot {self.imported.snapshot} is complete"] if self.imported.snapshot else []
        parts += [f"{self.imported.object} is left"] if self.imported.object else []
        return " and ".join(parts) or "nothing was left at AWS"

    @property
    def _goes_on(self) -> bool:
        return self.imported.task is not None and not self._ended

    def _way_on(self) -> str | None:
        region = f"{self._wanted.region}{by_profile(self._session.profile)}"
        ends = []
        if self._goes_on:
            ends.append(f"aws ec2 cancel-import-task --import-task-id {self.imported.task} --region {region}")
        if self.imported.snapshot:
            ends.append(f"nixtui image discard {self.imported.snapshot} --region {region}")
        if self.imported.object:
            ends.append(f"aws s3 rm {self.imported.object}")
        return f"the same command goes on from there; to remove it instead: {' && '.join(ends)}" if ends else None

    def _row(self, outcome: Outcome, detail: str, remedy: str | None, after: str | None = None) -> TargetReport:
        return TargetReport(name=self._wanted.name, outcome=outcome, after=after, detail=detail, remedy=remedy)


def check_format(path: Path) -> None:
    """Raise `BadImage` for what is unpacked for EBS direct, and would be sent here as it is."""
    with path.open("rb") as file:
        if file.read(4) == QCOW2_MAGIC:
            raise BadImage(
                f"{path.name} is a qcow2 image, which the import does not read", "convert it: qemu-img convert -O raw"
            )


def plan_import(prospect: Prospect, path: Path, detour: Detour, findings: Findings) -> Plan:
    """What would be done. Raises `BadImage` for what the service does not read."""
    check_format(path)
    wanted, form = prospect.wanted, FORMATS[prospect.disk.format]
    place = f"s3://{detour.bucket}"
    title = f"Import {prospect.source} ({prospect.disk.format}) by way of {place} as {wanted.name}"
    if findings.obstacles and not prospect.existing:
        rows = tuple(
            Target(name=f"{wanted.name}: {each.check}", refused=each.reason, remedy=each.remedy)
            for each in findings.obstacles
        )
        return Plan(kind="image-import", title=title, targets=rows, steps=(), warnings=findings.notes)
    already = f"{prospect.existing} has this content already" if prospect.existing else None
    size = path.stat().st_size
    target = Target(
        name=wanted.name,
        after=prospect.existing or f"{prospect.read.gib} GiB in {wanted.region}",
        refused=already,
        refused_as=Outcome.UNCHANGED,
        facts={"region": wanted.region, "file": prospect.source},
    )
    steps = (
        Step(f"send {size} bytes to {place}", (f"s3:PutObject, in parts of {PART // 1024**2} MiB",)),
        Step(
            "have the service import it",
            (f"ec2:ImportSnapshot Format={form} RoleName={detour.role} in {wanted.region}",),
        ),
        Step("tag the snapshot, and remove the object", ("ec2:CreateTags", "s3:DeleteObject")),
    )
    return Plan(
        kind="image-import",
        title=title,
        targets=(target,),
        steps=steps,
        warnings=(
            *findings.notes,
            "this takes ten minutes to an hour; EBS direct would take seconds to minutes",
        ),
    )


def _failed(task: str, message: str) -> AwsError:
    """Why the service gave up, with what usually helps."""
    remedy = "look at the image, then run this again"
    lowered = message.lower()
    if "accessdenied" in lowered or "permission" in lowered or "not authorized" in lowered:
        remedy = "look at the role's rights on the bucket and its key, then run this again"
    elif "unsupported" in lowered or "validation" in lowered or "format" in lowered:
        remedy = "the service could not read the image: convert it (qemu-img convert -O raw), then run this again"
    elif "no such key" in lowered or "not found" in lowered:
        remedy = "the object was removed meanwhile; run this again"
    return AwsError(f"import {task} failed: {one_line(message)[:300]}", remedy, kind=Kind.UNUSABLE)


def _status(task: Mapping[str, Any]) -> str:
    return str(task.get("SnapshotTaskDetail", {}).get("Status", "active"))


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
