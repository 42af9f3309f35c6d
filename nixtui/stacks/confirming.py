"""Whether a host of a stack answers SSH with the right key: known_hosts has it, or its console shows the same."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from nixtui.model.host import Host
from nixtui.remote.errors import AuthenticationFailed, HostKeyChanged, HostKeyUnknown, RemoteError
from nixtui.remote.trusting import CannotTrust, refuse, trust
from nixtui.stacks.members import Member
from nixtui.stacks.settling import Doubt

REFUSED_S: Final = 60.0
"""How long a login is tried that is refused: an instance fetches the key that may log in only after its sshd is up."""


class Confirming:
    """`host_of` is how an instance is reached, and `connect` logs in there and raises a `RemoteError`."""

    def __init__(
        self,
        host_of: Callable[[Member], Host],
        connect: Callable[[Host], Awaitable[object]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host_of = host_of
        self._connect = connect
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._writing = asyncio.Lock()

    async def __call__(self, member: Member, trusting: bool) -> Doubt | None:
        """What speaks against working with it; `None` where nothing does. known_hosts changes only when `trusting`."""
        host = self._host_of(member)
        try:
            await self._connect(host)
            return None
        except (HostKeyUnknown, HostKeyChanged) as error:
            return await self._judge(host, error, trusting)
        except AuthenticationFailed as error:
            since = self._refused.setdefault(member.identity, self._clock())
            lasting = trusting and self._clock() - since > REFUSED_S
            return Doubt(f"it has the right key and does not let us in: {error.reason}", error.remedy, lasting)
        except RemoteError as error:
            return Doubt(f"it does not answer SSH yet: {error.reason}", error.remedy)

    async def _judge(self, host: Host, error: HostKeyUnknown | HostKeyChanged, trusting: bool) -> Doubt | None:
        shown, testimony = error.shown, error.testimony
        if shown is None or testimony is None or testimony.agrees is False:
            return Doubt(error.reason, error.remedy, lasting=True)
        if testimony.agrees is None:
            return Doubt(f"its host key is not known, and {testimony.words}", f"nixtui instance trust {host.name}")
        if (why := refuse(shown)) is not None:
            return Doubt(why.reason, why.remedy, lasting=True)
        if not trusting:
            return Doubt(f"its host key is not in known_hosts, and {testimony.words}")
        async with self._writing:  # the line of another host may be written to the same file
            try:
                path = await asyncio.to_thread(trust, shown)
            except CannotTrust as trouble:
                return Doubt(trouble.reason, trouble.remedy)
        return Doubt(f"{path} has its key {shown.fingerprint} now: {testimony.words}")
