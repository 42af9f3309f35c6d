"""A network that is dead, hangs or comes back traps nobody: every screen works, and the program ends when told to."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from nixtui.model.status import HostState, HostStatus
from nixtui.tui.action_table import DESTINATIONS
from tests.tui.cockpit import NOW, MemoryCockpit, change, healthy, synthetic_fleet
from tests.tui.embedded import embedded
from tests.tui.screen import opened, press, shown, until, until_shown, write

HANGING = """
import socket, threading
def hang(*_, **__):
    threading.Event().wait()
socket.getaddrinfo = socket.gethostbyname = hang
"""
"""Loaded before nixtui: name servers that take a question and never answer."""

ROOT = Path(__file__).parents[2]


class Terminal:
    """nixtui in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.seen = b""
        self._master, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 110, 0, 0))
        environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environ["PYTHONPATH"] = f"{folder}:{ROOT}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nixtui", *arguments], cwd=folder, env=environ,
            stdin=side, stdout=side, stderr=side, start_new_session=True,
        )  # fmt: skip
        os.close(side)

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"never: {text}\n{self.seen[-3000:].decode(errors='replace')}"
            self.seen += os.read(self._master, 65536)

    def press(self, keys: str) -> None:
        self.seen = b""
        os.write(self._master, keys.encode())

    def quit(self, seconds: float) -> int:
        """The exit status after esc and q, each given time: right behind esc, q would be alt and q."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            with suppress(OSError):  # it has left its terminal
                for key in ("\x1b", "q"):
                    self.press(key)
                    self._read_for(0.4)
        return self.process.wait(max(0.1, end - time.monotonic()))

    def end(self, seconds: float) -> int:
        """The exit status; what it still writes is read, so that it does not wait for us."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            with suppress(OSError):
                self._read(0.1)
        return self.process.wait(max(0.1, end - time.monotonic()))

    def _read_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            self.seen += os.read(self._master, 65536)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)


@pytest.fixture
def hanging(tmp_path: Path):
    hosts = "".join(f'[hosts.web-{number}]\naddress = "web-{number}.example"\n\n' for number in range(40))
    (tmp_path / "nixtui.toml").write_text(f'[fleet]\nname = "lost"\nsources = ["file"]\n\n{hosts}')
    (tmp_path / "sitecustomize.py").write_text(HANGING)
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def test_while_name_servers_never_answer_every_screen_works_and_the_program_ends(hanging: Terminal) -> None:
    hanging.wait_for("connecting")
    for destination in DESTINATIONS[1:]:
        hanging.press(destination.key)
        hanging.wait_for(destination.title)
    hanging.press("1")
    hanging.wait_for("connecting")
    hanging.press("r")
    hanging.wait_for("Roll back")
    assert hanging.quit(8.0) == 0


def test_a_command_that_is_interrupted_during_a_hanging_lookup_ends(hanging: Terminal, tmp_path: Path) -> None:
    hanging.wait_for("connecting")
    assert hanging.quit(8.0) == 0
    status = Terminal(tmp_path, "status", "--watch")
    try:
        limit = time.monotonic() + 30
        while threads_of(status.process.pid) <= 8:  # forty names are looked up at once, each in a thread of its own
            assert time.monotonic() < limit, "it never looked anything up"
            select.select([], [], [], 0.02)
        os.killpg(status.process.pid, signal.SIGINT)
        assert status.end(8.0) == 130
    finally:
        status.close()


def threads_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def test_with_every_host_unreachable_every_screen_opens_and_closes() -> None:
    fleet = synthetic_fleet(60)
    for name in fleet.names():
        fleet.apply(name, HostStatus(state=HostState.UNREACHABLE, since=NOW - 60, reason="network is unreachable"))
    async with opened(MemoryCockpit(fleet)) as (app, pilot, cockpit):
        assert "0/60" in shown(app).splitlines()[0]
        await until_shown(pilot, "PROD 0/52 answer · 52 unreachable")
        for destination in DESTINATIONS:
            await press(pilot, destination.key)
            await until(pilot, lambda here=destination.id: app.current_mode == here)
            await press(pilot, "j", "enter", "question_mark", "escape", "ctrl+r", "escape", "escape")
        await press(pilot, "1", "r", "escape", "t")
        await write(pilot, "role")
        await press(pilot, "enter")
        await until_shown(pilot, "by tag role")
        for name in fleet.names():
            cockpit.fleet.apply(name, healthy(name, 400))
        cockpit.now += 2
        await until(pilot, lambda: "60/60" in shown(app).splitlines()[0], "all are back")
        await until(pilot, lambda: "unreachable" not in shown(app))
        app.fleet_screen.go_to_host("web-1")
        cockpit.fleet.apply("web-1", change(cockpit.fleet.status("web-1"), facts={"generation": 777}))
        await until_shown(pilot, "777")


async def test_real_hosts_that_go_away_and_come_back_are_seen_to() -> None:
    async with embedded("web-1", "web-3", size=(120, 40)) as (app, pilot, fleet):
        await settled(pilot, app, "2/2")
        for host in fleet.hosts.values():
            await host._server.down()
        await settled(pilot, app, "0/2")
        for key in ("2", "7", "1"):
            await press(pilot, key)
        await press(pilot, "r")
        await until_shown(pilot, "Roll back")
        await press(pilot, "escape")
        for host in fleet.hosts.values():
            await host._server.up()
        await press(pilot, "ctrl+a", "ctrl+r")
        await settled(pilot, app, "2/2")


async def settled(pilot, app, seen: str) -> None:
    """Wait until so many hosts are seen; real connections take a moment."""
    limit = time.monotonic() + 40
    while f"{seen} seen" not in shown(app).splitlines()[0]:
        assert time.monotonic() < limit, shown(app)
        await pilot.pause(0.05)
