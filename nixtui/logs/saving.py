"""Lines into a file that nobody had before."""

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from nixtui.logs.line import LogLine, text_line
from nixtui.model.naming import shown_name


def save_lines(lines: Iterable[LogLine], hosts: Sequence[str], now: float, folders: Sequence[Path]) -> Path:
    """Write lines as text into the first folder that takes them, readable by its owner only; returns the path.

    The name says when and of what; a file that is there is never touched. Raises `OSError`.
    """
    what = hosts[0] if len(hosts) == 1 and "/" not in shown_name(hosts[0]) else f"{len(hosts)}-hosts"
    stem = f"nixtui-logs-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{what}"
    return save_new(map(text_line, lines), stem, folders)


def save_new(lines: Iterable[str], stem: str, folders: Sequence[Path]) -> Path:
    """Write lines into a new file `STEM.log`, readable by its owner only, in the first folder that takes it; returns
    the path. Raises `OSError`.
    """
    failure: OSError | None = None
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _write_new(folder, stem, lines)
        except OSError as error:
            failure = error
    raise failure or OSError("there is no folder to save in")


def _write_new(folder: Path, stem: str, lines: Iterable[str]) -> Path:
    for number in count(1):
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{line}\n" for line in lines)
        return path
    raise AssertionError("there are always more numbers")
