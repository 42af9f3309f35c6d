"""What a build tells, kept as it comes: whatever ends nixtui, the record up to there can be replayed."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from nixtui.operations.plan import Plan

MAX_BYTES: Final = 128 * 2**20
"""Of one build. A world rebuild tells some 50 MB; logs of builders have files of their own."""

KEPT: Final = 50
"""Builds whose records stay."""

KIND: Final = "build"

STREAM: Final = "stream.json"
_FLUSH_BYTES: Final = 2**16


def folder_of(state: Path, operation: str) -> Path:
    """Where the record of a build is."""
    return state / "builds" / operation


def has_build(plan: Plan) -> bool:
    """Whether an operation with this plan is a build, or began with one."""
    return plan.kind == KIND or any("record" in row.facts for row in plan.targets)


class Record:
    """The raw event stream of one build in `folder`. A disk that is full ends the record, with one `trouble`, and not
    the build. Every line is in the hands of the system when `take` returns or, in a flood, soon after.
    """

    def __init__(self, folder: Path, most: int = MAX_BYTES) -> None:
        self.trouble: str | None = None
        self.path = folder / STREAM
        self._room = most
        self._file: BinaryIO | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self.path.open("wb", buffering=0)
        except OSError as error:
            self._give_up(f"no record is kept in {folder}: {error.strerror}")

    def take(self, lines: Sequence[bytes]) -> None:
        """Lines without their ends, as nix printed them."""
        if self._file is None:
            return
        text = b"".join(line + b"\n" for line in lines)
        self._room -= len(text)
        if self._room < 0:
            self._give_up(f"the record in {self.path} ends here: it is {MAX_BYTES // 2**20} MiB long")
            return
        try:
            self._file.write(text)
        except OSError as error:
            self._give_up(f"the record in {self.path} ends here: {error.strerror}")

    def close(self) -> None:
        """No more will come."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_up(self, why: str) -> None:
        self.trouble = why
        self.close()


def prune(state: Path, most: int = KEPT) -> None:
    """Delete the records of all but the newest builds. What cannot be deleted stays."""
    try:
        found = sorted((state / "builds").iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    except OSError:
        return
    for folder in found[most:]:
        shutil.rmtree(folder, ignore_errors=True)
