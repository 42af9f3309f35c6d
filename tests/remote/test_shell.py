"""The argument list of ssh: the same way, the same keys, the same strictness."""

import asyncio
import os
import shlex
import signal
import socket
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from nixtui.remote.destination import Algorithms, Destination, Hop
from nixtui.remote.settings import SshSettings
from nixtui.remote.shell import NoShell, find_ssh, in_foreground, ssh_words

WEB = Destination(
    name="web-1",
    asked="10.0.0.1",
    host="10.0.0.1",
    port=2222,
    user="deploy",
    identity_files=(Path("/keys/a key"),),
    certificate_files=(),
    identities_only=True,
    agent=None,
    hops=(),
    proxy_command=None,
    known_hosts=(Path("/known hosts"), Path("/etc/ssh/ssh_known_hosts")),
    host_key_alias="web",
    algorithms=Algorithms(),
    compression=False,
    bind_address=None,
    family=socket.AF_UNSPEC,
)
JUMP = replace(WEB, name="jump", asked="bastion", host="bastion", port=22, user="me", host_key_alias=None)
SETTINGS = SshSettings(config_files=("/fleet/ssh_config",), identity_files=("/keys/a key",), connect_timeout=7.4)


def options(words: list[str]) -> dict[str, str]:
    pairs = pairwise(words)
    return dict(value.split("=", 1) for flag, value in pairs if flag == "-o")


def test_everything_nixtui_knows_is_said_to_ssh() -> None:
    words = ssh_words(WEB, (), SETTINGS)
    assert words[:3] == ["ssh", "-F", "/fleet/ssh_config"]
    assert words[-2:] == ["--", "10.0.0.1"]
    assert words[-6:-2] == ["-p", "2222", "-l", "deploy"]
    assert words[words.index("-i") + 1] == "/keys/a key"
    found = options(words)
    assert found["StrictHostKeyChecking"] == "yes"
    assert found["UserKnownHostsFile"] == '"/known hosts" /etc/ssh/ssh_known_hosts'
    assert found["GlobalKnownHostsFile"] == "none"
    assert (found["ConnectTimeout"], found["HostKeyAlias"], found["IdentitiesOnly"]) == ("7", "web", "yes")


def test_the_operators_own_config_is_found_by_ssh_itself() -> None:
    words = ssh_words(WEB, (), SshSettings(config_files=("/home/me/.ssh/config", "/etc/ssh/ssh_config")))
    assert "-F" not in words and "-i" not in words


def test_jump_hosts_are_as_strict_as_the_host_itself() -> None:
    words = ssh_words(replace(WEB, hops=(Hop("bastion", "me", 22),)), (JUMP,), SETTINGS)
    proxy = shlex.split(options(words)["ProxyCommand"])
    assert proxy[0] == "ssh" and proxy[-4:] == ["-W", "10.0.0.1:2222", "--", "bastion"]
    assert options(proxy)["StrictHostKeyChecking"] == "yes"


def test_two_jump_hosts_are_nested_and_percent_signs_survive_both() -> None:
    odd = replace(JUMP, known_hosts=(Path("/100%/known"),))
    words = ssh_words(WEB, (odd, replace(JUMP, asked="inner", host="::1")), SETTINGS)
    outer = shlex.split(options(words)["ProxyCommand"].replace("%%", "%"))
    inner = shlex.split(options(outer)["ProxyCommand"].replace("%%", "%"))
    assert inner[-4:] == ["-W", "[::1]:22", "--", "bastion"]
    assert options(inner)["UserKnownHostsFile"] == "/100%%/known"


def test_each_word_of_a_command_is_one_word() -> None:
    assert ssh_words(WEB, (), SETTINGS, ["ls", "a b"])[-1] == "ls 'a b'"
    assert "-t" in ssh_words(WEB, (), SETTINGS, ["vi"], terminal=True)


def test_without_ssh_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoShell, match="there is no ssh program"):
        find_ssh({"PATH": str(tmp_path)})


async def test_the_loop_goes_on_while_it_runs_and_ctrl_c_is_the_programs(tmp_path: Path) -> None:
    program, go = tmp_path / "ssh", tmp_path / "go"
    program.write_text('#!/bin/sh\nread -r _ <"$GO"; exit 7\n')
    program.chmod(0o755)
    os.mkfifo(go)
    before = signal.getsignal(signal.SIGINT)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GO": str(go)}
    running = asyncio.create_task(in_foreground([str(program)], environ))
    writer = await asyncio.to_thread(open, go, "w")  # returns once the program reads
    os.kill(os.getpid(), signal.SIGINT)
    writer.write("on\n")
    writer.close()
    assert await running == 7
    assert signal.getsignal(signal.SIGINT) is before
