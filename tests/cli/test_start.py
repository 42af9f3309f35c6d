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


def first_frame(shell: Shell) -> dict[str, Any]:
    record = shell.directory / "record.json"
    ended = on_a_terminal(shell, "-c", RECORDING, RECORD=str(record))
    assert ended.code == 0, ended.seen
    assert TAKES_THE_TERMINAL in ended.seen
    return json.loads(record.read_text())


HEAVY = ("asyncssh", "cryptography", "boto3", "botocore", "yaml", "tomli_w", "http", "xml")
LATER = ("remote.pool", "remote.probe", "remote.generations", "activation", "fleet.watch", "fleet.inventory", "nix",
         "logs", "upkeep", "operations.operation", "demo", "tui.screens.host_page", "cli.cockpit.acting")  # fmt: skip


def test_the_first_frame_waits_for_nothing_that_only_comes_after_it(shell: Shell) -> None:
    shell.configure('[hosts.web-1]\naddress = "127.0.0.1"\nport = 1\n')
    unwanted = (*HEAVY, *(f"nixtui.{each}" for each in LATER))
    loaded = first_frame(shell)["modules"]
    assert "nixtui.tui.screens.fleet" in loaded
    assert [name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in unwanted)] == []


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
