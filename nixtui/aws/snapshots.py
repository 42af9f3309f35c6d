"""EBS direct: snapshots written block by block, without an instance, a bucket or a role.

Model ebs 2019-11-02: blocks of 512 KiB, each with its SHA-256; the snapshot's own checksum is the SHA-256 of all block
digests in the order of their indexes (LINEAR).
"""

import asyncio
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nixtui.aws.errors import EXPIRED, THROTTLING, AwsError, Kind, from_code
from nixtui.aws.pace import Pace
from nixtui.aws.session import Session, jittered
from nixtui.aws.signing import BlockSigner, Credentials
from nixtui.aws.wire import Answer, Connection, Endpoint

BLOCK = 512 * 1024
GIB = 1024**3
TIMEOUT_MINUTES = 4320
"""How long AWS keeps a snapshot that gets no blocks, at most: three days to resume in."""

MOST_VOLUME_GIB = 65536
_ATTEMPTS = 12
_LOOKS = 30
"""At a sealed snapshot, until it is complete: about two minutes; AWS takes seconds."""

_PATIENCE_S = 300.0
"""How long one block is tried; throttled ones too, for a quota that somebody else uses up may come back."""

_SETTLING_S = 60.0
"""A new snapshot is not known everywhere at once: for so long `not found` is no answer (coldsnap #43)."""


