"""Somebody with a `nixtui.toml` that declares stacks, an EC2 in moto, and instances that answer SSH on loopback."""

import os
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from nixtui.cli.main import main
from tests.aws.moto_aws import an_image, client, moto_environ
from tests.cli.conftest import Ended, Shell, shell
from tests.instances.fake_machines import listed
from tests.remote.conftest import own_sshd
from tests.remote.sshd import USER, Sshd, keygen
from tests.remote.test_host_keys import fingerprint
from tests.stacks.door import Door

__all__ = ["moto_environ", "own_sshd", "shell"]

REGION = "eu-central-1"


@pytest.fixture
def door(moto_environ: dict[str, str]) -> Iterator[Door]:
    with Door(moto_environ["AWS_ENDPOINT_URL"]) as running:
        yield running


@dataclass
class Team:
    """An operator. `hosts` of the stack are declared by `declare`."""

    shell: Shell
    door: Door
    sshd: Sshd
    image: str

    @property
    def known_hosts(self) -> Path:
        return self.shell.directory / "known_hosts"

    def declare(self, *hosts: str, stack: str = "review", more: str = "", host: str = "", fleet: str = "shop") -> None:
        """A stack of these hosts; all of them answer on the one sshd there is."""
        text = f'[fleet]\nname = "{fleet}"\nsources = ["file"]\n'
        text += f'[ssh]\nconfig = "{self.shell.directory}/ssh_config"\nknown_hosts = ["{self.known_hosts}"]\n'
        text += 'elevate = "none"\nconnect_timeout = "5s"\n'
        text += f'[stacks.{stack}]\nregion = "{REGION}"\nuser = "{USER}"\nport = {self.sshd.port}\n'
        for name in hosts:
            text += f'[stacks.{stack}.hosts.{name}]\nimage = "{self.image}"\ntype = "t3.small"\n{host}\n'
            self.answers(f"{stack}-{name}")
        self.shell.configure(text + more)

    def answers(self, *names: str) -> None:
        """Whatever is launched by these names is found on loopback, and its console shows the key of the sshd there."""
        printed = fingerprint(self.sshd.directory / "host_ed25519.pub").partition("SHA256:")[2]
        for name in names:
            self.door.addresses[name] = "127.0.0.1"
            self.door.consoles[name] = listed((f"SHA256:{printed}", "ED25519"))

    def run(self, *words: str) -> Ended:
        """`nixtui stack WORDS…`, in this process: starting one takes longer than most of what is done here."""
        out, err = StringIO(), StringIO()
        here = patch.dict(os.environ, self.shell.environ, clear=True), chdir(self.shell.directory)
        with here[0], here[1], redirect_stdout(out), redirect_stderr(err):
            code = main(["stack", *words])
        return Ended(code, out.getvalue(), err.getvalue())

    def instances(self, *states: str) -> dict[str, list[str]]:
        """What is there, by Name tag, in these states (all but terminated)."""
        found: dict[str, list[str]] = {}
        for each in described():
            if each["State"]["Name"] in (states or ("pending", "running", "stopping", "stopped", "shutting-down")):
                found.setdefault(tags_of(each).get("Name", ""), []).append(each["InstanceId"])
        return found


def described() -> list[dict[str, Any]]:
    told = client("ec2").describe_instances()["Reservations"]
    return [each for group in told for each in group["Instances"]]


def tags_of(told: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in told.get("Tags", ())}


@pytest.fixture
def team(shell: Shell, moto_environ: dict[str, str], door: Door, own_sshd: Sshd) -> Team:
    shell.environ.update(moto_environ)
    shell.environ["AWS_ENDPOINT_URL"] = door.url
    home = Path(shell.environ["HOME"])
    key = keygen(home / ".ssh" / "id_ed25519")
    own_sshd.authorize(key.with_suffix(".pub"))
    (shell.directory / "ssh_config").write_text(f"Host *\n  IdentityFile {key}\n  IdentitiesOnly yes\n")
    made = Team(shell, door, own_sshd, an_image())
    made.declare("web", "db")
    return made
