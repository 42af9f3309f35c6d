"""Bringing a system to its host: some hosts at a time, told in bytes, tried again when the link drops."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from nixtui.deploys.preflight import Candidate, megabytes
from nixtui.model.host import Host
from nixtui.nix.copying import Copied, CopyFailed, copy_closure
from nixtui.nix.errors import NixError, NixTimedOut
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run
from nixtui.remote.errors import RemoteError
from nixtui.remote.landing import landing
from nixtui.remote.ssh_program import TARGET
from nixtui.remote.transport import Reach

AT_ONCE = 4
"""More share one uplink and one disk, and only make each other late."""

PAUSES_S = (1.0, 3.0, 10.0, 30.0)
"""Before each further try: a Wi-Fi that roams and an sshd that restarts are back within seconds."""

TIME_LIMIT_S = 3600.0

TOLD_EVERY_S = 0.25

STEP = "copying"


class SshFor(Protocol):
    """Makes the environment in which nix's ssh reaches a host. Entering raises `RemoteError` or `OSError`."""

    async def __call__(self, host: Host) -> AbstractContextManager[Mapping[str, str]]:
        """The environment for this host."""
        ...


class CopySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How closures are copied. Times are seconds."""

    at_once: int = AT_ONCE
    time_limit: float = TIME_LIMIT_S
    substitute: bool = False
    pauses: tuple[float, ...] = PAUSES_S


@dataclass(slots=True)
class Copier:
    """Copies closures of one operation, never more than `settings.at_once` at a time."""

    settings: CopySettings
    ssh_for: SshFor
    reach: Reach
    directory: Path
    run: Run
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.settings.at_once)

    async def copy(self, candidate: Candidate, tell: Narrator) -> NixError | RemoteError | None:
        """Bring what the candidate is to have to its host; what stood in the way, or `None`. Raises `Cancelled`."""
        sizes = candidate.sizes
        if not sizes:
            return None
        async with self._room:
            tell.begin(STEP)
            try:
                await self.run.unless_cancelled(self._until_there(candidate, sizes, tell))
            except (NixError, RemoteError) as error:
                tell.end(False, error.reason)
                if isinstance(error, NixError):
                    tell.keep(error.log[-10:])
                return error
            tell.end(True, f"{len(sizes)} paths, {megabytes(sum(sizes.values()))}")
        return None

    async def _until_there(self, candidate: Candidate, sizes: Mapping[str, int], tell: Narrator) -> None:
        for pause in (*self.settings.pauses, None):
            try:
                await self._try(candidate, sizes, tell)
            except (CopyFailed, NixTimedOut, RemoteError) as error:
                if pause is None or (isinstance(error, CopyFailed) and not error.again):
                    raise
                tell.note(f"{error.reason}; again in {pause:g} s, what is there already is not sent twice")
                await asyncio.sleep(pause)
                sizes = await self._still_missing(candidate, sizes)
            else:
                return

    async def _try(self, candidate: Candidate, sizes: Mapping[str, int], tell: Narrator) -> None:
        with await self.ssh_for(candidate.host) as environ:
            await copy_closure(
                *candidate.roots,
                to=f"ssh://{TARGET}",
                sizes=sizes,
                tell=self._teller(sum(sizes.values()), tell),
                directory=self.directory,
                environ=environ,
                time_limit=self.settings.time_limit,
                substitute=self.settings.substitute or candidate.substitute,
            )

    async def _still_missing(self, candidate: Candidate, sizes: Mapping[str, int]) -> Mapping[str, int]:
        """What the last try left to do, so that the next one's progress is the truth; as before when nobody can say."""
        try:
            async with self.reach(candidate.host) as transport:
                missing = (await landing(transport, list(sizes))).missing
        except RemoteError:
            return sizes
        return {path: size for path, size in sizes.items() if path in missing}

    def _teller(self, total: float, tell: Narrator) -> Callable[[Copied], None]:
        """Progress events, not more often than anybody can read."""
        last = float("-inf")

        def told(copied: Copied) -> None:
            nonlocal last
            now = self.run.clock()
            if now - last >= TOLD_EVERY_S or copied.bytes >= total:
                last = now
                self.run.tell(
                    Progress(
                        at=now, target=tell.target, step=STEP, done=min(copied.bytes, total), total=total, unit="bytes"
                    )
                )

        return told
