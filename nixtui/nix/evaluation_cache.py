"""Answers of pure evaluations, remembered between runs: what a flake says does not change while the flake does not.

One file per state of a flake, in the user's cache directory. It can be deleted at any time, and whatever is wrong with
it (full disk, damage, an older format) costs an evaluation and nothing else.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

FORMAT: Final = 1

MOST_STATES: Final = 100
"""Files kept. One has some kilobytes for twenty hosts."""

MAX_BYTES: Final = 16 * 2**20
"""Of one file; the addresses of ten thousand hosts are 2 MB."""

_STALE_S: Final = 3600.0
"""After so long, a file that was begun and not finished is somebody's crash."""


class _State(msgspec.Struct):
    """A file."""

    format: int
    answers: dict[str, msgspec.Raw]


class EvaluationCache:
    """Answers (JSON) by the flake's fingerprint and the question. Never raises."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def get(self, fingerprint: str, question: tuple[str, ...]) -> bytes | None:
        """The remembered answer."""
        return await asyncio.to_thread(self._get, fingerprint, question)

    async def put(self, fingerprint: str, answers: Mapping[tuple[str, ...], bytes]) -> None:
        """Remember answers beside those that are there."""
        await asyncio.to_thread(self._put, fingerprint, answers)

    def _get(self, fingerprint: str, question: tuple[str, ...]) -> bytes | None:
        found = self._read(fingerprint).answers.get(_key(question))
        return None if found is None else bytes(found)

    def _put(self, fingerprint: str, answers: Mapping[tuple[str, ...], bytes]) -> None:
        """Whoever writes at the same time may lose an answer, which is then evaluated once more."""
        state = self._read(fingerprint)
        state.answers |= {_key(question): msgspec.Raw(answer) for question, answer in answers.items()}
        try:
            written = msgspec.json.encode(state)
        except (msgspec.MsgspecError, TypeError, ValueError):
            return
        if len(written) > MAX_BYTES:
            return
        with suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(self._path(fingerprint), written)
            self._prune()

    def _replace(self, path: Path, written: bytes) -> None:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self._directory)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(written)
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def _read(self, fingerprint: str) -> _State:
        path = self._path(fingerprint)
        try:
            with path.open("rb") as file:
                read = file.read(MAX_BYTES + 1)
            state = msgspec.json.decode(read, type=_State)
        except (OSError, msgspec.DecodeError):
            return _State(FORMAT, {})
        if state.format != FORMAT:
            return _State(FORMAT, {})
        with suppress(OSError):
            os.utime(path)  # what is used stays
        return state

    def _path(self, fingerprint: str) -> Path:
        return self._directory / f"{fingerprint}.json"

    def _prune(self) -> None:
        used = sorted(((each.stat().st_mtime, each) for each in self._directory.glob("*.json")), reverse=True)
        for _, path in used[MOST_STATES:]:
            path.unlink(missing_ok=True)
        newest = used[0][0] if used else 0.0
        for left in self._directory.glob(".new-*"):
            if left.stat().st_mtime < newest - _STALE_S:
                left.unlink(missing_ok=True)


def _key(question: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(question).encode("utf-8", "surrogatepass")).hexdigest()
