"""What a flake is made of right now, as one short text: the same text, the same evaluation.

For a git repository, git tells: the commit, the index, and the content of what differs from it. That takes some
milliseconds and copies nothing. Nix itself sees the same: tracked files only, as they are in the working tree. What it
knows of the commit (`self.rev`, `self.lastModified`) follows from the commit and from being dirty.
"""

import asyncio
import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from nixtui.nix.errors import NixError
from nixtui.nix.git import GitFailed, without_filters
from nixtui.nix.process import run_nix

_GIT_LIMIT_S: Final = 5.0
_MAX_CHANGED_BYTES: Final = 64 * 2**20
"""Of files that differ from the index; a flake with more is evaluated anew each time."""

_METADATA_LIMIT_S: Final = 60.0

_SAFE: Final = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""A repository is read as a stranger's: no program that its configuration names."""


class _Metadata(msgspec.Struct):
    """The part of `nix flake metadata --json` that says what the flake is."""

    locked: dict[str, str | int | bool] = {}
    locks: msgspec.Raw = msgspec.Raw(b"null")


async def fingerprint(reference: str, directory: Path, environ: Mapping[str, str]) -> str | None:
    """The text for a flake as it is now, or `None` where nothing sure can be said. Raises nothing."""
    made_by = _nix_here(environ)
    if made_by is None or _is_impure(environ):
        return None
    content = None
    if reference == ".":
        content = await asyncio.to_thread(_of_git, directory, environ)
    if content is None and "submodules=" not in reference:
        content = await _of_nix(reference, directory, environ)
    return None if content is None else hashlib.sha256(f"{made_by}\0{content}".encode()).hexdigest()


def _nix_here(environ: Mapping[str, str]) -> str | None:
    """Which nix evaluates, without starting it: `builtins.nixVersion` and `currentSystem` are part of the answer."""
    found = shutil.which("nix", path=environ.get("PATH"))
    if found is None:
        return None
    try:
        facts = os.stat(found)  # noqa: PTH116 - what a symlink leads to
    except OSError:
        return None
    asked = {name: value for name, value in environ.items() if name.startswith("NIX_")}
    return f"{os.path.realpath(found)}\0{facts.st_mtime_ns}\0{sorted(asked.items())}\0{os.uname().machine}"


def _is_impure(environ: Mapping[str, str]) -> bool:
    """Settings in the environment that let an evaluation see more than the flake."""
    settings = environ.get("NIX_CONFIG", "")
    return "impure" in settings or "pure-eval" in settings


async def _of_nix(reference: str, directory: Path, environ: Mapping[str, str]) -> str | None:
    """What nix locks it to. For a directory nix hashes all of it, which is why git is asked first."""
    try:
        answer = await run_nix(
            ("flake", "metadata", "--json", "--no-write-lock-file", reference),
            directory=directory,
            environ=environ,
            time_limit=_METADATA_LIMIT_S,
        )
        found = msgspec.json.decode(answer, type=_Metadata)
    except (NixError, msgspec.DecodeError):
        return None
    sure = found.locked.get("narHash") or found.locked.get("rev")
    return f"{sorted(found.locked.items())}\0{bytes(found.locks).decode()}" if sure else None


def _of_git(directory: Path, environ: Mapping[str, str]) -> str | None:
    """What git knows; `None` where it is not installed or this is no repository with a commit."""
    try:
        top, prefix = _git(directory, environ, "rev-parse", "--show-toplevel", "--show-prefix").split("\n")[:2]
        root = Path(top)
        head = _git(root, environ, "rev-parse", "--verify", "HEAD").strip()
        index = _git(root, environ, "ls-files", "-s", "-v", "-z")
        look = (*without_filters(root, environ), "diff-files", "--name-only", "-z", "--no-ext-diff")
        changed = _git(root, environ, *look, "--ignore-submodules=all")
        staged = _git(root, environ, "diff-index", "--cached", "--name-only", "-z", "HEAD", "--")
        names = sorted({*filter(None, changed.split("\0")), *_not_watched(index)})
        content = _content(root, names)
    except (OSError, subprocess.SubprocessError, GitFailed, ValueError):
        return None
    if content is None:
        return None
    dirty = "dirty" if staged or content else "clean"
    listed = hashlib.sha256(index.encode("utf-8", "surrogateescape")).hexdigest()
    return "\0".join((prefix, head, dirty, listed, content))


def _not_watched(index: str) -> list[str]:
    """Files that git was told not to look at again (`assume-unchanged`, `skip-worktree`): they may differ unsaid."""
    entries = (entry.partition("\t") for entry in index.split("\0") if entry)
    return [name for mark, _, name in entries if mark[:1] != "H"]


def _content(root: Path, names: Sequence[str]) -> str | None:
    """A hash over files as they are in the working tree, empty for none; `None` when it would take too long."""
    if not names:
        return ""
    seen = hashlib.sha256()
    room = _MAX_CHANGED_BYTES
    for name in names:
        path = root / name
        seen.update(os.fsencode(name) + b"\0")
        try:
            facts = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            seen.update(b"gone\0")
            continue
        if stat.S_ISLNK(facts.st_mode):
            seen.update(b"link\0" + os.fsencode(path.readlink()) + b"\0")
        elif stat.S_ISREG(facts.st_mode):
            room -= facts.st_size
            if room < 0:
                return None
            content = path.read_bytes()
            seen.update(b"%d %d\0" % (bool(facts.st_mode & stat.S_IXUSR), len(content)) + content)
        elif not stat.S_ISDIR(facts.st_mode):  # a directory is a submodule, which nix leaves out
            return None
    return seen.hexdigest()


def _git(directory: Path, environ: Mapping[str, str], *words: str) -> str:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ("git", *_SAFE, *words),
        cwd=directory,
        env={**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_GIT_LIMIT_S,
        check=True,
    )
    return done.stdout.decode("utf-8", "surrogateescape")
