"""KMS on loopback, by moto; what moto does not do, refusing, by a server of one answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nixtui.operations.report import Outcome
from nixtui.secrets.edit import Put
from nixtui.secrets.editing import reveal, save
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.repository import drift_of, look_around
from nixtui.secrets.secret import Secret
from nixtui.secrets.work import locks_out, plan_rotate, plan_updatekeys
from tests.aws.moto_aws import client, moto_environ
from tests.secrets.conftest import Repo
from tests.secrets.test_command import secrets
from tests.secrets.test_repository import carried_out

__all__ = ["moto_environ"]

PLAIN = "db:\n    password: hunter2\n"
ROLE = "arn:aws:iam::123456789012:role/deployer"


@pytest.fixture
def cloud(repo: Repo, moto_environ: dict[str, str]) -> Repo:
    """A repository of somebody with credentials and without any age key."""
    repo.environ |= moto_environ
    repo.environ["SOPS_AGE_KEY_FILE"] = ""
    return repo


def key() -> str:
    return str(client("kms").create_key()["KeyMetadata"]["Arn"])


def encrypt(repo: Repo, rule: str, name: str = "a.yaml") -> Path:
    (repo.root / ".sops.yaml").write_text(f"creation_rules:\n- {rule}\n")
    path = repo.root / name
    path.write_text(PLAIN)
    repo.sops("encrypt", "-i", name)
    return path


def group(arn: str, *more: str) -> str:
    return "key_groups:\n  - kms:\n    - " + "\n      ".join((f"arn: {arn}", *more))


async def read(repo: Repo, path: Path) -> str:
    return (await reveal(await repo.runner(**repo.environ), path, path.name, ("db", "password"))).text()


async def test_a_value_is_read_and_written_with_nothing_but_kms(cloud: Repo) -> None:
    path = encrypt(cloud, f"kms: {key()}")
    assert await read(cloud, path) == "hunter2"
    change = await save(await cloud.runner(**cloud.environ), path, "a.yaml", [Put(("db", "password"), Secret("new"))])
    assert change.is_one and cloud.plain(path) == {"db": {"password": "new"}}


async def test_recipients_follow_the_rule_and_data_keys_rotate(cloud: Repo, tmp_path: Path) -> None:
    first, second = key(), key()
    path = encrypt(cloud, f"kms: {first}")
    (cloud.root / ".sops.yaml").write_text(f"creation_rules:\n- kms: {first},{second}\n  age: {cloud.me.public}\n")
    found = await look_around(cloud.root, cloud.environ)
    assert drift_of(found.files[0]).missing == (second, cloud.me.public)
    assert not locks_out(found.files[0], frozenset())
    work = plan_updatekeys(found, found.files, frozenset(), lockout=False)
    assert (await carried_out(cloud, work, tmp_path)).outcome is Outcome.COMMITTED
    assert not drift_of((await look_around(cloud.root, cloud.environ)).files[0]).is_any
    work = plan_rotate((await look_around(cloud.root, cloud.environ)).files)
    report = await carried_out(cloud, work, tmp_path / "2")
    assert report.outcome is Outcome.COMMITTED, report.targets[0]
    assert await read(cloud, path) == "hunter2"


async def test_a_role_is_assumed(cloud: Repo) -> None:
    path = encrypt(cloud, group(key(), f"role: {ROLE}"))
    assert f"role: {ROLE}" in path.read_text() and await read(cloud, path) == "hunter2"
    (recipient,) = (await look_around(cloud.root, cloud.environ)).files[0].recipients
    assert recipient.kind == "kms" and recipient.identity.endswith(f"+{ROLE}")


async def test_the_context_is_part_of_the_lock(cloud: Repo) -> None:
    path = encrypt(cloud, group(key(), "context:", "  env: prod"))
    assert await read(cloud, path) == "hunter2"
    assert (await look_around(cloud.root, cloud.environ)).files[0].recipients[0].identity.endswith("|env:prod")
    path.write_text(path.read_text().replace("env: prod", "env: test"))
    with pytest.raises(SecretsError) as caught:
        await read(cloud, path)
    assert caught.value.trouble is Trouble.KMS_CONTEXT
    assert str(caught.value) == (
        "a.yaml: the KMS key does not open this file: its encryption context or key is another; "
        "compare the context in the file with the one of the rule"
    )
    found = await look_around(cloud.root, cloud.environ)
    assert drift_of(found.files[0]).is_any, "another context is another recipient, seen without a key"


async def test_a_profile_of_the_file_is_used_and_missed(cloud: Repo) -> None:
    config, credentials = cloud.home / "config", cloud.home / "credentials"
    config.write_text("[profile ops]\nregion = eu-central-1\n")
    credentials.write_text("[ops]\naws_access_key_id = x\naws_secret_access_key = y\n")
    cloud.environ |= {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del cloud.environ[name]
    path = encrypt(cloud, group(key(), "aws_profile: ops"))
    assert await read(cloud, path) == "hunter2"
    cloud.environ["AWS_CONFIG_FILE"] = cloud.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
    with pytest.raises(
        SecretsError, match=r"names an AWS profile that is not here: ops; add the profile to ~/\.aws/config"
    ):
        await read(cloud, path)


async def test_no_credentials(cloud: Repo) -> None:
    path = encrypt(cloud, f"kms: {key()}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del cloud.environ[name]
    with pytest.raises(SecretsError, match="there are no AWS credentials for the KMS key"):
        await read(cloud, path)


async def test_an_endpoint_that_is_down_is_told_and_nothing_is_changed(cloud: Repo, tmp_path: Path) -> None:
    path = encrypt(cloud, f"kms: {key()}")
    before = path.read_bytes()
    cloud.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    with pytest.raises(SecretsError) as caught:
        await read(cloud, path)
    assert caught.value.trouble is Trouble.KMS_UNREACHABLE
    assert str(caught.value) == "a.yaml: the key service cannot be reached; try again when the network is back"
    work = plan_rotate((await look_around(cloud.root, cloud.environ)).files)
    report = await carried_out(cloud, work, tmp_path)
    assert report.outcome is Outcome.FAILED and "cannot be reached" in str(report.targets[0].detail)
    assert path.read_bytes() == before
    assert secrets(cloud, "show", "a.yaml", "db/password").returncode == 3


@contextmanager
def refusing(kind: str, message: str) -> Iterator[str]:
    """An AWS that says this to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            query = b"AssumeRole" in self.requestline.encode() or not self.headers.get("X-Amz-Target")
            body = json.dumps({"__type": kind, "message": message}).encode()
            if query:  # STS speaks XML
                error = f"<Error><Type>Sender</Type><Code>{kind}</Code><Message>{message}</Message></Error>"
                body = f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()
            self.send_response(403 if query else 400)
            self.send_header("Content-Type", "text/xml" if query else "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


DENIED = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: {} on resource: {}"


async def test_without_a_reason_the_permission_is_that_of_the_operation(cloud: Repo) -> None:
    path = encrypt(cloud, f"kms: {key()}")
    with refusing("AccessDeniedException", "no") as address:
        cloud.environ["AWS_ENDPOINT_URL"] = address
        with pytest.raises(SecretsError, match="AWS does not let you use the KMS key: kms:Decrypt is missing"):
            await read(cloud, path)


@pytest.mark.parametrize("permission", ["kms:Decrypt", "kms:Encrypt"])
async def test_denied_access_names_the_permission(cloud: Repo, permission: str, tmp_path: Path) -> None:
    arn = key()
    path = encrypt(cloud, f"kms: {arn}")
    before = path.read_bytes()
    with refusing("AccessDeniedException", DENIED.format(permission, arn)) as address:
        cloud.environ["AWS_ENDPOINT_URL"] = address
        with pytest.raises(SecretsError) as caught:
            await read(cloud, path)
        assert caught.value.trouble is Trouble.KMS_DENIED
        assert caught.value.reason == f"a.yaml: AWS does not let you use the KMS key: {permission} is missing"
        report = await carried_out(cloud, plan_rotate((await look_around(cloud.root, cloud.environ)).files), tmp_path)
    assert report.outcome is Outcome.FAILED and f"{permission} is missing" in str(report.targets[0].detail)
    assert path.read_bytes() == before


async def test_a_role_that_may_not_be_assumed(cloud: Repo) -> None:
    path = encrypt(cloud, group(key(), f"role: {ROLE}"))
    with refusing("AccessDenied", DENIED.format("sts:AssumeRole", ROLE)) as address:
        cloud.environ["AWS_ENDPOINT_URL"] = address
        with pytest.raises(SecretsError, match="AWS does not let you use the KMS key: sts:AssumeRole is missing"):
            await read(cloud, path)


@pytest.mark.parametrize(
    ("kind", "trouble", "sentence"),
    [
        ("DisabledException", Trouble.KMS_DENIED, "the KMS key is disabled"),
        ("KMSInvalidStateException", Trouble.KMS_DENIED, "the KMS key is disabled or waits for its deletion"),
        ("NotFoundException", Trouble.KMS_DENIED, "there is no such KMS key in this account and region"),
        ("ExpiredTokenException", Trouble.AWS_CREDENTIALS, "your AWS credentials have expired"),
    ],
)
async def test_keys_that_cannot_be_used(cloud: Repo, kind: str, trouble: Trouble, sentence: str) -> None:
    path = encrypt(cloud, f"kms: {key()}")
    with refusing(kind, "for a reason") as address:
        cloud.environ["AWS_ENDPOINT_URL"] = address
        with pytest.raises(SecretsError) as caught:
            await read(cloud, path)
    assert (caught.value.trouble, caught.value.reason) == (trouble, f"a.yaml: {sentence}"), caught.value.log
    assert caught.value.remedy
