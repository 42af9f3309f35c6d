"""`nix-eval-jobs`, where it is installed: many systems in few processes that share what they have in common.

It prints a line of JSON per attribute as soon as that is evaluated, with the derivation or an error, and starts its
workers anew when they have grown too large. https://github.com/nix-community/nix-eval-jobs
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from nixtui.nix.errors import NixError, NixMissing, NixTimedOut
from nixtui.nix.flake import Flake
from nixtui.nix.process import clean_line, start, stop
from nixtui.nix.strings import nix_string
from nixtui.nix.trace import Transcript, explain

PROGRAM: Final = "nix-eval-jobs"
_MAX_LINE: Final = 4 * 2**20

_UNSPEAKABLE: Final = re.compile(r'[+-]?[0-9]+|.*".*|', re.DOTALL)
"""It takes a number for a place in a list, and a quote for the end of a name (seen with 2.33; nix: attr-path.cc)."""

_EXPRESSION: Final = "«string»"
"""The name of `--select`'s text in what it says."""

_NO_BUILDERS: Final = re.compile(r"required system or feature not available|is required to build")
"""It builds on no other machine what an evaluation imports; nix itself may (nix-eval-jobs.cc: `settings.builders`)."""


class Job(msgspec.Struct, rename="camel"):
    """One line of its output."""

    attr_path: tuple[str, ...] = ()
    drv_path: str | None = None
    outputs: Mapping[str, str | None] = {}
    error: str | None = None


async def is_usable(directory: Path, environ: Mapping[str, str]) -> bool:
    """Whether it is installed and knows `--select` (since 2.31): before, it could not be told which hosts."""
    try:
        process = await start((PROGRAM, "--help"), directory, environ)
    except NixMissing:
        return False
    told, _ = b"", None
    try:
        async with asyncio.timeout(10):
            told, _ = await process.communicate()
    except TimeoutError:
        return False
    finally:
        await stop(process)
    return b"--select" in told


def can_be_asked(name: str) -> bool:
    """Whether it finds an attribute of that name."""
    return not _UNSPEAKABLE.fullmatch(name)


def argv(
    flake: Flake, attribute: str, path: str, names: Sequence[str], workers: int, worker_mb: int
) -> tuple[str, ...]:
    """The exact command; only names that are asked for are looked at, each by itself.

    A worker collects no garbage; one that is larger than `worker_mb` after a host is started anew before the next.
    """
    wanted = " ".join(f"{nix_string(name)} = null;" for name in names)
    way = f"value.{path}" if path else "value"
    return (
        PROGRAM,
        *("--extra-experimental-features", "nix-command flakes"),
        *("--flake", f"{flake.reference}#{attribute}"),
        *("--select", f"set: builtins.mapAttrs (name: value: {way}) (builtins.intersectAttrs {{ {wanted} }} set)"),
        *("--workers", str(min(workers, len(names)))),
        *("--max-memory-size", str(worker_mb)),
        "--show-trace",
        *flake.options,
    )


async def evaluate_jobs(
    flake: Flake, attribute: str, path: str, names: Sequence[str], workers: int, worker_mb: int
) -> AsyncIterator[tuple[str, Job | NixError]]:
    """Names with what is said of them, as it comes. Raises `NixError` when it ends otherwise than well.

    The time limit of the flake is for one host, so it begins anew with each answer. Closing the iterator, or
    cancelling whoever waits for it, ends all of its processes.
    """
    process = await start(argv(flake, attribute, path, names, workers, worker_mb), flake.directory, flake.environ)
    told = Transcript(clean_line)
    assert process.stdout is not None
    assert process.stderr is not None
    listening = asyncio.create_task(_listen(process.stderr, told))
    try:
        async with asyncio.timeout(flake.time_limit) as patience:
            async for line in _lines(process.stdout):
                patience.reschedule(asyncio.get_running_loop().time() + flake.time_limit)
                if (found := _job(line)) is not None:
                    yield found
            await listening
            status = await process.wait()
    except TimeoutError as error:
        raise NixTimedOut(f"{PROGRAM} told of no host for {flake.time_limit:.0f} s and was stopped") from error
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await stop(process)
    if status != 0:
        raise explain(status, told.lines)


def _job(line: bytes) -> tuple[str, Job | NixError] | None:
    """`None` for what is about no attribute, or no JSON: whoever is not answered for is asked again by other means.

    So is a host whose fault is in the expression of `argv`, for it lacks what is asked for, and nix itself says what;
    and one that needs a machine of another kind.
    """
    try:
        job = msgspec.json.decode(line, type=Job)
    except msgspec.DecodeError:
        return None
    if len(job.attr_path) != 1:
        return None
    if job.error is not None:
        failure = explain(1, [clean_line(each) for each in job.error.encode().split(b"\n")])
        in_argv = failure.position is not None and failure.position.file == _EXPRESSION
        return None if in_argv or _NO_BUILDERS.search(job.error) else (job.attr_path[0], failure)
    return job.attr_path[0], job


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    pending = b""
    while piece := await stream.read(2**16):
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            yield line
        pending = pending[:_MAX_LINE]
    if pending:
        yield pending


async def _listen(stream: asyncio.StreamReader, told: Transcript) -> None:
    async for line in _lines(stream):
        told.take(line)
