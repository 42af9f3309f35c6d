"""IAM Identity Center (SSO) on loopback, for logins by it.

It checks what botocore sends; the shapes are those of its own models of
`sso-oidc` (CreateToken) and `sso` (GetRoleCredentials).
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.aws.accounts import Accounts
from tests.cli.conftest import Shell

ROLE_LASTS_S = 3600


@dataclass
class Center:
    """Which tokens are good, and what was given for them."""

    cache: Path
    refresh_token: str | None = "refresh-1"
    good: set[str] = field(default_factory=set)
    lasts_s: float = ROLE_LASTS_S
    renewed: int = 0
    roles: int = 0

    def log_in(self, *, left_s: float) -> None:
        """What `aws sso login` leaves: a token that is good for so long yet (negative: was)."""
        self.good.add("token-0")
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        cached = {
            "startUrl": "https://corp.awsapps.com/start",
            "region": "eu-central-1",
            "accessToken": "token-0",
            "expiresAt": _moment(left_s),
            "clientId": "client",
            "clientSecret": "client's secret",
            "registrationExpiresAt": _moment(90 * 86400),
            "refreshToken": "refresh-1",
        }
        self.cache.write_text(json.dumps(cached))
        if left_s < 0:
            self.good.clear()


def _moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    center: Center

    def do_POST(self) -> None:
        """CreateToken."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        center = self.center
        assert self.path == "/token"
        assert asked["grantType"] == "refresh_token"
        assert (asked["clientId"], asked["clientSecret"]) == ("client", "client's secret")
        if center.refresh_token is None or asked["refreshToken"] != center.refresh_token:
            self._answer(400, {"error": "invalid_grant", "error_description": "expired"}, "InvalidGrantException")
            return
        center.renewed += 1
        token = f"token-{center.renewed}"
        center.good = {token}
        center.refresh_token = f"refresh-{center.renewed + 1}"
        self._answer(
            200,
            {"accessToken": token, "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": center.refresh_token},
        )

    def do_GET(self) -> None:
        """GetRoleCredentials."""
        center, asked = self.center, parse_qs(urlsplit(self.path).query)
        assert urlsplit(self.path).path == "/federation/credentials"
        assert asked == {"role_name": ["ops"], "account_id": ["333333333333"]}
        if self.headers["x-amz-sso_bearer_token"] not in center.good:
            self._answer(401, {"message": "Session token not found or invalid"}, "UnauthorizedException")
            return
        center.roles += 1
        ends = (datetime.now(UTC) + timedelta(seconds=center.lasts_s)).timestamp() * 1000
        keys = {
            "accessKeyId": f"ASIAROLE{center.roles}",
            "secretAccessKey": "s",
            "sessionToken": "t",
            "expiration": int(ends),
        }
        self._answer(200, {"roleCredentials": keys})

    def _answer(self, status: int, told: object, error: str | None = None) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        if error is not None:
            self.send_header("x-amzn-ErrorType", error)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def center(shell: Shell, accounts: Accounts) -> Iterator[Center]:
    """Its tokens are kept in the directory of the fleet, which is the home as well."""
    home = shell.directory
    session = hashlib.sha1(b"corp").hexdigest()  # noqa: S324 # the name of its file, as botocore has it
    made = Center(home / ".aws/sso/cache" / f"{session}.json")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"center": made}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    ways = {"AWS_ENDPOINT_URL_SSO": address, "AWS_ENDPOINT_URL_SSO_OIDC": address, "HOME": str(home)}
    shell.environ.update(accounts.environ | ways)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        shell.environ.pop(name, None)
    shell.configure('[ec2]\nprofiles = ["old"]\n')
    yield made
    server.shutdown()
    server.server_close()
