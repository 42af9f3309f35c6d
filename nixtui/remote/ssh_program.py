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
"""What a program asks its ssh for that knows one host only: `ssh://nixtui-target` as a store."""

Way = tuple[Destination, Sequence[Destination]]
"""Where a host is, and the jump hosts before it, the nearest to us first."""

_PROGRAM = """#!/bin/sh
# ssh, the way nixtui goes; the program that starts it knows only these names.
name=
for each; do
    shift
    case $name/$each in
{asked}
    esac
    set -- "$@" "$each"
done
case $name in
{known}
esac
# shellcheck disable=SC2086 # nix splits it at blanks as well
exec {ssh} ${{NIXTUI_SSHOPTS-}} "$@"
"""


@contextmanager
def ssh_program(
    ways: Mapping[str, Way], settings: SshSettings, environ: Mapping[str, str], spare: Path
) -> Iterator[dict[str, str]]:
    """An environment whose `ssh` goes these ways when it is asked for their names, and to other hosts as ever.

    It never asks for anything: there is no terminal. `spare` is a directory for when programs in the temporary one may
    not be run. Raises `NoShell` without an ssh, and `OSError`.
    """
    ssh = find_ssh(environ)
    with tempfile.TemporaryDirectory(prefix="nixtui-ssh-", dir=_where(spare)) as folder:
        program = Path(folder) / "ssh"
        program.write_text(_program(ssh, ways, settings), encoding="utf-8", errors="surrogateescape")
        program.chmod(0o700)
        found = {**environ, "PATH": f"{folder}{os.pathsep}{environ.get('PATH', os.defpath)}"}
        # Hosts that are reached nixtui's way are not reached by it either.
        yield {**found, "NIX_SSHOPTS": "", "NIXTUI_SSHOPTS": environ.get("NIX_SSHOPTS", "")}


def _program(ssh: str, ways: Mapping[str, Way], settings: SshSettings) -> str:
    asked, known = [], []
    for name, (destination, hops) in ways.items():
        _, *words = ssh_words(destination, hops, settings)
        assert words[-2:] == ["--", destination.asked]
        quoted = shlex.quote(name)
        asked.append(f"    /{quoted}) name={quoted} each={shlex.quote(destination.asked)} ;;")
        known.append(f'{quoted}) exec {shlex.join([ssh, "-o", "BatchMode=yes", *words[:-2]])} "$@" ;;')
    return _PROGRAM.format(asked="\n".join(asked), known="\n".join(known), ssh=shlex.quote(ssh))


def _where(spare: Path) -> Path | None:
    if not os.statvfs(tempfile.gettempdir()).f_flag & os.ST_NOEXEC:
        return None
    spare.mkdir(parents=True, exist_ok=True)
    return spare
