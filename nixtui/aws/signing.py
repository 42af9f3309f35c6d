"""Signature Version 4 for one kind of request: a block put into a snapshot, thousands of times a second.

botocore's signer costs half a millisecond; a test compares this one with it, byte for byte.
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hmac
import time
from collections.abc import Callable
from hashlib import sha256

Credentials = tuple[str, str, str | None]
"""Access key, secret key, session token."""

_RENEW_AFTER_S = 30.0
"""How long credentials are taken as they were: asking botocore each time takes a lock of its own."""


class BlockSigner:
    """Heads of PutSnapshotBlock requests for one snapshot. Each thread has its own.

    The body is not part of the signature (`UNSIGNED-PAYLOAD`, as the service model has it: v4-unsigned-body); the
    checksum header, which is signed, covers it.
    """

    def __init__(
        self,
        host: str,
        region: str,
        snapshot: str,
        credentials: Callable[[], Credentials],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._region = region
        self._snapshot = snapshot
        self._credentials = credentials
        self._clock = clock
        self._known: Credentials = ("", "", None)
        self._known_at = float("-inf")
        self._key = b""
        self._day = ""

    def forget(self) -> None:
        """Ask for credentials anew: the service no longer takes these."""
        self._known_at = float("-inf")

    def head(self, index: int, checksum: str, length: int) -> bytes:
        """The request up to its body, for the block whose SHA-256 is `checksum` in base64."""
        now = self._clock()
        self._renew(now)
        access, _, token = self._known
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        path = f"/snapshots/{self._snapshot}/blocks/{index}"
        secured = f"x-amz-security-token:{token}\n" if token else ""
        names = "host;x-amz-checksum;x-amz-checksum-algorithm;x-amz-content-sha256;x-amz-data-length;x-amz-date"
        names += ";x-amz-security-token" if token else ""
        canonical = (
            f"PUT\n{path}\n\nhost:{self._host}\nx-amz-checksum:{checksum}\nx-amz-checksum-algorithm:SHA256\n"
            f"x-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-data-length:{length}\nx-amz-date:{stamp}\n{secured}\n"
            f"{names}\nUNSIGNED-PAYLOAD"
        )
        scope = f"{stamp[:8]}/{self._region}/ebs/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(stamp[:8]), to_sign.encode(), "sha256").hex()
        token_line = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        return (
            f"PUT {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/octet-stream\r\n"
            f"Content-Length: {length}\r\nx-amz-Data-Length: {length}\r\nx-amz-Checksum: {checksum}\r\n"
            f"x-amz-Checksum-Algorithm: SHA256\r\nX-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nX-Amz-Date: {stamp}\r\n"
            f"{token_line}Authorization: AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}\r\n\r\n"
        ).encode()

    def _renew(self, now: float) -> None:
        if now - self._known_at < _RENEW_AFTER_S:
            return
        fresh = self._credentials()
        if fresh != self._known:
            self._known, self._day = fresh, ""
        self._known_at = now

    def _signing_key(self, day: str) -> bytes:
        if day != self._day:
            key = f"AWS4{self._known[1]}".encode()
            for part in (day, self._region, "ebs", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._day = key, day
        return self._key
