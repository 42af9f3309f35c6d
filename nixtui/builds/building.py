"""Running nix for a build: its events into the tree, the record and to whoever watches, until it ends or is stopped."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

from nixtui.builds.intake import Intake
from nixtui.builds.log import BuildLogs
from nixtui.builds.record import Record
from nixtui.builds.stall import LIMIT_S, Stall
from nixtui.builds.tree import BuildTree
from nixtui.nix.build_place import Words
from nixtui.nix.derivation_file import read_drv
from nixtui.nix.errors import NixTimedOut
from nixtui.nix.internal_json import Event
from nixtui.nix.local_store import on_disk
from nixtui.nix.streaming import stream_nix

_NO_LIMIT_S: Final = 7 * 86400.0
"""A build takes as long as it takes; what must not is waiting for an answer (`Stall`)."""

_LOOK_EVERY_S: Final = 0.1
_MARK: Final = b"@nix "

Watcher = Callable[[Event], None]


class Building:
    """One build: a tree that grows from all nix commands it takes. `watchers` get each event after the tree has it.

    `outs` has the store path of each host's system, as soon as that is built.
    """

    def __init__(
        self, folder: Path, *, directory: Path, environ: Mapping[str, str], stall_limit: float = LIMIT_S
    ) -> None:
        self.record = Record(folder)
        self.tree = BuildTree(logs=BuildLogs(folder / "logs"), exists=lambda path: on_disk(path, environ).exists())
        self.watchers: list[Watcher] = []
        self.outs: dict[str, str] = {}
        self._directory = directory
        self._environ = environ
        self._stall_limit = stall_limit

    async def run(self, words: Words) -> bytes:
        """Standard output of `nix WORDS`. Raises `NixError`: the words of nix's own events are in the tree.

        Whoever cancels this has ended nix and its builders when it returns.
        """
        stall = Stall(monotonic, self._stall_limit)
        read = partial(read_drv, environ=self._environ)
        intake = Intake(self.tree, monotonic, read=read, on_event=lambda event: self._tell(event, stall))

        def hear(line: bytes) -> bool:
            self.record.take((line,))
            intake.feed_line(line)
            return line.startswith(_MARK)

        nix = asyncio.ensure_future(
            stream_nix(
                words,
                directory=self._directory,
                environ=self._environ,
                hear=hear,
                time_limit=_NO_LIMIT_S,
                silence_limit=_NO_LIMIT_S,
            )
        )
        try:
            await _watch(nix, intake, stall)
            return await nix
        finally:
            nix.cancel()
            await asyncio.gather(nix, return_exceptions=True)
            await _worked_off(intake)

    def finish(self, exit_code: int) -> None:
        """Nothing more will be run."""
        self.tree.finish(exit_code, monotonic())
        self.record.close()

    def _tell(self, event: Event, stall: Stall) -> None:
        stall.take(event)
        for watcher in self.watchers:
            watcher(event)


async def _watch(nix: asyncio.Future[bytes], intake: Intake, stall: Stall) -> None:
    """Until nix has ended: apply what it told, and mind how long it waits. Raises `NixTimedOut`."""
    while not nix.done():
        await _worked_off(intake)
        await asyncio.wait((nix,), timeout=_LOOK_EVERY_S)
        if (reason := stall.reason) is not None:
            raise NixTimedOut(reason, "look at the network, or build without it: --substituters ''")


async def _worked_off(intake: Intake) -> None:
    while intake.work():  # noqa: ASYNC110 - waits for nothing: everybody else gets a turn
        await asyncio.sleep(0)
