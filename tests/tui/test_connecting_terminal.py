"""Stepping aside for a session on an instance: the real program in a real terminal."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Shell, shell
from tests.instances.fake_doors import FakeDoors
from tests.instances.fake_machines import Machine, a_shell
from tests.instances.test_connect import plugin
from tests.tui.terminal import Terminal, terminal

__all__ = ["shell"]

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
WEB = "i-0a1b2c3d4e5f60718"


@pytest.fixture
def app(shell: Shell) -> Iterator[Terminal]:
    machine = Machine(WEB, "web-1", "127.0.0.1", console="web-1 login: ", execute=a_shell("sh"))
    with FakeDoors(machine) as fake:
        plugin(shell, then='echo begun; read -r line; echo "said $line"; exit 6')
        shell.configure('[fleet]\nname = "shop"\nsources = ["file"]\n[ec2]\nregions = ["eu-central-1"]\n')
        environ = {**shell.environ, **fake.environ}
        with terminal(shell.directory, f"{sys.executable} -m nixtui", environ) as opened:
            yield opened


def test_a_session_has_the_terminal_and_the_app_comes_back(app: Terminal, shell: Shell) -> None:
    app.until("? help")
    app.type("4")
    app.until("[Images]")
    app.keys("Tab")
    app.until("▌ web-1")
    app.until("✓ Session Manager")
    app.type("s")
    app.until("the first that works")
    app.type("Session")
    app.keys("Enter")
    app.until("Go on? [y/N]")
    assert "ssm:StartSession in eu-central-1" in app.text
    app.type("y\n")
    app.until("begun")
    app.type("hello\n")
    app.until("said hello")
    app.until("it ended with 6; enter goes back")
    app.keys("Enter")
    seen = app.until("Back from web-1 (exit 6).")
    assert "[Instances]" in seen
    app.type("q")
    app.until("ENDED 0")
    assert Path(shell.directory / "bin" / "argv").exists()
