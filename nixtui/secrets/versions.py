"""What git has of a secret file: earlier versions, and the three that a merge left in the index. Reads only.

The repository is read as a stranger's: none of its hooks, helpers and pagers is run, and nothing is fetched.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from nixtui.model.naming import one_line
from nixtui.nix.git import SAFE_GIT
from nixtui.secrets.document import MAX_FILE
from nixtui.secrets.errors import SecretsError, Trouble

MOST: Final = 200
"""Commits that are looked at, the newest."""

_TIME_LIMIT_S: Final = 20.0
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_MAX_TEXT: Final = 300


class Version(msgspec.Struct, frozen=True):
    """A commit that touched a file, with the file as it was after it; `content` is `None` where it deleted it."""

    commit: str
    at: float
    author: str
    subject: str
    content: bytes | None


class Sides(msgspec.Struct, frozen=True):
    """The versions of a merge that is under way; `base` is `None` where both sides added the file."""

    base: bytes | None
    ours: bytes
    theirs: bytes


async def versions(path: Path, name: str, environ: Mapping[str, str], *, most: int = MOST) -> tuple[Version, ...]:
    """Every commit that touched the file, newest first, also under its earlier names. Raises `SecretsError`."""
    said = await _git(
        path.parent, environ, name,
        "log", "--follow", "-z", "--no-color", "--no-notes", "--no-mailmap", "--no-show-signature",
        f"--max-count={most}", "--name-only", "--format=%x1e%H%x1f%ct%x1f%an%x1f%s%x1f", "--", path.name,
    )  # fmt: skip
    top = Path((await _git(path.parent, environ, name, "rev-parse", "--show-toplevel")).decode().rstrip("\n"))
    found = []
    for record in said.decode(errors="replace").split("\x1e")[1:]:
        fields = record.split("\x1f")
        if len(fields) != 5 or not _COMMIT.fullmatch(fields[0]):
            continue
        commit, at, author, subject, rest = fields
        file = rest.strip("\0\n").split("\0")[0]
        content = await _blob(top, environ, name, f"{commit}:{file}")
        when = float(at) if at.isdecimal() and len(at) < 13 else 0.0
        found.append(Version(commit, when, one_line(author)[:_MAX_TEXT], one_line(subject)[:_MAX_TEXT], content))
    return tuple(found)


async def sides_in_index(path: Path, name: str, environ: Mapping[str, str]) -> Sides | None:
    """What a merge that stopped at this file left; `None` where there is none. Raises `SecretsError`."""
    base, ours, theirs = [await _blob(path.parent, environ, name, f":{stage}:./{path.name}") for stage in (1, 2, 3)]
    return Sides(base, ours, theirs) if ours is not None and theirs is not None else None


async def sides_of_heads(path: Path, name: str, environ: Mapping[str, str]) -> Sides | None:
    """The same from the commits that are being merged, for a file that was added with its markers in it."""
    heads = [f"HEAD:./{path.name}", f"MERGE_HEAD:./{path.name}"]
    ours, theirs = [await _blob(path.parent, environ, name, each) for each in heads]
    if ours is None or theirs is None:
        return None
    try:
        found = (await _git(path.parent, environ, name, "merge-base", "HEAD", "MERGE_HEAD")).decode().strip()
    except SecretsError:
        return Sides(None, ours, theirs)
    return Sides(await _blob(path.parent, environ, name, f"{found}:./{path.name}"), ours, theirs)


async def _blob(place: Path, environ: Mapping[str, str], name: str, what: str) -> bytes | None:
    try:
        return await _git(place, environ, name, "cat-file", "blob", what)
    except SecretsError as error:
        if error.trouble is Trouble.NO_HISTORY:
            return None
        raise


async def _git(place: Path, environ: Mapping[str, str], name: str, *arguments: str) -> bytes:
    """What git says, bounded in time and size. `NO_HISTORY` where it fails, as for what it does not have."""
    scrubbed = {each: value for each, value in environ.items() if not each.startswith(("GIT_", "SOPS_AGE_KEY"))}
    scrubbed |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    try:
        process = await asyncio.create_subprocess_exec(
            "git", *SAFE_GIT, *arguments, cwd=place, env=scrubbed, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise SecretsError(Trouble.OTHER, f"{name}: git is not installed here", "install it") from error
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_TIME_LIMIT_S):
            answer, said = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
            status = await process.wait()
    except TimeoutError as error:
        raise SecretsError(
            Trouble.TIMED_OUT, f"{name}: git did not answer within {_TIME_LIMIT_S:.0f} s", "look at the repository"
        ) from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status == 0:
        return answer
    if b"dubious ownership" in said:
        raise SecretsError(
            Trouble.UNREADABLE, f"{name}: git does not trust the repository: somebody else owns it",
            "git config --global --add safe.directory",
        )  # fmt: skip
    raise SecretsError(Trouble.NO_HISTORY, f"{name}: git has no history of it here", "commit it first")


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    received = bytearray()
    while piece := await stream.read(2**16):
        if len(received) <= MAX_FILE:
            received += piece
    return bytes(received)


def sides_in_markers(content: bytes) -> Sides:
    """The two sides that conflict markers stand for (with `diff3` markers also the base). Raises `ValueError`.

    Lines outside of markers may have been merged from either side already.
    """
    sides: dict[str, list[bytes]] = {"base": [], "ours": [], "theirs": []}
    within, has_base = "", False
    for line in content.splitlines(keepends=True):
        mark = line[:7] if line[7:8] in (b" ", b"\n", b"\r", b"") else b""
        if mark in _MARKS:
            before, now = _MARKS[mark]
            if within not in before:
                raise ValueError("conflict markers in a wrong order")
            within = now
            has_base |= now == "base"
            continue
        for name, lines in sides.items():
            if within in ("", name):
                lines.append(line)
    if within:
        raise ValueError("a conflict that does not end")
    base, ours, theirs = (b"".join(sides[each]) for each in ("base", "ours", "theirs"))
    return Sides(base if has_base else None, ours, theirs)


_MARKS: Final[Mapping[bytes, tuple[tuple[str, ...], str]]] = {
    b"<<<<<<<": (("",), "ours"),
    b"|||||||": (("ours",), "base"),
    b"=======": (("ours", "base"), "theirs"),
    b">>>>>>>": (("theirs",), ""),
}
"""What may be before a marker, and what it begins."""
