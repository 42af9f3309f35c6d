"""Closures of systems as hosts have them, and a cache of them: what a store path needs never changes."""

import asyncio
import logging
import os
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Final

import msgspec

from nixtui.model.closure import Closure
from nixtui.model.store_path import is_store_path, require_store_path, short_name
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.transport import Completed, Transport, load_script

_log = logging.getLogger(__name__)

TIMEOUT_S: Final = 60.0
"""2,000 paths take 0.2 s; a host whose disk is dying takes longer."""

IN_MEMORY: Final = 16
"""Closures kept in memory, about 1 MiB each; those of one fleet share most of their paths and so their text."""

ON_DISK: Final = 128
"""Closures kept as files, about 0.3 MiB each."""

_MARK: Final = "#nixtui-closure"
_NOT_THERE: Final = 66


async def closure(transport: Transport, path: str) -> Closure:
    """What `path` needs, asked from the host. Raises `PathGone`, another `RemoteError`, or `NotAStorePath`."""
    completed = await transport.run(load_script("closure"), require_store_path(path), timeout=TIMEOUT_S)
    return parse_closure(transport.host.name, path, completed)


def parse_closure(host: str, path: str, completed: Completed) -> Closure:
    """The answer of `scripts/closure.sh`. Raises `PathGone`, or `BadAnswer` when it is not all of an answer."""
    if completed.exit_status == _NOT_THERE:
        raise PathGone(host, f"{short_name(path)} is not in its store", "choose another generation, or deploy it again")
    lines = completed.stdout.split("\n")
    try:
        paths_at, sizes_at, end_at = (lines.index(f"{_MARK} {part}") for part in ("paths", "sizes", "end"))
    except ValueError:
        raise BadAnswer(host, f"could not list what {short_name(path)} needs{_why(completed)}") from None
    paths, sizes = lines[paths_at + 1 : sizes_at], lines[sizes_at + 1 : end_at]
    complete = len(paths) == len(sizes) and path in paths
    if not complete or not all(map(is_store_path, paths)) or not all(map(_is_size, sizes)):
        raise BadAnswer(host, f"gave a list of what {short_name(path)} needs that makes no sense")
    return Closure(path, {sys.intern(each): int(size) for each, size in zip(paths, sizes, strict=True)})


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _why(completed: Completed) -> str:
    said = completed.stderr.strip().splitlines()
    return f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"


class ClosureCache:
    """Closures by path, in memory and as files in `directory`; both are bounded, least recently used go first.

    Files are written whole or not at all. One that is broken or cannot be read is as good as none and is written anew;
    a folder that cannot be written to costs only the time to ask again.
    """

    def __init__(self, directory: Path | None, *, in_memory: int = IN_MEMORY, on_disk: int = ON_DISK) -> None:
        self._directory = directory
        self._in_memory = in_memory
        self._on_disk = on_disk
        self._remembered: OrderedDict[str, Closure] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def closure(self, transport: Transport, path: str) -> Closure:
        """What `path` needs, from here or from the host. Raises as `closure` does."""
        require_store_path(path)
        # Two panes that want the same closure at once are one question to the host.
        lock = self._asking.setdefault(path, asyncio.Lock())
        try:
            async with lock:
                known = self.remembered(path) or await asyncio.to_thread(self._read, path)
                if known is None:
                    known = await closure(transport, path)
                    await asyncio.to_thread(self._write, known)
                self._remember(known)
                return known
        finally:
            if not lock.locked():
                self._asking.pop(path, None)

    def remembered(self, path: str) -> Closure | None:
        """What is in memory, at once."""
        known = self._remembered.get(path)
        if known is not None:
            self._remembered.move_to_end(path)
        return known

    def _remember(self, known: Closure) -> None:
        self._remembered[known.root] = known
        self._remembered.move_to_end(known.root)
        while len(self._remembered) > self._in_memory:
            self._remembered.popitem(last=False)

    def _file(self, directory: Path, path: str) -> Path:
        return directory / f"{path.rpartition('/')[2]}.json"

    def _read(self, path: str) -> Closure | None:
        if self._directory is None:
            return None
        file = self._file(self._directory, path)
        try:
            known = msgspec.json.decode(file.read_bytes(), type=Closure)
            file.touch()
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("%s is not used: %s", file, error)
            return None
        if known.root != path or path not in known.sizes:
            _log.warning("%s is not used: it is about something else", file)
            return None
        return Closure(path, {sys.intern(each): size for each, size in known.sizes.items()})

    def _write(self, known: Closure) -> None:
        if self._directory is None:
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self._directory, suffix=".new", delete=False) as new:
                try:
                    new.write(msgspec.json.encode(known))
                    new.close()
                    Path(new.name).replace(self._file(self._directory, known.root))
                except BaseException:
                    Path(new.name).unlink(missing_ok=True)
                    raise
            self._evict(self._directory)
        except OSError as error:
            _log.warning("closures are not kept in %s: %s", self._directory, error)

    def _evict(self, directory: Path) -> None:
        with os.scandir(directory) as entries:
            # What a nixtui that was killed while writing left behind counts as well, and is the oldest soon.
            files = sorted(entries, key=lambda entry: entry.stat().st_mtime, reverse=True)
        for entry in files[self._on_disk :]:
            Path(entry.path).unlink(missing_ok=True)
