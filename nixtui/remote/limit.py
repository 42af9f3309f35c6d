"""A time limit that stands still while the operator is thinking."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Limit:
    """`asyncio.timeout` that can be paused: typing a password is not the host's fault."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> "Limit":
        await self._timeout.__aenter__()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._timeout.__aexit__(*raised)  # type: ignore[arg-type]  # the three that every exit gets

    @property
    def is_over(self) -> bool:
        """Whether the time has run out, as opposed to a TimeoutError that the system raised."""
        return self._timeout.expired()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count the time inside."""
        now = asyncio.get_running_loop().time
        when = self._timeout.when()
        left = None if when is None else when - now()
        self._timeout.reschedule(None)
        try:
            yield
        finally:
            if not self._timeout.expired():
                self._timeout.reschedule(None if left is None else now() + left)
