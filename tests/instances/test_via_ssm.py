"""Choosing SSM Run Command: for a host in the file, or for a run; offered where SSH does not answer, never taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Shell, shell
from tests.instances.fake_machines import FakeMachines, Machine, a_shell
from tests.remote.nixos_root import NixosRoot

__all__ = ["shell"]

WEB = "i-0a1b2c3d4e5f60718"
UNREACHABLE = '[ec2]\n[ssh]\nconnect_timeout = "1s"\n[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n'


@pytest.fixture
def fake(shell: Shell, tmp_path: Path) -> Iterator[FakeMachines]:
    root = NixosRoot(tmp_path / "root")
    with FakeMachines(Machine(WEB, "web-1", "10.0.0.1", execute=a_shell("dash", environ=root.environment))) as running:
        shell.environ.update(running.environ)
        yield running


def test_a_host_of_the_file_may_be_reached_by_its_agent(shell: Shell, fake: FakeMachines) -> None:
    shell.configure(UNREACHABLE + 'transport = "ssm"\n')
    ended = shell.run("status", "web-1", "--json")
    assert ended.code == 0, ended.err
    (web,) = ended.json
    assert (web["load"], web["ec2"]["instance_id"]) == (0.42, WEB)
    assert web["state"] in ("up", "degraded")
    assert "SendCommand" in fake.calls


def test_the_agent_is_offered_where_ssh_does_not_answer_and_nothing_is_sent(shell: Shell, fake: FakeMachines) -> None:
    shell.configure(UNREACHABLE)
    ended = shell.run("status", "web-1")
    assert ended.code == 3
    assert f"nixtui instance doors {WEB}" in ended.err
    assert "nixtui --via ssm" in ended.err
    assert "SendCommand" not in fake.calls
    via = shell.run("--via", "ssm", "status", "web-1", "--json")
    assert (via.code, via.json[0]["load"]) == (0, 0.42), via.err


def test_a_host_that_is_no_instance_has_no_agent(shell: Shell, fake: FakeMachines) -> None:
    shell.configure('[hosts.db-1]\naddress = "127.0.0.1"\ntransport = "ssm"\n')
    ended = shell.run("status", "db-1")
    assert ended.code == 3
    assert "which instance it is is not known" in ended.err + ended.out
    assert "tags = { ec2 = 'i-…', region = '…' }" in ended.err


def test_what_does_not_go_this_way_says_so(shell: Shell, fake: FakeMachines) -> None:
    shell.configure(UNREACHABLE + 'transport = "ssm"\n')
    ended = shell.run("logs", "web-1")
    assert "does not go over SSM Run Command" in ended.err
    assert "AWS keeps what goes over Run Command for 30 days" in ended.err
    assert ended.code != 0


def test_the_words_are_checked(shell: Shell, fake: FakeMachines) -> None:
    shell.configure(UNREACHABLE + 'transport = "carrier pigeon"\n')
    ended = shell.run("status")
    assert (ended.code, "possible are ssh, ssm" in ended.err) == (2, True)
