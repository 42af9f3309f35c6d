"""The commits between two configuration revisions, from the repository that systems are built from, if it is here.

Only commit ids go into the commands.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from nixtui.config.paths import local_path
from nixtui.model.commit import Commit, CommitRange, commit_id, is_dirty
from nixtui.nix.git import GitFailed, git

MOST: Final = 200
"""Commits that are listed on either side; nobody reads more, and a fork of nixpkgs may have 100,000."""

_MAX_SUBJECT: Final = 300


def candidates(flake: str | None, directory: Path, cwd: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the repository may be: the flake, if it is a local one, then where the configuration and the user are."""
    found = [directory, cwd]
    text = (flake or "").partition("?")[0].partition("#")[0]
    for scheme in ("git+file://", "path:", "git+file:", "file://"):
        text = text.removeprefix(scheme)
    if text and (text.startswith(("/", ".", "~")) or (directory / text).is_dir()):
        found.insert(0, local_path(text, base=directory, environ=environ))
    return tuple(dict.fromkeys(found))


async def commits_between(
    before: str | None, after: str | None, places: Sequence[Path], environ: Mapping[str, str]
) -> CommitRange:
    """What lies between two revisions, as the first of `places` that knows both has it. Raises nothing."""
    return await asyncio.to_thread(_between, before, after, places, environ)


def _between(before: str | None, after: str | None, places: Sequence[Path], environ: Mapping[str, str]) -> CommitRange:
    dirty = tuple(each for each in (before, after) if each is not None and is_dirty(each))

    def unknown(why: str) -> CommitRange:
        return CommitRange(before=before, after=after, dirty=dirty, unknown=why)

    old, new = commit_id(before), commit_id(after)
    if old is None or new is None:
        if not (before and after):
            return unknown("a system does not say which revision it was built from")
        return unknown("a configuration revision is no commit id")
    if old == new:
        return CommitRange(before=before, after=after, dirty=dirty)
    why = "there is no git repository of the flake here"
    for place in places:
        if not place.is_dir():
            continue
        try:
            missing = [each for each in (old, new) if not _knows(place, each, environ)]
            if not missing:
                undone, added = (_log(place, *ends, environ) for ends in ((new, old), (old, new)))
                return CommitRange(
                    before=before,
                    after=after,
                    undone=undone[:MOST],
                    added=added[:MOST],
                    more=max(len(undone), len(added)) > MOST,
                    dirty=dirty,
                )
        except FileNotFoundError:
            return unknown("git is not installed here")
        except GitFailed as failure:
            why = failure.args[0] or why
            continue
        why = f"revision {missing[0][:8]} is not in the repository {place.name}"
    return unknown(why)


def _knows(place: Path, revision: str, environ: Mapping[str, str]) -> bool:
    git(place, environ, "rev-parse", "--git-dir")
    try:
        git(place, environ, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitFailed:
        return False
    return True


def _log(place: Path, excluded: str, included: str, environ: Mapping[str, str]) -> tuple[Commit, ...]:
    """Commits that `included` has and `excluded` has not, newest first, one more than are shown if there are more."""
    said = git(
        place,
        environ,
        "log",
        "-z",
        "--no-show-signature",
        "--no-color",
        "--no-notes",
        "--no-mailmap",
        f"--max-count={MOST + 1}",
        "--format=%H%x1f%ct%x1f%<(" + str(_MAX_SUBJECT) + ",trunc)%s",
        "--end-of-options",
        f"{excluded}..{included}",
        "--",
    )
    found = []
    for record in said.split("\0"):
        fields = record.split("\x1f", 2)
        if len(fields) == 3:
            at = float(fields[1]) if fields[1].isdecimal() and len(fields[1]) < 13 else None
            found.append(Commit(revision=fields[0], subject=fields[2].strip()[:_MAX_SUBJECT], at=at))
    return tuple(found)
