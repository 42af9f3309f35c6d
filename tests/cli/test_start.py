"""The app from the command to its first frame: what it waits for, and what is told before it takes the terminal."""

import json
import os
import pty
import sys
from dataclasses import dataclass
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ
from typing import Any

import pytest

from tests.cli.conftest import Shell

TAKES_THE_TERMINAL = "\x1b[?1049h"

RECORDING = """
import gc, json, os, sys
from nixtui.cli.cockpit import LiveCockpit
from nixtui.cli.main import entry

def enter(self):
    record["collects_before"] = gc.isenabled()
    return entered(self)

def begin(self):
    record.update(collects_then=gc.isenabled(), modules=list(sys.modules))
    with open(os.environ["RECORD"], "w") as file:
        json.dump(record, file)
    os._exit(0)

record = {}
entered, LiveCockpit.__aenter__, LiveCockpit.begin = LiveCockpit.__aenter__, enter, begin
entry()
"""
"""The program, which at its first frame writes down how it is and is gone."""


@dataclass(frozen=True)
class Ended:
    code: int
    seen: str


def on_a_terminal(shell: Shell, *arguments: str, **environ: str) -> Ended:
    pid, terminal = pty.fork()
    if pid == 0:
        ioctl(0, TIOCSWINSZ, pack("HHHH", 40, 120, 0, 0))
        os.chdir(shell.directory)
        environ = {**shell.environ, "TERM": "xterm-256color", **environ}
        os.execve(sys.executable, [sys.executable, *arguments], environ)  # noqa: S606
    seen = b""
    try:
        while received := os.read(terminal, 65536):
            seen += received
    except OSError:  # it has ended, which a pty tells as an input/output error
        pass
    os.close(terminal)
    return Ended(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode(errors="replace"))


def first_frame(shell: Shell, *words: str, **environ: str) -> dict[str, Any]:
    record = shell.directory / "record.json"
    ended = on_a_terminal(shell, "-c", RECORDING, *words, RECORD=str(record), **environ)
    assert ended.code == 0, ended.seen
    assert TAKES_THE_TERMINAL in ended.seen
    return json.loads(record.read_text())


HEAVY = ("asyncssh", "cryptography", "boto3", "botocore", "yaml", "tomli_w", "http", "xml")
LATER = ("remote.pool", "remote.probe", "remote.generations", "activation", "fleet.watch", "fleet.inventory", "nix",
         "logs", "upkeep", "operations.operation", "demo", "tui.screens.host_page", "cli.cockpit.acting", "aws",
         "instances")  # fmt: skip


def loaded_of(record: dict[str, Any], *names: str) -> list[str]:
    """Which of these modules, and of what is in them, were there."""
    assert "nixtui.tui.screens.fleet" in record["modules"]
    return [name for name in record["modules"] if any(name == each or name.startswith(f"{each}.") for each in names)]


@pytest.mark.parametrize("ec2", ["", '[fleet]\nsources = ["file", "ec2"]\n[ec2]\nregions = ["eu-central-1"]\n'])
def test_the_first_frame_waits_for_nothing_that_only_comes_after_it(shell: Shell, ec2: str) -> None:
    shell.configure(f'{ec2}[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    assert loaded_of(first_frame(shell), *HEAVY, *(f"nixtui.{each}" for each in LATER)) == []


def test_the_first_frame_of_the_demo_waits_for_nothing_of_its_aws(shell: Shell) -> None:
    record = first_frame(shell, "demo", XDG_RUNTIME_DIR=str(shell.directory))
    assert loaded_of(record, "asyncssh")
    assert loaded_of(record, "boto3", "botocore", "moto", "flask", "nixtui.instances", "nixtui.fleet.inventory") == []


def test_nothing_is_collected_before_the_first_frame_and_all_as_usual_from_then_on(shell: Shell) -> None:
    shell.configure('[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    record = first_frame(shell)
    assert (record["collects_before"], record["collects_then"]) == (False, True)


def test_what_is_wrong_in_the_configuration_is_told_before_the_app_takes_the_terminal(shell: Shell) -> None:
    shell.configure('[ui]\ntheme = "no such"\n')
    ended = on_a_terminal(shell, "-m", "nixtui")
    assert ended.code == 2
    assert 'there is no theme "no such"' in ended.seen
    assert TAKES_THE_TERMINAL not in ended.seen


def test_a_journal_that_cannot_be_opened_is_told_before_the_app_takes_the_terminal(shell: Shell) -> None:
    shell.configure('[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    (shell.directory / "state").write_text("in the way")
    ended = on_a_terminal(shell, "-m", "nixtui", XDG_STATE_HOME=str(shell.directory / "state"))
    assert ended.code == 1
    assert "the journal in" in ended.seen
    assert TAKES_THE_TERMINAL not in ended.seen
