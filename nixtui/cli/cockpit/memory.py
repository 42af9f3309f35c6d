"""What the app remembers of its screens, in a small file of the state directory for each fleet."""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from nixtui.config import Configuration

Result = TypeVar("Result")

_MAX_BYTES: Final = 1 << 20
"""Histories are bounded; what is larger was not written by us."""


def memory_file(state: Path, configuration: Configuration) -> Path:
    """Where a fleet's record is: named as the fleet is, and apart from another fleet of that name."""
    place = configuration.path or configuration.directory
    name = configuration.fleet.name or configuration.directory.name
    digest = hashlib.sha256(os.fsencode(place.absolute())).hexdigest()[:12]
    return state / "screens" / f"{re.sub(r'[^A-Za-z0-9-]', '_', name)[:40]}-{digest}.json"


class LiveMemory:
    """A file. Threads that read and write it are daemons: a state directory on a dead file server holds nobody up."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def recall(self) -> bytes | None:
        """What is in the file; `None` without one. Raises `OSError`."""
        return await _in_thread(self._read)

    async def keep(self, record: bytes) -> None:
        """Write a file of our own and put it in the place of the old one. Raises `OSError`."""
        await _in_thread(lambda: self._write(record))

    def _read(self) -> bytes | None:
        try:
            with self._file.open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        if len(content) > _MAX_BYTES:
            raise OSError(f"{self._file} is larger than anything nixtui writes there")
        return content

    def _write(self, record: bytes) -> None:
        folder = self._file.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes it readable by its owner only: what was typed is nobody else's.
        handle, name = tempfile.mkstemp(dir=folder, prefix=self._file.stem, suffix=".new")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(record)
            Path(name).replace(self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


async def _in_thread(work: Callable[[], Result]) -> Result:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not answer.done():
            result()

    def run() -> None:
        try:
            result = work()
        except OSError as error:
            failure = error
            ending: Callable[[], None] = lambda: answer.set_exception(failure)  # noqa: E731 - the name would be its end
        else:
            ending = lambda: answer.set_result(result)  # noqa: E731
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, ending)

    threading.Thread(target=run, name="screens", daemon=True).start()
    return await answer
