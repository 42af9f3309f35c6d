"""Putting a host key into known_hosts, once somebody is sure of it."""

import os
import tempfile
from pathlib import Path

from nixtui.remote.witness import HostKey


class CannotTrust(Exception):
    """The file was not changed: `reason` is one sentence, `remedy` the next step."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def refuse(key: HostKey) -> CannotTrust | None:
    """Why a key cannot be put there by us."""
    if key.file is None:
        return CannotTrust("no known_hosts file is configured", "name one in [ssh] known_hosts")
    elsewhere = [each for each in key.stale if each.file != key.file]
    if elsewhere:
        line = elsewhere[0]
        return CannotTrust(f"{line.file} has another key of it", f"remove line {line.line} of it by hand first")
    return None


def trust(key: HostKey) -> Path:
    """Add the key to its file, and take the lines away that speak against it; the file is replaced as a whole.

    Blocking. Raises `CannotTrust`, also where the file is another than it was when the key was shown.
    """
    if (why := refuse(key)) is not None:
        raise why
    path = Path(str(key.file))
    try:
        return _rewrite(path.resolve(), key)
    except OSError as error:
        raise CannotTrust(f"{path} cannot be written: {error.strerror or error}", "see that it is yours") from error


def _rewrite(path: Path, key: HostKey) -> Path:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for each in key.stale:
        if each.line > len(lines) or each.encoded.encode() not in lines[each.line - 1]:
            raise CannotTrust(f"{path} was changed meanwhile", "do it again")
    stale = {each.line for each in key.stale}
    kept = [line for number, line in enumerate(lines, 1) if number not in stale]
    if kept and not kept[-1].endswith(b"\n"):
        kept[-1] += b"\n"
    kept.append(f"{key.known_as} {key.kind} {key.encoded}\n".encode())
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".known_hosts-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(kept)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
