"""Stepping aside for a shell, leaving in every way, signals and a crash: the real program in a real terminal."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal, terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")


def started(seen: Terminal) -> None:
    seen.until("stage-db-1   ● up")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    with terminal(tmp_path, "{nixtui} demo") as opened:
        started(opened)
        yield opened


def go_to(demo: Terminal, name: str) -> None:
    demo.type(f":host {name}")
    demo.keys("Enter")
    demo.until(f"▌ {name}")


def begin_run(demo: Terminal, command: str) -> None:
    go_to(demo, "stage-db-1")
    demo.type("x")
    demo.until("run ▸")
    demo.type(command)
    demo.keys("Enter")
    demo.until("▸ Cancel ◂")
    demo.keys("Right")
    demo.until("▸ Run ◂")
    demo.keys("Enter")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
def test_a_real_ssh_has_the_terminal_and_the_app_comes_back(demo: Terminal) -> None:
    go_to(demo, "stage-db-1")
    demo.type("s")
    demo.until("[stage-db-1] $")
    demo.type("sh -c 'hostname; exec sleep 300'\n")  # one process, so that ctrl+c cannot come in between two
    demo.until("\nstage-db-1\n")
    demo.keys("C-c")  # is the program's, not the end of nixtui
    demo.type("\nstty size; exit 3\n")
    seen = demo.until("Back from stage-db-1 (exit 3).")
    assert "▌ stage-db-1" in seen
    demo.type("q")
    demo.until("ENDED 0")


def test_an_unknown_host_key_gets_no_shell(demo: Terminal) -> None:
    go_to(demo, "stage-web-2")
    demo.type("s")
    demo.until("is not in")
    assert "host key unknown" in demo.text


def test_detaching_from_a_command_ends_it_and_is_told(demo: Terminal) -> None:
    begin_run(demo, "echo begun; sleep 4711")
    demo.until("begun")
    demo.type("q")
    demo.until("a command that still runs is ended")
    demo.keys("Right")
    demo.until("▸ Detach ◂")
    demo.keys("Enter")
    seen = demo.until("ENDED 0")
    assert "Run `echo begun; sleep 4711` on stage-db-1  left running" in seen
    assert "sleep 4711" not in " ".join(_command_lines())


def _command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sleep":
            yield b" ".join(words).decode()


def test_waiting_quits_by_itself_and_leaves_a_summary(demo: Terminal) -> None:
    begin_run(demo, "sleep 3; echo slept")
    demo.until("running …")
    demo.keys("C-c")
    demo.until("▸ Wait ◂")
    demo.keys("Enter")
    demo.until("nixtui quits when the operation has ended")
    seen = demo.until("ENDED 0", 20)
    assert "Run `sleep 3; echo slept` on stage-db-1  done" in seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_detaches_and_puts_the_terminal_in_order(demo: Terminal, number: signal.Signals) -> None:
    begin_run(demo, "sleep 4712")
    demo.until("running …")
    os.kill(demo.pid, number)
    seen = demo.until(f"ENDED {128 + number}")
    assert "left running" in seen
    assert "Traceback" not in seen and "╭" not in seen


def test_a_terminal_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    with terminal(tmp_path, "exec {nixtui} demo", {"XDG_RUNTIME_DIR": str(runtime)}) as opened:
        started(opened)
        assert list(runtime.iterdir()) != []
    end = time.monotonic() + 15
    while list(runtime.iterdir()):
        assert time.monotonic() < end
        time.sleep(0.05)  # it is not our child


CRASH = """
import nixtui.tui.screens.fleet as fleet

def ask_again(self):
    password = "hun" + "ter2"
    raise RuntimeError(f"broke after {len(password)} letters")

fleet.FleetScreen.ask_again = ask_again
from nixtui.cli.main import entry
import sys
sys.argv = ["nixtui", "demo"]
entry()
"""


def test_a_crash_shows_no_value_and_gives_the_terminal_back(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(CRASH)
    with terminal(tmp_path, f"{sys.executable} broken.py") as opened:
        started(opened)
        opened.keys("C-r")
        seen = opened.until("ENDED")
        assert "ENDED 1" in seen
        assert "RuntimeError: broke after 7 letters" in seen
        assert "hunter2" not in seen and "locals" not in seen
        assert "go back by themselves unless they were committed" in " ".join(seen.split())
        assert opened.tmux("display-message", "-p", "-t", "it", "#{alternate_on}").strip() == "0"
