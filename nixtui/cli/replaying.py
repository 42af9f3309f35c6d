"""`nixtui build --replay FILE`: a recorded event stream, as the Builds screen would show it.

The stream is read in a thread that is not waited for: one that comes through a pipe may never end, and whoever is
tired of it presses ctrl+c.
"""

import asyncio
import os
import stat
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import monotonic

from nixtui.builds.intake import Intake
from nixtui.builds.plain_text import closing_lines
from nixtui.builds.summary import as_json
from nixtui.builds.tree import BuildTree
from nixtui.builds.view import rows
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json
from nixtui.nix.derivation_file import read_drv

STANDARD_INPUT = "-"
_PIECE = 2**16
_SHOWN = 60
"""Rows of the tree: what matters comes first."""


def add_replay(parser: ArgumentParser) -> None:
    """Declare the argument."""
    parser.add_argument(
        "--replay",
        metavar="FILE",
        help="show a recorded stream of `nix … --log-format internal-json -v`; - is standard input",
    )


async def replay(arguments: Namespace) -> Exit:
    """Read the stream to its end and print what became of the build. Done when the build succeeded, else failed."""
    timed = _readable(arguments.replay)
    tree = BuildTree()
    intake = Intake(tree, monotonic, read=read_drv)
    async for piece in _pieces(arguments.replay):
        intake.feed(piece)
        await _worked_off(intake)
    intake.end()
    await _worked_off(intake)
    tree.finish(None, monotonic())
    if arguments.json:
        print_json(as_json(tree, timed=timed))
    else:
        _print(tree, timed=timed)
    if tree.succeeded is None:
        narrate(f"nixtui: {plain(arguments.replay)} does not say how a build ended; was it recorded with "
                "--log-format internal-json -v?")  # fmt: skip
    return Exit.DONE if tree.succeeded else Exit.FAILED


async def _worked_off(intake: Intake) -> None:
    while intake.work():  # noqa: ASYNC110 - waits for nothing: ctrl+c gets its turn
        await asyncio.sleep(0)


def _print(tree: BuildTree, *, timed: bool) -> None:
    for row in rows(tree, _SHOWN):
        print(row.text(tree.now, timed=timed))
    for line in closing_lines(tree, timed=timed):
        print(line)


def _readable(name: str) -> bool:
    """Whether the times at which the bytes come mean something; raises `UsageError` where there is nothing to read."""
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise UsageError("there is no standard input; name the file with the recorded stream")
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    try:
        kind = Path(name).stat().st_mode
        if stat.S_ISDIR(kind):
            raise UsageError(f"{plain(name)} is a directory; name the file with the recorded stream")
        if stat.S_ISREG(kind):
            os.close(os.open(name, os.O_RDONLY))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
        raise UsageError(f"{plain(name)} cannot be read: {reason}; name a recorded stream, or - for "
                         "standard input") from error  # fmt: skip
    return not stat.S_ISREG(kind)


async def _pieces(name: str) -> AsyncIterator[bytes]:
    """The stream's bytes as they come; ends early with a word where they cannot be read to the end."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes | OSError](maxsize=4)

    def hand_over(piece: bytes | OSError) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(piece), loop).result()

    def read() -> None:
        with suppress(RuntimeError, CancelledError):  # nobody listens any more
            try:
                descriptor = sys.stdin.fileno() if name == STANDARD_INPUT else os.open(name, os.O_RDONLY)
                while piece := os.read(descriptor, _PIECE):
                    hand_over(piece)
                hand_over(b"")
            except OSError as error:
                hand_over(error)

    Thread(target=read, name="stream", daemon=True).start()
    while piece := await queue.get():
        if isinstance(piece, OSError):
            narrate(f"nixtui: {plain(name)} could not be read to its end: {piece.strerror}")
            return
        yield piece
