"""Commits of the repository that systems are built from, and those between two of them."""

import re

import msgspec

_REVISION = re.compile(r"([0-9a-f]{7,64})(-dirty)?")


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit. `subject` is whatever somebody wrote; `at` is when it was committed (Unix seconds)."""

    revision: str
    subject: str
    at: float | None = None


class CommitRange(msgspec.Struct, frozen=True, kw_only=True):
    """What lies between two configuration revisions, newest first.

    `undone` are the commits that only the first has, `added` those that only the second has; `more` says that there are
    more than are listed. `dirty` are the revisions that were built with changes which no commit has. `unknown` is why
    nothing can be said, in one sentence.
    """

    before: str | None
    after: str | None
    undone: tuple[Commit, ...] = ()
    added: tuple[Commit, ...] = ()
    more: bool = False
    dirty: tuple[str, ...] = ()
    unknown: str | None = None


def commit_id(revision: str | None) -> str | None:
    """The commit that a configuration revision names, as far as it may be given to git; `None` for anything else."""
    found = _REVISION.fullmatch(revision or "")
    return found[1] if found else None


def is_dirty(revision: str | None) -> bool:
    """Whether it was built from a working tree with changes in it (Nix: `dirtyRev`)."""
    found = _REVISION.fullmatch(revision or "")
    return found is not None and found[2] is not None
