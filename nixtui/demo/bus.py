"""How the stand-ins talk to their host's service manager: a named pipe that takes requests, and one for each answer.

The other half is `bin/ask.sh`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ANSWER_BYTES: Final = 32 * 2**10
"""Less than the pipes of Linux and macOS hold, so that writing an answer never waits for somebody who left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stand-in prints on either output, and its exit status."""

    status: int = 0
    out: str = ""
    err: str = ""

    def encode(self) -> bytes:
        """As `ask` reads it."""
        said = [f"{mark} {line}" for mark, text in (("out", self.out), ("err", self.err)) for line in text.splitlines()]
        return "\n".join(said).encode()[:_ANSWER_BYTES] + f"\nend {self.status}\n".encode()


class Bus:
    """Has `answer` called with the words of every request; several may be under way at once."""

    def __init__(
        self, folder: Path, answer: Callable[[list[str]], Awaitable[Answer]], tasks: asyncio.TaskGroup
    ) -> None:
        self._folder = folder
        self._answer = answer
        self._tasks = tasks
        self._pipe: int | None = None
        self._rest = b""

    def open(self) -> None:
        """Take requests from now on."""
        (self._folder / "pid").write_text(f"{os.getpid()}\n")
        path = self._folder / "private"
        os.mkfifo(path)
        # for writing as well: it then has no end, whoever comes and goes
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._pipe, self._read, self._pipe)

    def close(self) -> None:
        """Take no more requests."""
        if self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = None

    def _read(self, pipe: int) -> None:
        *names, self._rest = (self._rest + os.read(pipe, 4096)).split(b"\n")
        for name in names:
            self._tasks.create_task(self._serve(self._folder / f"box.{name.decode()}"))

    async def _serve(self, box: Path) -> None:
        try:
            words, pipe = _take(box)
        except FileNotFoundError:
            return  # no box of ours; whoever wrote this waits for nothing
        try:
            os.write(pipe, (await self._answer(words)).encode())
        finally:
            os.close(pipe)


def _take(box: Path) -> tuple[list[str], int]:
    """The words of a request and the pipe that takes its answer; nothing of it stays behind on the disk.

    Killed before it said that it is there, it leaves the box by which the next demo finds who waits.
    """
    words = box.with_name(f"{box.name}.words")
    request = [word.decode(errors="replace") for word in words.read_bytes().split(b"\0")[:-1]]
    pipe = os.open(box, os.O_RDWR | os.O_NONBLOCK)
    os.write(pipe, b"here\n")
    words.unlink()
    box.unlink()
    return request, pipe
