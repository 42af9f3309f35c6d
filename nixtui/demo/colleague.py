"""Somebody else at work: another operator's nixtui that is switching a host while the demo's user looks."""

import asyncio
from random import Random
from typing import Final

from nixtui.demo.installation import Installation
from nixtui.model.host import Host
from nixtui.remote import guard
from nixtui.remote.access import SshAccess
from nixtui.remote.errors import RemoteError
from nixtui.remote.guard import Answer, Order, Output, Tested
from nixtui.remote.ssh import SshTransport

OPERATOR: Final = "ops-2@laptop-2"
_PATIENCE_S: Final = 3600.0
"""Longer than anybody looks at a demo: this operator gives no sign of life, and needs none for so long."""


class Colleague:
    """Switches a host to the system that is under way to it. `is_at_it` is set once that has begun, or will not."""

    def __init__(self, host: Host, access: SshAccess, installation: Installation, random: Random) -> None:
        self.is_at_it = asyncio.Event()
        self._host = host
        self._access = access
        self._installation = installation
        self._operation = f"{random.getrandbits(32):08x}"

    async def work(self) -> None:
        """From beginning to end; what goes wrong on the way is the colleague's trouble, and ends it."""
        transport = SshTransport(self._host, self._access)
        try:
            await transport.connect()
            ending = await guard.begin(transport, self._order(), self._hear)
            if ending == Tested(0):
                await guard.commit(transport, self._operation, _PATIENCE_S)
        except RemoteError:
            return
        finally:
            self.is_at_it.set()
            await transport.close()

    def _order(self) -> Order:
        there = self._installation
        assert there.under_way is not None, "the story has nothing for a colleague to do here"
        return Order(
            operation=self._operation,
            operator=OPERATOR,
            new=there.under_way.path,
            number=None,
            expect_current=there.running.path,
            expect_profile=there.generations[-1].system.path,
            revert_after=_PATIENCE_S,
            activation_timeout=_PATIENCE_S,
        )

    def _hear(self, answer: Answer) -> None:
        if isinstance(answer, Output):  # which comes once it has NixOS's lock
            self.is_at_it.set()
