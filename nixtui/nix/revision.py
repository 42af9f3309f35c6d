"""The commit that a flake is at: what is built from it now, whatever the systems themselves say."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from nixtui.nix.errors import NixError
from nixtui.nix.git import GitFailed, git, without_filters
from nixtui.nix.process import run_nix

_LIMIT_S: Final = 60.0


class _Metadata(msgspec.Struct, rename="camel"):
    """The part of `nix flake metadata --json` that says it."""

    revision: str | None = None
    dirty_revision: str | None = None


async def flake_revision(reference: str, directory: Path, environ: Mapping[str, str]) -> str | None:
    """A commit id, with `-dirty` after it where files differ from it (as Nix's `dirtyRev`); `None` where there is no
    commit. Raises nothing.

    For a directory git is asked: nix would copy all of it first.
    """
    if reference.partition("?")[0] == ".":
        return await asyncio.to_thread(_checked_out, directory, environ)
    try:
        answer = await run_nix(
            ("flake", "metadata", "--json", "--no-write-lock-file", reference),
            directory=directory,
            environ=environ,
            time_limit=_LIMIT_S,
        )
        found = msgspec.json.decode(answer, type=_Metadata)
    except (NixError, msgspec.DecodeError):
        return None
    return found.revision or found.dirty_revision


def _checked_out(directory: Path, environ: Mapping[str, str]) -> str | None:
    try:
        head = git(directory, environ, "rev-parse", "--verify", "HEAD").strip()
        look = (*without_filters(directory, environ), "diff-files", "--name-only", "--no-ext-diff")
        changed = git(directory, environ, *look, "--ignore-submodules=all")
        staged = git(directory, environ, "diff-index", "--cached", "--name-only", "HEAD", "--")
    except (GitFailed, OSError):
        return None
    return f"{head}-dirty" if changed or staged else head
