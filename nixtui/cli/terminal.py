"""Asking on the terminal without blocking: Ctrl-C works while a question is open, and operations go on."""

import asyncio
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def itself() -> list[str]:
    """What starts nixtui once more: the script it was started by, which may have a path to its packages in it."""
    started = Path(sys.argv[0])
    return [sys.executable, str(started)] if "nixtui" in started.name else [sys.executable, "-m", "nixtui"]


async def ask(question: str, *, echo: bool = True) -> str:
    """The line that was typed, without its end; empty at the end of input. Without `echo` it is not shown."""
    with _echo(echo):  # before the question is there: what is typed at once, or pasted, would be shown, or lost
        sys.stderr.write(question)
        sys.stderr.flush()
        await _readable()
        line = sys.stdin.readline()
    if not echo or not line:
        sys.stderr.write("\n")
    return line.rstrip("\n")


async def _readable() -> None:
    """A terminal becomes readable when a whole line was typed. (A thread that reads could not be interrupted.)"""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)


@contextmanager
def _echo(wanted: bool) -> Iterator[None]:
    if wanted:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = before.copy()
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)
