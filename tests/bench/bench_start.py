"""How long a person waits, and what a slow link carries: the real programs on a real pseudo-terminal.

`python -m tests.bench.bench_start`. An empty Textual app and the fleet screen are started in turn, several times in one
run, so that a busy machine is busy for both; of each the median counts. Both are compiled to bytecode before, as pip
leaves what it installs: otherwise a checkout that never was started, or an environment with PYTHONDONTWRITEBYTECODE,
would have nixtui compiled at every start and Textual at none.
"""

import compileall
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory

import nixtui
from tests.bench.figures import Figure, at_most, table

TITLE = "Start, and a link on which nothing happens"

_RUNS = 7
_IDLE_S = 10.0
_EMPTY = "from textual.app import App; App().run()"
_HOSTS = "".join(f'[hosts.web-{number}]\naddress = "127.0.0.1"\nport = 1\n' for number in range(1, 25))
_QUIET = """
from tests.tui.cockpit import MemoryCockpit
from nixtui.tui.app import NixtuiApp
NixtuiApp(MemoryCockpit(), terse=True).run()
"""
_ONE_ROW = """
import msgspec
from tests.tui.cockpit import MemoryCockpit
from nixtui.tui.app import NixtuiApp
cockpit = MemoryCockpit()
app = NixtuiApp(cockpit, terse=True)
def change():
    status = cockpit.fleet.status("web-2")
    facts = msgspec.structs.replace(status.facts, load=(7.7, 5.0, 2.0))
    cockpit.fleet.apply("web-2", msgspec.structs.replace(status, facts=facts))
app.call_later(lambda: app.set_timer(4.0, change))
app.run()
"""


class Program:
    """A Python program on a pseudo-terminal of 120 by 40."""

    def __init__(self, *arguments: str) -> None:
        self.began = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execve(sys.executable, [sys.executable, *arguments], environ)  # noqa: S606
        ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.written = b""

    def read(self, seconds: float, until: Callable[[bytes], bool] = lambda _: False) -> float | None:
        """Read for so long, or until something was written: when that was, in seconds since the start."""
        end = time.perf_counter() + seconds
        while (rest := end - time.perf_counter()) > 0:
            if not select.select([self._fd], [], [], rest)[0]:
                break
            try:
                received = os.read(self._fd, 65536)
            except OSError:
                break
            self.written += received
            if until(self.written):
                return time.perf_counter() - self.began
        return None

    def bytes_in(self, seconds: float) -> int:
        """How many bytes it writes in that time."""
        before = len(self.written)
        self.read(seconds)
        return len(self.written) - before

    def end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.close(self._fd)
        os.waitpid(self._pid, 0)


def first_frame(*arguments: str, text: bytes) -> float:
    """Milliseconds from the start of the process to the frame that has `text` in it."""
    program = Program(*arguments)
    try:
        seconds = program.read(30.0, lambda written: text in written)
        assert seconds is not None, program.written[-2000:]
        return seconds * 1000
    finally:
        program.end()


def in_turn(programs: Sequence[Callable[[], float]]) -> list[float]:
    """The median of each, started one after the other, round by round."""
    rounds = [[each() for each in programs] for _ in range(_RUNS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def settled(code: str) -> Program:
    """A program that has painted everything it has to say at first."""
    program = Program("-c", code)
    assert program.read(30.0, lambda written: b"web-2" in written) is not None
    program.read(2.0)
    return program


def figures() -> list[Figure]:
    """Measure."""
    compileall.compile_dir(Path(nixtui.__file__).parent, quiet=1)
    with TemporaryDirectory() as folder:
        configuration = Path(folder) / "nixtui.toml"
        configuration.write_text(_HOSTS)
        os.environ.update({f"XDG_{name}_HOME": folder for name in ("STATE", "CACHE", "CONFIG")})
        empty, fleet, listed = in_turn(
            [
                lambda: first_frame("-c", _EMPTY, text=b"\x1b[40;1H"),
                lambda: first_frame("-m", "nixtui", "--config", str(configuration), text=b"\x1b[40;1H"),
                lambda: first_frame("-m", "nixtui", "--config", str(configuration), text=b"web-24"),
            ]
        )
    demo = statistics.median(first_frame("-m", "nixtui", "demo", text=b"app-1") for _ in range(3))
    program = settled(_QUIET)
    idle = program.bytes_in(_IDLE_S)
    program.end()
    program = settled(_ONE_ROW)
    row = program.bytes_in(4.0)
    program.end()
    return [
        at_most("first frame of the fleet after process start", fleet, "ms", 350),
        Figure("first frame of an empty Textual app", empty, "ms"),
        at_most("the one over the other", fleet / empty, "", 1.6),
        Figure("hosts are listed", listed, "ms"),
        at_most("the demo: 24 hosts installed, started and shown", demo, "ms", 2000),
        at_most("bytes while nothing happens for ten seconds", idle, "B", 0),
        at_most("bytes for one row that changed", row, "B", 1000),
    ]


if __name__ == "__main__":
    found = figures()
    print(table(TITLE, found))
    sys.exit(any(figure.passed is False for figure in found))