@dataclass(frozen=True, slots=True)
class Started:
    """A pending snapshot. `encrypted` ones show noise where nothing was written."""

    identity: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one pending snapshot: what every thread that puts blocks needs to know."""

    endpoint: Endpoint
    region: str
    snapshot: str
    credentials: Callable[[], Credentials]
    started_at: float


async def start(
    session: Session,
    region: str,
    *,
    gib: int,
    token: str,
    description: str,
    tags: dict[str, str],
    kms_key: str | None = None,
    parent: str | None = None,
) -> Started:
    """A pending snapshot; the same `token` gives the same one. Raises `AwsError`.

    One that is made onto a `parent` has its blocks where none is put in their place, and can have no key of its own.
    """
    more: dict[str, Any] = {"Encrypted": True, "KmsKeyArn": kms_key} if kms_key else {}
    more |= {"ParentSnapshotId": parent} if parent else {}
    answer = await session.call(
        "ebs",
        "StartSnapshot",
        region,
        VolumeSize=gib,
        ClientToken=token,
        Description=description,
        Timeout=TIMEOUT_MINUTES,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        **more,
    )
    return Started(str(answer["SnapshotId"]), bool(answer.get("KmsKeyArn") or kms_key))


async def line_to(session: Session, region: str, snapshot: str, *, started_at: float) -> Line:
    """The way to a pending snapshot, by the endpoint that botocore found for the region. Raises `AwsError`."""

    def find() -> Endpoint:
        return Endpoint.of(str(session.client("ebs", region).meta.endpoint_url), session.ca_bundle(region))

    await session.thread(session.credentials)  # what is wrong with them is told here, not by every thread
    try:
        endpoint = await session.thread(find)
    except OSError as error:
        raise AwsError(f"the certificates in AWS_CA_BUNDLE cannot be read: {error}", kind=Kind.UNUSABLE) from error
    return Line(endpoint, region, snapshot, session.credentials, started_at)


async def exists(session: Session, region: str, snapshot: str) -> bool | None:
    """Whether a snapshot is there and usable; `None` where that cannot be seen. Raises `AwsError` for one in error."""
    try:
        answer = await session.call("ec2", "DescribeSnapshots", region, SnapshotIds=[snapshot])
    except AwsError as error:
        return False if error.kind is Kind.NOT_FOUND else None
    found = answer.get("Snapshots", [])
    if found and found[0].get("State") == "error":
        raise AwsError(
            f"AWS says snapshot {snapshot} is in error: {found[0].get('StateMessage') or 'no reason given'}",
            f"delete it: aws ec2 delete-snapshot --snapshot-id {snapshot} --region {region}; then send it again",
            kind=Kind.UNUSABLE,
        )
    return bool(found)


async def is_sealed(session: Session, region: str, snapshot: str) -> bool:
    """Whether EBS direct can read a snapshot, which it can only once it is complete."""
    try:
        await session.call("ebs", "ListSnapshotBlocks", region, SnapshotId=snapshot, MaxResults=100)
    except AwsError:
        return False
    return True


async def wait_completed(session: Session, region: str, snapshot: str) -> bool | None:
    """Wait until a sealed snapshot can be used; `None` where that cannot be seen. Raises `AwsError` if it fails."""
    for attempt in range(1, _LOOKS + 1):
        try:
            answer = await session.call("ec2", "DescribeSnapshots", region, SnapshotIds=[snapshot])
        except AwsError as error:
            if error.kind is not Kind.NOT_FOUND:
                return None
        else:
            match [each.get("State") for each in answer.get("Snapshots", [])]:
                case ["completed"]:
                    return True
                case ["error"]:
                    await exists(session, region, snapshot)
        await asyncio.sleep(jittered(attempt, base=0.2, longest=5.0))
    return False


async def complete(session: Session, region: str, snapshot: str, *, blocks: int, checksum: bytes) -> str:
    """Seal it, with the number of blocks and the linear checksum. The status (`pending`). Raises `AwsError`."""
    answer = await session.call(
        "ebs",
        "CompleteSnapshot",
        region,
        SnapshotId=snapshot,
        ChangedBlocksCount=blocks,
        Checksum=b64encode(checksum).decode(),
        ChecksumAlgorithm="SHA256",
        ChecksumAggregationMethod="LINEAR",
    )
    return str(answer.get("Status", "pending"))


class BlockWriter:
    """Puts blocks into one snapshot over a connection of its own, from one thread."""

    def __init__(
        self, line: Line, pace: Pace, stop: threading.Event, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._line = line
        self._pace = pace
        self._stop = stop
        self._clock = clock
        self._signer = BlockSigner(line.endpoint.authority, line.region, line.snapshot, line.credentials)
        self.connection = Connection(line.endpoint)

    def put(self, index: int, block: memoryview, digest: bytes) -> bool:
        """Put one block, tried again while that may help; the first turn was admitted already and is given back.

        False when stopped before it was taken. Raises `AwsError` when it cannot be done.
        """
        checksum = b64encode(digest).decode()
        began, attempt = time.monotonic(), 0
        while True:
            sent = time.monotonic()
            outcome = self._try(index, block, checksum)
            self._pace.done(time.monotonic() - sent if outcome is None else None)
            if outcome is None:
                return True
            attempt += 1
            patient = time.monotonic() - began < _PATIENCE_S
            if not (patient and self._may_pass(outcome) and (attempt < _ATTEMPTS or outcome.kind is Kind.THROTTLED)):
                raise outcome
            if self._stop.wait(jittered(min(attempt, 7))) or not self._pace.admit(self._stop):
                return False

    def _try(self, index: int, block: memoryview, checksum: str) -> AwsError | None:
        try:
            answer = self.connection.exchange(self._signer.head(index, checksum, len(block)), block)
        except OSError as error:
            reason = str(error) or type(error).__name__
            return AwsError(
                f"EBS direct in {self._line.region} cannot be reached: {reason}",
                "check the network; the same command goes on where it stopped",
                kind=Kind.UNREACHABLE,
            )
        if answer.status not in (200, 201):
            return self._refused(answer)
        if answer.headers.get("x-amz-checksum", checksum) != checksum:
            return AwsError(f"block {index} arrived changed on the way", kind=Kind.UNREACHABLE)
        return None

    def _refused(self, answer: Answer) -> AwsError:
        code, message = error_of(answer)
        if code in THROTTLING or answer.status == 429:
            self._pace.throttled()
        if code in EXPIRED or answer.status == 403:
            self._signer.forget()
        return from_code(code, message, "ebs:PutSnapshotBlock", self._line.region, answer.status)

    def _may_pass(self, error: AwsError) -> bool:
        if error.kind is Kind.NOT_FOUND:
            return self._clock() - self._line.started_at < _SETTLING_S
        return error.may_pass or (error.kind is Kind.EXPIRED and error.code in EXPIRED)


def error_of(answer: Answer) -> tuple[str, str]:
    """Code and message of a refusal, as the REST JSON protocol of AWS has them."""
    try:
        told = json.loads(answer.body or b"{}")
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = answer.headers.get("x-amzn-errortype") or told.get("__type") or told.get("code") or f"HTTP {answer.status}"
    message = told.get("message") or told.get("Message") or ""
    return str(code).split(":")[0].rpartition("#")[2], str(message)
