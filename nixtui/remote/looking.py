"""Asking many hosts the same question before a plan is made: each answers, or says why it cannot."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nixtui.model.host import Host
from nixtui.remote.errors import RemoteError
from nixtui.remote.transport import Reach, Transport

T = TypeVar("T")


@dataclass(frozen=True)  # no slots: with them Python 3.11 cannot make a frozen `Looked[T](…)`
class Looked(Generic[T]):
    """A host as it was just asked: what it found, or in `problem` why it could not be, and in `remedy` what helps."""

    host: Host
    found: T | None
    problem: str | None = None
    remedy: str | None = None


async def look(hosts: Sequence[Host], reach: Reach, ask: Callable[[Transport], Awaitable[T]]) -> list[Looked[T]]:
    """Ask every host at once."""

    async def one(host: Host) -> Looked[T]:
        try:
            async with reach(host) as transport:
                return Looked(host, await ask(transport))
        except RemoteError as error:
            return Looked(host, None, error.reason, error.remedy)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(host)) for host in hosts]
    return [task.result() for task in tasks]
