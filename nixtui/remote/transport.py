"""The one way jobs talk to a host: run a script there, or keep one running and talk to it.

`remote/ssh.py` is the real one. Jobs know only this protocol, so another way in (SSM) fits beside it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from nixtui.model.host import Host

DEFAULT_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 16 * 2**20
"""More than any honest answer: the closure of a large NixOS system (10,000 paths) is about 1 MiB."""


@dataclass(frozen=True, slots=True)
class Script:
    """A POSIX-sh program that is sent to hosts on standard input; `name` is for plans and errors."""

    name: str
    text: str


def load_script(name: str, *parts: str) -> Script:
    """The packaged script `remote/scripts/NAME.sh`, with the functions of `scripts/parts/PART.sh` put before it."""
    folder = files(__package__).joinpath("scripts")
    paths = [folder.joinpath("parts", f"{part}.sh") for part in parts] + [folder.joinpath(f"{name}.sh")]
    return Script(name, "\n".join(path.read_text(encoding="utf-8") for path in paths))


@dataclass(frozen=True, slots=True)
class Completed:
    """How a script ended. `exit_status` is `None` when the channel closed without one (the link was lost).

    Both outputs are decoded with replacement and freed of control sequences; `truncated` says that the host
    sent more than `MAX_ANSWER_BYTES` and the rest was dropped.
    """

    exit_status: int | None
    stdout: str
    stderr: str
    truncated: bool = False


class Channel(Protocol):
    """A script that keeps running on the host: its clean output lines, and its standard input."""

    @property
    def exit_status(self) -> int | None:
        """How the script ended, once `lines` has; `None` when the link was lost."""
        ...

    @property
    def stderr(self) -> str:
        """The end of its standard error, clean."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """Lines of standard output as they come; ends when the script or the link does.

        Overlong lines are cut and the iterator never buffers without bound: a host that floods is slowed down.
        """
        ...

    def write(self, text: str) -> None:
        """Give the script `text` on its standard input; lost without error when the channel is closed."""
        ...

    async def close(self) -> None:
        """Hang up and wait, briefly, until the channel is gone."""
        ...


class Transport(Protocol):
    """One host over one connection. Every method raises a `RemoteError` when the host cannot be talked to."""

    @property
    def host(self) -> Host:
        """Who is at the other end."""
        ...

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109 - the limit belongs to the remote side as well
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a script to its end, as root when `elevated`; `on_line` sees each line of standard output as it comes.

        Raises `NoAnswer` after `timeout` seconds, `ElevationFailed` when root is not to be had.
        """
        ...

    async def exchange(self, address: str, port: int, request: bytes, limit: int, timeout: float) -> bytes:  # noqa: ASYNC109
        """What `address:port`, as the host sees it, answers to `request`: up to `limit` bytes, or until it hangs up.

        Goes through the connection, so nothing beyond a login is needed. Raises `NoAnswer` after `timeout` seconds, and
        `BadAnswer` when nobody listens there or the host forwards nothing.
        """
        ...

    def open(self, script: Script, *arguments: str, elevated: bool = False) -> AbstractAsyncContextManager[Channel]:
        """Start a script that keeps running; leaving the context hangs up."""
        ...

    def fresh(self) -> AbstractAsyncContextManager["Transport"]:
        """A second transport over a new TCP connection and login of its own: the proof that the host lets us in."""
        ...

    async def close(self) -> None:
        """Give the connection up."""
        ...


Reach = Callable[[Host], AbstractAsyncContextManager[Transport]]
"""A connected transport for a host, the shared one where there is one; entering raises `RemoteError`."""
