"""Waiting for what nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable

LIMIT_S = 20.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once the condition holds; `TimeoutError` if it does not within reason."""
    async with asyncio.timeout(LIMIT_S):
        while not await condition():  # noqa: ASYNC110 - hosts and processes set no events
            await asyncio.sleep(0.05)


async def until_true(condition: Callable[[], bool]) -> None:
    """The same, for a condition that is known at once."""

    async def holds() -> bool:
        return condition()

    await until(holds)
