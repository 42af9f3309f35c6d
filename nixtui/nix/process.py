"""Running the nix command to its end: bounded in time and memory, and gone when it is no longer wanted."""

import asyncio
import os
import re
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent

from nixtui.nix.descendants import below, end
from nixtui.nix.errors import NixBadAnswer, NixFailed, NixMissing, NixTimedOut

NIX = ("nix", "--extra-experimental-features", "nix-command flakes")
"""The name `--extra-…` exists since Nix 2.4; on systems that have the features on it changes nothing."""

_MAX_ANSWER_BYTES = 32 * 2**20
"""The addresses and tags of ten thousand hosts are 2 MB."""

_KEPT_LINES = 200
"""Of standard error: a trace with `--show-trace` may have tens of thousands, and what matters comes last."""

_MAX_LINE = 500
_MAX_PENDING_BYTES = 64 * 2**10
_PATIENCE_S = 2.0
"""How long nix may take to give its locks back before it is killed."""

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ERROR = re.compile(r"\s*error: (\S.*)")
_HINT = re.compile(r"\s*\((?:use|stack trace truncated; use) '--show-trace'.*\)")


async def run_nix(arguments: Sequence[str], *, directory: Path, environ: Mapping[str, str], time_limit: float) -> bytes:
    """Standard output of `nix ARGUMENTS` run in `directory`. Raises `NixError`; stops nix when it is cancelled.

    The process has no terminal at all, so that git or ssh below it cannot ask for a password over the screen.
    """
    process = await start((*NIX, *arguments), directory, environ)
    status: int | None = None
    try:
        async with asyncio.timeout(time_limit):
            said, answer = await _drain(process)
            status = await process.wait()
    except TimeoutError as error:
        raise NixTimedOut(
            f"nix did not finish within {time_limit:.0f} s and was stopped",
            "run the command by hand to see what it waits for",
        ) from error
    finally:
        if status is None:
            await stop(process)
    if status != 0:
        raise failure(status, said)
    return answer


async def start(argv: Sequence[str], directory: Path, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start a process; when cancelled, end it first.

    Cancelled between the start and the connection of its pipes, asyncio would wait for ever (seen with CPython 3.11.7:
    `_make_subprocess_transport` waits for pipes that it has just given up). So the start, some milliseconds, is left
    to finish.
    """
    starting = asyncio.create_task(_spawn(argv, directory, environ))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await stop(starting.result())
        raise


async def _spawn(argv: Sequence[str], directory: Path, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=directory,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NixMissing(
            f"there is no nix command, or no directory {directory}",
            "install Nix here, or name the hosts in nixtui.toml",
        ) from error
    except OSError as error:
        raise NixMissing(f"the nix command cannot be started: {error.strerror}") from error


async def _drain(process: asyncio.subprocess.Process) -> tuple[tuple[str, ...], bytes]:
    """The last lines of standard error, and all of standard output."""
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.TaskGroup() as readers:
            said = readers.create_task(_last_lines(process.stderr))
            answer = readers.create_task(read_answer(process.stdout))
    except ExceptionGroup as group:  # one reader has had too much, and the group has stopped the other
        raise group.exceptions[0] from None
    return said.result(), answer.result()


async def read_answer(stream: asyncio.StreamReader) -> bytes:
    """All that nix prints on standard output. Raises `NixBadAnswer` when that is beyond all reason."""
    received = bytearray()
    while piece := await stream.read(2**16):
        received += piece
        if len(received) > _MAX_ANSWER_BYTES:
            raise NixBadAnswer(f"nix answered with more than {_MAX_ANSWER_BYTES // 2**20} MiB")
    return bytes(received)


async def _last_lines(stream: asyncio.StreamReader) -> tuple[str, ...]:
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    pending = b""
    while piece := await stream.read(2**16):
        *lines, pending = (pending + piece).split(b"\n")
        kept.extend(map(clean_line, lines[-_KEPT_LINES:]))
        pending = pending[:_MAX_PENDING_BYTES]
    if pending:
        kept.append(clean_line(pending))
    return tuple(kept)


def clean_line(line: bytes) -> str:
    """One line that a process printed, without control sequences and not longer than anybody reads."""
    return _CONTROL.sub("", line.decode(errors="replace")).expandtabs(4).rstrip()[:_MAX_LINE]


async def stop(process: asyncio.subprocess.Process) -> None:
    """End the whole group: nix, and git and ssh that it started, which may outlive it and hold our pipes open.

    Builders are in groups of their own. Nix ends them when it is asked to; should it not, they are ended here.
    """
    left = await asyncio.to_thread(below, process.pid) if process.returncode is None else ()
    try:
        _signal(process, signal.SIGTERM)
        await _drained(process)
    finally:
        _signal(process, signal.SIGKILL)
        end(left)
    await _drained(process)


async def _drained(process: asyncio.subprocess.Process) -> None:
    """Wait, not for long, until the process has ended and its pipes are closed; what still comes is dropped.

    A pipe that nobody reads would never close, and a daemon that has left the group may keep it open for good.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S), asyncio.TaskGroup() as ends:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                ends.create_task(_drop(stream))
            ends.create_task(process.wait())
    except TimeoutError:
        return


async def _drop(stream: asyncio.StreamReader) -> None:
    while await stream.read(2**16):
        pass


def _signal(process: asyncio.subprocess.Process, which: signal.Signals) -> None:
    try:
        os.killpg(process.pid, which)
    except ProcessLookupError:
        return  # it ended in the meantime


def failure(status: int, said: tuple[str, ...]) -> NixFailed:
    """Newer Nix prints the way down to the fault first, so the last error is the innermost one."""
    said = tuple(line for line in said if line and not _HINT.fullmatch(line))
    for place in range(len(said) - 1, -1, -1):
        if match := _ERROR.match(said[place]):
            log = tuple(dedent("\n".join(said[place:])).split("\n"))
            return NixFailed(match[1], log=log, status=status)
    reason = said[-1] if said else f"nix ended with status {status} and no word"
    return NixFailed(reason, log=said, status=status)
