"""Asking hosts about their past: one after the other as they answer, never more at once than the link can bear."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from nixtui.model.host import Host
from nixtui.model.timeline import HostAnswer
from nixtui.remote.errors import RemoteError
from nixtui.remote.history import history
from nixtui.remote.transport import Reach

AT_ONCE: Final = 24
"""An answer is up to a few hundred KiB; so many fill a laptop's link and no more."""

_SKEW_S: Final = 2.0
"""What a host's clock may differ by before it is told: it is read to the second."""


async def recall(
    hosts: Sequence[Host], since: float, reach: Reach, clock: Callable[[], float], told: Callable[[HostAnswer], None]
) -> None:
    """Ask these hosts what happened since a time (Unix seconds, ours); `told` hears each answer as it comes.

    A host that does not answer is an answer as well.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(host: Host) -> None:
        async with turn:
            told(await ask(host, since, reach, clock))

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(one(host))


async def ask(host: Host, since: float, reach: Reach, clock: Callable[[], float]) -> HostAnswer:
    """One host's past. It is asked by how far back, not since when: its clock may be another."""
    try:
        async with reach(host) as transport:
            before = clock()
            found = await history(transport, before - since)
            after = clock()
    except RemoteError as error:
        return HostAnswer(host=host.name, at=clock(), problem=error.reason, remedy=error.remedy)
    return HostAnswer(host=host.name, at=after, history=found, skew=skew(found.clock, before, after))


def skew(theirs: float, before: float, after: float) -> float:
    """How far a clock that was read between two moments is ahead; 0 when it may be right."""
    if theirs < before - _SKEW_S:
        return theirs - before
    return theirs - after if theirs > after + _SKEW_S else 0.0
