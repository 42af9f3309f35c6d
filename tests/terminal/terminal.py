"""A real terminal with a program in it: tmux, on a socket of its own, looked at and typed into as a person does."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 60.0


@dataclass
class Terminal:
    """One window. `send` takes tmux's names of keys; what was seen last is in the message of whatever fails."""

    socket: str

    def send(self, *keys: str) -> None:
        """Press keys, each by its name: `j`, `Enter`, `Escape`, `C-c`."""
        self._tmux("send-keys", "--", *keys)

    def write(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def shown(self, *, styled: bool = False, history: bool = False) -> str:
        """What is on the screen, with escape sequences when `styled`; with what scrolled away when `history`."""
        return self._tmux("capture-pane", "-p", *(["-e"] if styled else []), *(["-S", "-"] if history else []))

    def line_with(self, text: str) -> str:
        """The first line that has `text` in it; empty when none has."""
        return next((line for line in self.shown().splitlines() if text in line), "")

    def until_shown(self, *texts: str, within: float = LIMIT_S) -> str:
        """Wait until all of them are on the screen; the screen."""
        return self.until(lambda screen: all(text in screen for text in texts), " and ".join(texts), within)

    def until_gone(self, text: str) -> str:
        """Wait until it is not on the screen any more."""
        return self.until(lambda screen: text not in screen, f"without {text}")

    def until(self, condition, what: str, within: float = LIMIT_S) -> str:
        """Wait until the screen is as it should be: nothing announces that, so it is looked at again and again."""
        end = time.monotonic() + within
        while True:
            screen = self.shown()
            if condition(screen):
                return screen
            assert time.monotonic() < end, f"never: {what}\n{screen}"
            time.sleep(0.05)

    def resize(self, width: int, height: int) -> None:
        """As when somebody pulls at the window's corner."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def flags(self, *names: str) -> list[str]:
        """What modes the terminal is in, by tmux's names of them."""
        told = self._tmux("display-message", "-p", " ".join(f"#{{{name}}}" for name in names))
        return told.split()

    def process(self) -> int:
        """The process that the terminal began with: a shell."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def end(self) -> None:
        """Take the terminal away, as a closed laptop does."""
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True)

    def _tmux(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, command, "-t", "main", *arguments], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def terminal(
    folder: Path, *, size: tuple[int, int] = (120, 40), environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """A shell at a prompt `$ ` in a folder, with a home of its own there."""
    opened = Terminal(f"nixtui-test-{os.getpid()}-{time.monotonic_ns()}")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    variables = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PS1": "$ ",
        "LANG": "C.UTF-8",
        "USER": "me",
        "LOGNAME": "me",
        "TERM": "xterm-256color",
        **(environ or {}),
    }
    words = [f"{name}={value}" for name, value in variables.items()]
    shell = shlex.join(["env", "-i", "TERM=tmux-256color", *[w for w in words if not w.startswith("TERM=")], "sh"])
    subprocess.run(
        [
            *("tmux", "-L", opened.socket, "-f", "/dev/null", "new-session", "-d", "-s", "main"),
            *("-x", str(size[0]), "-y", str(size[1]), "-c", str(folder), shell),
        ],
        env=variables,
        check=True,
    )
    try:
        opened.until_shown("$")
        yield opened
    finally:
        opened.end()
