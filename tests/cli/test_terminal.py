"""Questions on a real terminal: passwords, confirmations, and Ctrl-C at any of them."""

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest

from tests.activation.conftest import truth
from tests.cli.conftest import Shell
from tests.lab.host import Host

pytestmark = pytest.mark.lab


class Terminal:
    """A command with a terminal for input, output and errors, as a person has it."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self.seen = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(shell.directory)
            os.execve(sys.executable, [sys.executable, "-m", "nixtui", *arguments], shell.environ)  # noqa: S606

    def until(self, text: str, within: float = 30) -> None:
        """Read until `text` was printed."""
        end = time.monotonic() + within
        while text not in self.seen:
            assert self._read(end - time.monotonic()), f"never: {text}\n{self.seen}"

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def exit_code(self, within: float = 30) -> int:
        """Read on until it ends."""
        end = time.monotonic() + within
        while self._read(end - time.monotonic()):
            pass
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self, within: float) -> bool:
        if within <= 0 or not select.select([self._fd], [], [], within)[0]:
            return False
        try:
            received = os.read(self._fd, 65536)
        except OSError:  # the other end is closed, which a pty tells as an input/output error
            return False
        self.seen += received.decode(errors="replace")
        return bool(received)


def test_a_password_for_sudo_is_asked_once_and_not_shown(lab_shell: Shell, host: Host) -> None:
    configuration = lab_shell.directory / "nixtui.toml"
    text = configuration.read_text().replace('elevate = "none"', 'elevate = "sudo"')
    configuration.write_text(text.replace(f"[hosts.{host.name}]", f'[hosts.{host.name}]\nuser = "ops"'))
    terminal = Terminal(lab_shell, "rollback", host.name)
    terminal.until("sudo password of ops")  # what would restart is asked as root, before one decides
    terminal.type("opspw\n")
    terminal.until("Go on? [y/N] ")
    terminal.type("y\n")
    assert terminal.exit_code(60) == 0, terminal.seen
    assert terminal.seen.count("sudo password of ops") == 1
    assert "opspw" not in terminal.seen
    assert truth(host).current == host.generations[-2].path


def test_ctrl_c_at_a_confirmation_leaves_at_once_and_nothing_is_done(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    terminal = Terminal(lab_shell, "rollback", host.name)
    terminal.until("Go on? [y/N] ")
    terminal.type("\x03")
    assert terminal.exit_code(5) == 130
    assert truth(host) == before


def test_anything_but_yes_is_no(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    terminal = Terminal(lab_shell, "rollback", host.name)
    terminal.until("Go on? [y/N] ")
    terminal.type("\n")
    assert terminal.exit_code(10) == 5
    assert truth(host) == before


def test_where_typing_is_asked_for_the_name_must_be_right(lab_shell: Shell, host: Host) -> None:
    before = truth(host)
    configuration: Path = lab_shell.directory / "nixtui.toml"
    rules = '\n[environments.lab]\nmatch = "tag:env=lab"\nconfirm = "type"\n'
    configuration.write_text(configuration.read_text() + rules)
    terminal = Terminal(lab_shell, "rollback", host.name)
    terminal.until(f"Type {host.name} to go on: ")
    terminal.type("y\n")
    assert terminal.exit_code(10) == 5
    assert truth(host) == before


def test_a_reader_that_leaves_does_not_change_how_it_ended(lab_shell: Shell) -> None:
    process = lab_shell.start("rollback", "gone", "--yes")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=30) == 3
