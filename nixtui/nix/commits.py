"""The commits between two configuration revisions, from the repository that systems are built from, if it is here.

A repository is read as one reads a stranger's file: no hook, no pager, no helper that its own configuration names, no
network, no lock; and only commit ids go into the command.
"""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import Final

from nixtui.config.paths import local_path
from nixtui.model.commit import Commit, CommitRange, commit_id, is_dirty

MOST: Final = 200
"""Commits that are listed on either side; nobody reads more, and a fork of nixpkgs may have 100,000."""

TIME_LIMIT_S: Final = 5.0
_MAX_BYTES: Final = 2**20
_MAX_STDERR: Final = 2**14
_OTHER_OWNER: Final = "git does not trust the repository: somebody else owns it (git config safe.directory)"
_MAX_SUBJECT: Final = 300

SAFE_GIT: Final = (
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    *(
        word
        for setting in (
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.alternateRefsCommand=false",
            "core.sshCommand=false",
            "credential.helper=",
            "log.showSignature=false",
            "gpg.program=false",
            "protocol.allow=never",
        )
        for word in ("-c", setting)
    ),
)


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
        except _GitFailed as failure:
            why = failure.args[0] or why
            continue
        why = f"revision {missing[0][:8]} is not in the repository {place.name}"
    return unknown(why)


class _GitFailed(Exception):
    """Git ended with an error; its last words, or nothing when it only says that there is no repository."""


def _knows(place: Path, revision: str, environ: Mapping[str, str]) -> bool:
    _git(place, environ, "rev-parse", "--git-dir")
    try:
        _git(place, environ, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except _GitFailed:
        return False
    return True


def _log(place: Path, excluded: str, included: str, environ: Mapping[str, str]) -> tuple[Commit, ...]:
    """Commits that `included` has and `excluded` has not, newest first, one more than are shown if there are more."""
    said = _git(
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


def _git(place: Path, environ: Mapping[str, str], *arguments: str) -> str:
    """What git says, bounded in time and size. Raises `_GitFailed`, and `FileNotFoundError` without git."""
    scrubbed = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    scrubbed |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    with subprocess.Popen(
        ["git", *SAFE_GIT, *arguments],
        cwd=place,
        env=scrubbed,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        late: list[bool] = []

        def stop() -> None:
            late.append(True)
            os.killpg(process.pid, 9)

        timer = Timer(TIME_LIMIT_S, stop)
        timer.start()
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            answer = process.stdout.read(_MAX_BYTES)
            if len(answer) == _MAX_BYTES:
                process.kill()
            said = process.stderr.read(_MAX_STDERR).decode(errors="replace")
            status = process.wait()
        finally:
            timer.cancel()
    if late:
        raise _GitFailed(f"git did not answer within {TIME_LIMIT_S:.0f} s")
    if status != 0 and len(answer) < _MAX_BYTES:
        raise _GitFailed(_OTHER_OWNER if "dubious ownership" in said else "")
    return answer.decode(errors="replace")
