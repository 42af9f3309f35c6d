"""Asking git about a repository as one reads a stranger's file: no hook, no pager, no helper that its own configuration
names, no network, no lock.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from typing import Final

TIME_LIMIT_S: Final = 5.0
_MAX_BYTES: Final = 2**20
_MAX_STDERR: Final = 2**14
_OTHER_OWNER: Final = "git does not trust the repository: somebody else owns it (git config safe.directory)"

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


class GitFailed(Exception):
    """Git ended with an error; its last words, or nothing when it only says that there is no repository."""


def git(place: Path, environ: Mapping[str, str], *arguments: str) -> str:
    """What git says in a directory, bounded in time and size. Raises `GitFailed`; without git `FileNotFoundError`."""
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
        raise GitFailed(f"git did not answer within {TIME_LIMIT_S:.0f} s")
    if status != 0 and len(answer) < _MAX_BYTES:
        raise GitFailed(_OTHER_OWNER if "dubious ownership" in said else "")
    return answer.decode(errors="replace")


def without_filters(place: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Options that keep git from starting filters that a repository's configuration names, which it does when it has
    to compare a file with what it keeps. Raises `FileNotFoundError` without git.
    """
    try:
        named = git(place, environ, "config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$")
    except GitFailed:  # there are none
        return ()
    return tuple(word for name in named.split("\0") if name for word in ("-c", f"{name}="))
