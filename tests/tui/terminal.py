"""The real program in a real terminal: tmux, with a server of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


class Terminal:
    """One window. What runs in it is followed by its exit status, so that its end can be seen."""

    def __init__(self, directory: Path, command: str, environ: dict[str, str], size: tuple[int, int]) -> None:
        self._socket = f"nixtui-test-{uuid4().hex[:8]}"
        columns, rows = size
        script = f"{command}; echo ENDED $?; exec sleep 600"
        # Whoever runs tests side by side tells them a width of its own, which programs take for the terminal's.
        around = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environ = {**around, **environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(directory)}
        new = ["new-session", "-d", "-s", "it", "-x", str(columns), "-y", str(rows), "-c", str(directory), script]
        subprocess.run(["tmux", "-L", self._socket, "-f", "/dev/null", *new], check=True, env=environ)

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-L", self._socket, *words], capture_output=True, text=True)
        return done.stdout

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "it")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", "it", *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", "it", "-l", text)

    def until(self, text: str, within: float = 30) -> str:
        end = time.monotonic() + within
        while text not in (seen := self.text):
            assert time.monotonic() < end, f"never: {text}\n{seen}"
            time.sleep(0.05)  # nothing tells when a screen has changed
        return seen

    @property
    def pid(self) -> int:
        """Of the program: the only child of the window's shell."""
        shell = self.tmux("display-message", "-p", "-t", "it", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[0])

    def close(self) -> None:
        self.tmux("kill-server")


@contextmanager
def terminal(
    directory: Path, command: str, environ: dict[str, str] | None = None, size: tuple[int, int] = (120, 40)
) -> Iterator[Terminal]:
    """`{nixtui}` in the command is the program."""
    opened = Terminal(directory, command.replace("{nixtui}", f"{sys.executable} -m nixtui"), environ or {}, size)
    try:
        yield opened
    finally:
        opened.close()
