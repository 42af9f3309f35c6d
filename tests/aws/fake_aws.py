"""EBS direct on loopback, as strict as the real one: what it would refuse is refused here.

Rules from botocore's model of ebs 2019-11-02: blocks of 512 KiB, each with its SHA-256; indexes inside the volume; the
right count and LINEAR checksum at the end; a token gives the same snapshot. Signatures are checked with botocore's own
signer. A little of EC2 beside it, as far as uploads ask. Faults are injected by `Faults`.
"""

import asyncio
import contextlib
import json
import os
import random
import ssl
import subprocess
import threading
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BLOCK = 512 * 1024
KEY, SECRET = "AKIATESTTESTTEST", "secret-of-the-test"
REGION = "eu-central-1"


@dataclass
class Faults:
    """Chances by which a block is answered wrongly; `throttle_above` is a rate in blocks a second."""

    server_error: float = 0.0
    reset: float = 0.0
    lose_answer: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.2
    throttle_above: float | None = None
    hide_first: int = 0  # blocks that a new snapshot is "not found" for
    refuse: tuple[int, str, str] | None = None  # status, code, message for every block
    start_refuse: tuple[int, str, str] | None = None
    start_refuse_after: int | None = None  # snapshots that may be started
    seed: int = 1


@dataclass
class Snapshot:
    """One snapshot; its blocks are in a sparse file."""

    identity: str
    gib: int
    request: dict[str, object]
    path: Path
    state: str = "pending"
    digests: dict[int, bytes] = field(default_factory=dict)
    puts: Counter = field(default_factory=Counter)

    def read(self) -> bytes:
        """The volume, as far as anything was written."""
        return self.path.read_bytes()


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class FakeAws:
    """Use as a context manager; serves from a thread of its own."""

    def __init__(self, directory: Path, *, faults: Faults | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.faults = faults or Faults()
        self.snapshots: dict[str, Snapshot] = {}
        self.calls: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.encrypts = False
        self.denied: set[str] = set()
        self.meanwhile: dict[tuple[str, int], Callable[[], object]] = {}
        """What happens elsewhere while the call of this number is being answered."""
        self.most_at_once = 0
        self._flying = 0
        self._tokens: dict[str, tuple[dict[str, object], str]] = {}
        self._directory = directory
        self._tls = tls
        self._random = random.Random(self.faults.seed)  # noqa: S311 # chances of a fake
        self._stamps: list[float] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """What makes any AWS client talk to this."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def __enter__(self) -> "FakeAws":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> None:
            server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._tls, limit=2**20)
            self.port = server.sockets[0].getsockname()[1]

        self._loop.run_until_complete(start())
        self._ready.set()
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._exchange(reader, writer):
                pass
        with contextlib.suppress(Exception):
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self._flying += 1
        self.most_at_once = max(self.most_at_once, self._flying)
        try:
            status, more, answer = await self._answer(method, target, headers, body)
        except Refusal as refusal:
            self.refusals[refusal.code] += 1
            status, more = refusal.status, {"x-amzn-errortype": refusal.code}
            answer = json.dumps({"message": refusal.message}).encode()
        finally:
            self._flying -= 1
        named = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{named}\r\n".encode() + answer)
        await writer.drain()
        return True

    async def _answer(self, method, target, headers, body) -> tuple[int, dict[str, str], bytes]:
        self._check_signature(method, target, headers, body)
        match method, target.partition("?")[0].strip("/").split("/"):
            case "POST", [""]:
                return self._ec2(parse_qs(body.decode()))
            case "POST", ["snapshots"]:
                return 201, {}, json.dumps(self._start(json.loads(body))).encode()
            case "PUT", ["snapshots", identity, "blocks", index]:
                return await self._put(self._snapshot(identity), int(index), headers, body)
            case "POST", ["snapshots", "completion", identity]:
                return 202, {}, json.dumps(self._complete(self._snapshot(identity), headers)).encode()
            case "GET", ["snapshots", identity, "blocks"]:
                snapshot = self._snapshot(identity)
                if snapshot.state != "completed":
                    raise Refusal(400, "ValidationException", "the snapshot is not complete")
                blocks = [{"BlockIndex": index, "BlockToken": f"t{index}"} for index in sorted(snapshot.digests)]
                return 200, {}, json.dumps({"Blocks": blocks, "BlockSize": BLOCK, "VolumeSize": snapshot.gib}).encode()
        raise Refusal(404, "UnknownOperationException")

    def _check_signature(self, method, target, headers, body) -> None:
        given = headers.get("authorization", "")
        credential, names, signature = (part.partition("=")[2] for part in given.split(" ", 1)[1].split(", "))
        _, day, region, service, _ = credential.split("/")
        signed = {name: headers[name] for name in names.split(";")}
        request = AWSRequest(method, f"http://{headers['host']}{target}", headers=signed, data=body)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(KEY, SECRET), service, region)
        expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if signature != expected or headers["x-amz-date"][:8] != day:
            raise Refusal(403, "InvalidSignatureException", "the signature does not match")

    def _start(self, request: dict[str, object]) -> dict[str, object]:
        self._count("StartSnapshot")
        most = self.faults.start_refuse_after
        if most is not None and len(self.snapshots) >= most:
            raise Refusal(402, "ServiceQuotaExceededException", "no more snapshots")
        if self.faults.start_refuse:
            raise Refusal(*self.faults.start_refuse)
        if not 1 <= request["VolumeSize"] <= 65536 or not 10 <= request.get("Timeout", 60) <= 4320:
            raise Refusal(400, "ValidationException", "out of range")
        parent = self._parent(request)
        token = str(request.get("ClientToken", os.urandom(8).hex()))
        known = self._tokens.get(token)
        if known and known[0] != request:
            raise Refusal(409, "ConflictException", "the token was used for another request")
        if not known:
            identity = f"snap-{os.urandom(8).hex()}0"
            path = self._directory / identity
            if parent:
                subprocess.run(["cp", "--sparse=always", parent.path, path], check=True)
            path.touch()
            os.truncate(path, int(request["VolumeSize"]) * 1024**3)
            self.snapshots[identity] = Snapshot(identity, int(request["VolumeSize"]), request, path)
            self._tokens[token] = (request, identity)
        if self._tokens[token][1] not in self.snapshots:
            raise Refusal(400, "ValidationException", "the token's snapshot was deleted")
        snapshot = self.snapshots[self._tokens[token][1]]
        key = {"KmsKeyArn": "arn:aws:kms:x"} if self.encrypts or request.get("Encrypted") else {}
        return {"SnapshotId": snapshot.identity, "Status": snapshot.state, "BlockSize": BLOCK, **key}

    def _parent(self, request: dict[str, object]) -> "Snapshot | None":
        """What is not written is as it is there."""
        if "ParentSnapshotId" not in request:
            return None
        if "Encrypted" in request or "KmsKeyArn" in request:
            raise Refusal(400, "ValidationException", "a parent and a key exclude each other")
        parent = self._snapshot(str(request["ParentSnapshotId"]))
        if parent.state != "completed" or parent.gib > int(request["VolumeSize"]):
            raise Refusal(400, "ValidationException", "the parent is not complete, or larger")
        return parent

    async def _put(self, snapshot: Snapshot, index: int, headers, body) -> tuple[int, dict[str, str], bytes]:
        self._count("PutSnapshotBlock")
        await self._faults()
        if snapshot.state != "pending":
            raise Refusal(400, "ValidationException", "the snapshot is not pending")
        if len(body) != BLOCK or headers["x-amz-data-length"] != str(BLOCK):
            raise Refusal(400, "ValidationException", "a block has 524288 bytes")
        if not 0 <= index < snapshot.gib * 2048:
            raise Refusal(400, "ValidationException", "the index is outside of the volume")
        digest = sha256(body).digest()
        if headers.get("x-amz-checksum-algorithm") != "SHA256" or b64decode(headers["x-amz-checksum"]) != digest:
            raise Refusal(400, "ValidationException", "the checksum does not match")
        snapshot.puts[index] += 1
        snapshot.digests[index] = digest
        with snapshot.path.open("r+b") as file:
            os.pwrite(file.fileno(), body, index * BLOCK)
        if self._random.random() < self.faults.lose_answer:
            raise ConnectionResetError
        return 201, {"x-amz-Checksum": headers["x-amz-checksum"], "x-amz-Checksum-Algorithm": "SHA256"}, b"{}"

    def _count(self, action: str) -> None:
        self.calls[action] += 1
        if act := self.meanwhile.pop((action, self.calls[action]), None):
            act()

    async def _faults(self) -> None:
        faults = self.faults
        if faults.refuse:
            raise Refusal(*faults.refuse)
        if faults.hide_first:
            faults.hide_first -= 1
            raise Refusal(404, "ResourceNotFoundException", "the snapshot does not exist")
        if faults.throttle_above is not None:
            now = self._loop.time()
            self._stamps = [stamp for stamp in self._stamps if now - stamp < 0.2]
            if len(self._stamps) >= faults.throttle_above * 0.2:
                raise Refusal(400, "RequestThrottledException", "slow down")
            self._stamps.append(now)
        if self._random.random() < faults.slow:
            await asyncio.sleep(faults.slow_seconds)
        if self._random.random() < faults.server_error:
            raise Refusal(self._random.choice((500, 502, 503)), "InternalServerException")
        if self._random.random() < faults.reset:
            raise ConnectionResetError

    def _complete(self, snapshot: Snapshot, headers) -> dict[str, object]:
        self._count("CompleteSnapshot")
        if snapshot.state != "pending":
            raise Refusal(400, "ValidationException", "the snapshot is not pending")
        if int(headers["x-amz-changedblockscount"]) != len(snapshot.digests):
            raise Refusal(400, "ValidationException", "another number of blocks was written")
        if "x-amz-checksum" in headers:
            linear = sha256(b"".join(digest for _, digest in sorted(snapshot.digests.items()))).digest()
            aggregated = headers.get("x-amz-checksum-aggregation-method") == "LINEAR"
            if not aggregated or headers["x-amz-checksum"] != b64encode(linear).decode():
                raise Refusal(400, "ValidationException", "the checksum does not match")
        snapshot.state = "completed"
        return {"Status": "pending"}

    def _snapshot(self, identity: str) -> Snapshot:
        if identity not in self.snapshots:
            raise Refusal(404, "ResourceNotFoundException", f"the snapshot {identity} does not exist")
        return self.snapshots[identity]

    def _ec2(self, form: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        action = form["Action"][0]
        self.calls[action] += 1
        if action in self.denied:
            return self._ec2_error(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
        wanted = [value[0] for name, value in sorted(form.items()) if name.startswith("SnapshotId")]
        for identity in wanted:
            if identity not in self.snapshots:
                return self._ec2_error(400, "InvalidSnapshot.NotFound", f"The snapshot '{identity}' does not exist.")
        match action:
            case "GetEbsEncryptionByDefault":
                inner = f"<ebsEncryptionByDefault>{str(self.encrypts).lower()}</ebsEncryptionByDefault>"
            case "DescribeSnapshots":
                found = (self.snapshots[identity] for identity in wanted or self.snapshots)
                items = (f"<item><snapshotId>{s.identity}</snapshotId><status>{s.state}</status></item>" for s in found)
                inner = f"<snapshotSet>{''.join(items)}</snapshotSet>"
            case "DeleteSnapshot":
                del self.snapshots[wanted[0]]
                inner = "<return>true</return>"
            case _:
                return self._ec2_error(400, "InvalidAction", f"no {action} here")
        return 200, {"Content-Type": "text/xml"}, f"<{action}Response>{inner}</{action}Response>".encode()

    @staticmethod
    def _ec2_error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
        told = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
        return status, {"Content-Type": "text/xml"}, told.encode()
