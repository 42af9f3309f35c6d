"""Running the nix command while it tells: each line of its standard error as it comes, bounded in time and memory."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nixtui.nix.errors import NixTimedOut
from nixtui.nix.process import NIX, clean_line, failure, read_answer, start, stop

KEPT_LINES = 200
"""Of what is not for `hear`: what explains a failure comes last."""

MAX_LINE_BYTES = 2**20
"""A line of the event stream carries at most one line of a build's output."""

Hear = Callable[[bytes], bool]
"""Takes one line of standard error, without its end; true when it was an event and need not be kept for errors."""


async def stream_nix(
    arguments: Sequence[str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    hear: Hear,
    time_limit: float,
    silence_limit: float,
) -> bytes:
    """Standard output of `nix ARGUMENTS`; `hear` gets every line of standard error as it comes.

    Raises `NixError`, `NixTimedOut` also when nothing at all was told for `silence_limit` seconds. When it is cancelled
    or what `hear` raises comes out, nix and every process below it (ssh, builders) are ended first.
    """
    process = await start((*NIX, *arguments), directory, environ)
    status: int | None = None
    kept: deque[str] = deque(maxlen=KEPT_LINES)

    def take(line: bytes) -> None:
        if not hear(line):
            kept.append(clean_line(line))

    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(time_limit):
            async with asyncio.TaskGroup() as readers:
                answer = readers.create_task(read_answer(process.stdout))
                readers.create_task(_read_lines(process.stderr, take, silence_limit))
            status = await process.wait()
    except TimeoutError as error:
        raise NixTimedOut(f"nix did not finish within {time_limit:.0f} s and was stopped") from error
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        if status is None:
            await stop(process)
    if status != 0:
        raise failure(status, tuple(kept))
    return answer.result()


async def _read_lines(stream: asyncio.StreamReader, take: Callable[[bytes], None], silence_limit: float) -> None:
    pending = b""
    while piece := await _next(stream, silence_limit):
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            take(line)
        pending = pending[:MAX_LINE_BYTES]
    if pending:
        take(pending)


async def _next(stream: asyncio.StreamReader, silence_limit: float) -> bytes:
    try:
        async with asyncio.timeout(silence_limit):
            return await stream.read(2**16)
    except TimeoutError as error:
        raise NixTimedOut(f"nix told nothing for {silence_limit:.0f} s and was stopped") from error
