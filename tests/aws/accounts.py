"""Several accounts of AWS on loopback, behind somebody who keeps book of which key signed what.

moto tells accounts apart by the access key: keys of a role that was assumed are of that role's account, and those of a
user of the account that the user is in.
"""

import http.client
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

PROD, STAGING = "123456789012", "222222222222"
REGION = "eu-central-1"

_KEY = re.compile(r"Credential=(?P<key>[^/]+)/[0-9]+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_ASSUMED = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")

_FILES = """
[default]
region = nowhere-1

[profile prod]
region = eu-central-1

[profile twin]
region = eu-central-1

[profile staging]
role_arn = arn:aws:iam::222222222222:role/ops
source_profile = prod
region = eu-central-1

[profile old]
sso_session = corp
sso_account_id = 333333333333
sso_role_name = ops
region = eu-central-1

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access

[profile empty]
region = eu-central-1
"""

_KEYS = """
[prod]
aws_access_key_id = AKIAPROD
aws_secret_access_key = secret

[twin]
aws_access_key_id = AKIATWIN
aws_secret_access_key = secret
"""


@dataclass(frozen=True)
class Asked:
    """One request: what, with which parameters in their text, and of which account the key is that signed it."""

    service: str
    action: str
    region: str
    text: str
    key: str
    account: str


@dataclass
class Accounts:
    """The two accounts; `asked` is every request that came, in order.

    What is `refused`, by account and action, is answered with an error: its code and message. What moto does not know
    is answered as `answered` says, by action: what is in the XML of the answer.
    """

    environ: dict[str, str]
    files: Path
    asked: list[Asked] = field(default_factory=list)
    refused: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)
    _sessions: dict[str, boto3.session.Session] = field(default_factory=dict)
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(self, account: str, service: str, region: str = REGION):
        """A client of the test's own."""
        made = self._clients.get((account, service, region))
        if made is None:
            profile = {PROD: "prod", STAGING: "staging"}[account]
            session = self._sessions.setdefault(account, boto3.session.Session(profile_name=profile))
            made = self._clients[account, service, region] = session.client(service, region_name=region)
        return made

    def an_image(self, account: str, name: str = "web", region: str = REGION) -> str:
        ec2 = self.client(account, "ec2", region)
        volume = ec2.create_volume(Size=4, AvailabilityZone=f"{region}a")
        snapshot = ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
        return str(ec2.register_image(Name=name, BlockDeviceMappings=[mapping])["ImageId"])

    def an_instance(self, account: str, name: str, image: str | None = None, region: str = REGION) -> str:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        image = image or self.an_image(account, region=region)
        made = self.client(account, "ec2", region).run_instances(
            ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags
        )
        return str(made["Instances"][0]["InstanceId"])

    def a_group(self, account: str, name: str, image: str) -> None:
        launch = {"ImageId": image, "InstanceType": "t3.micro"}
        self.client(account, "ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=launch)
        self.client(account, "autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            MinSize=1, MaxSize=1, AvailabilityZones=[f"{REGION}a"],
        )  # fmt: skip

    def state(self, account: str, instance: str) -> str:
        (group,) = self.client(account, "ec2").describe_instances(InstanceIds=[instance])["Reservations"]
        return str(group["Instances"][0]["State"]["Name"])

    def about(self, *words: str) -> list[Asked]:
        """The requests that have one of these words in them."""
        return [each for each in self.asked if any(word in each.text for word in words)]

    def calls(self, action: str) -> list[Asked]:
        return [each for each in self.asked if each.action == action]


class _Books(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, moto: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moto = moto
        self.accounts = {"AKIAPROD": PROD, "AKIATWIN": PROD}
        self.asked: list[Asked] = []
        self.refused: dict[tuple[str, str], tuple[str, str]] = {}
        self.answered: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Books

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = _KEY.search(self.headers.get("Authorization", ""))
        assert signed is not None, "nobody signed this"
        parameters = parse_qs(urlsplit(self.path).query) | parse_qs(body.decode(errors="replace"))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        action = target or parameters.get("Action", [f"{self.command} {urlsplit(self.path).path}"])[0]
        account = self.server.accounts.get(signed["key"], f"nobody's key {signed['key']}")
        text = f"{self.path} {body.decode(errors='replace')}"
        self.server.asked.append(Asked(signed["service"], action, signed["region"], text, signed["key"], account))
        if (account, action) in self.server.refused:
            self._refuse(*self.server.refused[account, action])
            return
        if action in self.server.answered:
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self._end(f"<{action}Response>{self.server.answered[action]}</{action}Response>".encode())
            return
        if action == "POST /list-rules":  # moto has no recycle bin, and neither has rules for one
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self._end(b'{"Rules": []}')
            return
        connection = http.client.HTTPConnection(*self.server.moto, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        told = answer.read()
        if action == "AssumeRole" and (given := _ASSUMED.search(told)):
            role = parameters["RoleArn"][0]
            self.server.accounts[given[1].decode()] = role.split(":")[4]
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self._end(told)
        connection.close()

    def _refuse(self, code: str, message: str) -> None:
        told = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
        self.send_response(400)
        self.send_header("Content-Type", "text/xml")
        self._end(told.encode())

    def _end(self, told: bytes) -> None:
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on

    def log_message(self, *_: object) -> None:
        """Nothing: `asked` has it."""


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Accounts]:
    """Profiles of two accounts in files, `prod`, its `twin` by other keys, `staging` by a role; `old` has no SSO token,
    `empty` no keys. The environment is this process's as well.
    """
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    books = _Books((host, port))
    serving = threading.Thread(target=books.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    files = tmp_path / "aws"
    files.mkdir()
    (files / "config").write_text(_FILES)
    (files / "credentials").write_text(_KEYS)
    environ = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{books.server_address[1]}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(files / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(files / "credentials"),
    }
    try:
        reset = Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        urlopen(reset, timeout=30).close()  # noqa: S310 # loopback
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield Accounts(environ, files, books.asked, books.refused, books.answered)
    finally:
        books.shutdown()
        books.server_close()
        moto.stop()
