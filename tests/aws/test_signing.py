"""Our signer against botocore's, and against what boto3 really sends."""

import time

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from nixtui.aws.signing import BlockSigner

CHECKSUM = "aKZ5Vz+1gcZ8iMvc6LQrk2vgu8z0tRQ2vD9VbY9nFfI="
NOW = 1_790_000_000.0


def parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    return method, target, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("token", [None, "a-session-token/+=="])
@pytest.mark.parametrize("index", [0, 8191])
def test_the_signature_is_the_one_botocore_makes(token: str | None, index: int) -> None:
    signer = BlockSigner(
        "ebs.eu-central-1.amazonaws.com", "eu-central-1", "snap-0a1b", lambda: ("AKID", "secret", token), lambda: NOW
    )
    method, target, headers = parse(signer.head(index, CHECKSUM, 524288))
    authorization = headers.pop("authorization")
    names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest(method, f"https://{headers['host']}{target}", headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    theirs = SigV4Auth(Credentials("AKID", "secret", token), "ebs", "eu-central-1")
    expected = theirs.signature(theirs.string_to_sign(request, theirs.canonical_request(request)), request)
    assert authorization.endswith(f"Signature={expected}")
    assert target == f"/snapshots/snap-0a1b/blocks/{index}"


def test_the_request_has_the_headers_that_boto3_sends() -> None:
    """Names and values, but for those that only say who is calling."""
    sent = {}
    client = boto3.client("ebs", region_name="eu-central-1", aws_access_key_id="AKID", aws_secret_access_key="s")

    def catch(request, **_):
        sent.update({name.lower(): value for name, value in request.headers.items()}, target=request.url)
        raise InterruptedError

    client.meta.events.register("before-send.ebs.PutSnapshotBlock", catch)
    with pytest.raises(InterruptedError):
        client.put_snapshot_block(
            SnapshotId="snap-0a1b",
            BlockIndex=7,
            BlockData=b"x" * 524288,
            DataLength=524288,
            Checksum=CHECKSUM,
            ChecksumAlgorithm="SHA256",
        )
    signer = BlockSigner("ebs.eu-central-1.amazonaws.com", "eu-central-1", "snap-0a1b", lambda: ("AKID", "s", None))
    _, target, ours = parse(signer.head(7, CHECKSUM, 524288))
    assert sent["target"].endswith(target)
    theirs = {name: v.decode() if isinstance(v, bytes) else v for name, v in sent.items() if name.startswith("x-amz")}
    for name in ("x-amz-checksum", "x-amz-checksum-algorithm", "x-amz-data-length", "x-amz-content-sha256"):
        assert ours[name] == theirs[name]
    assert ours["content-length"] == "524288"


def test_renewed_credentials_are_used_without_being_asked_for_each_time() -> None:
    asked = []

    def credentials():
        asked.append(None)
        return (f"AKID{len(asked)}", "secret", None)

    now = [NOW]
    signer = BlockSigner("h", "r", "snap-1", credentials, lambda: now[0])
    assert b"AKID1/" in signer.head(0, CHECKSUM, 1)
    assert b"AKID1/" in signer.head(1, CHECKSUM, 1)
    signer.forget()
    assert b"AKID2/" in signer.head(2, CHECKSUM, 1)
    now[0] += 31
    assert b"AKID3/" in signer.head(3, CHECKSUM, 1)
    assert len(asked) == 3


def test_the_key_changes_with_the_day() -> None:
    now = [NOW]
    signer = BlockSigner("h", "r", "snap-1", lambda: ("A", "s", None), lambda: now[0])
    before = parse(signer.head(0, CHECKSUM, 1))[2]
    now[0] += 86400
    after = parse(signer.head(0, CHECKSUM, 1))[2]
    assert time.strftime("%Y%m%d", time.gmtime(NOW + 86400)) in after["authorization"]
    assert before["authorization"][-64:] != after["authorization"][-64:]
