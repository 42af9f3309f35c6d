"""The real `ssh` for programs that start one themselves (nix), going the way nixtui goes.

Nix finds `ssh` on its PATH and splits NIX_SSHOPTS at blanks, which no quoting survives (a ProxyCommand, a path with a
blank). So its PATH begins with a directory that has an `ssh` of our own: the real one with exactly the words that the
shell command is made of.
"""

import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nixtui.remote.destination import Destination
from nixtui.remote.settings import SshSettings
from nixtui.remote.shell import find_ssh, ssh_words

TARGET = "nixtui-target"
"""The one host that such a program asks its ssh for: `ssh://nixtui-target` as a store."""

_PROGRAM = """#!/bin/sh
# ssh, the way nixtui goes; the program that starts it knows only the name {target}.
for each; do
    shift
    [ "$each" != {target} ] || each={asked}
    set -- "$@" "$each"
done
exec {words} "$@"
"""


@contextmanager
def ssh_program(
    destination: Destination,
    hops: Sequence[Destination],
    settings: SshSettings,
    environ: Mapping[str, str],
    spare: Path,
) -> Iterator[dict[str, str]]:
    """An environment whose `ssh` reaches `destination` when it is asked for `TARGET`.

    It never asks for anything: there is no terminal. `spare` is a directory for when programs in the temporary one may
    not be run. Raises `NoShell` without an ssh, and `OSError`.
    """
    _, *words = ssh_words(destination, hops, settings)
    assert words[-2:] == ["--", destination.asked]
    ssh = find_ssh(environ)
    text = _PROGRAM.format(
        target=TARGET,
        asked=shlex.quote(destination.asked),
        words=shlex.join([ssh, "-o", "BatchMode=yes", *words[:-2]]),
    )
    with tempfile.TemporaryDirectory(prefix="nixtui-ssh-", dir=_where(spare)) as folder:
        program = Path(folder) / "ssh"
        program.write_text(text, encoding="utf-8", errors="surrogateescape")
        program.chmod(0o700)
        found = {**environ, "PATH": f"{folder}{os.pathsep}{environ.get('PATH', os.defpath)}"}
        found.pop("NIX_SSHOPTS", None)  # the connections of nixtui do not know it either
        yield found


def _where(spare: Path) -> Path | None:
    if not os.statvfs(tempfile.gettempdir()).f_flag & os.ST_NOEXEC:
        return None
    spare.mkdir(parents=True, exist_ok=True)
    return spare
