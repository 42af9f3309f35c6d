"""One call for all who want its result at the same time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CallEnded(Exception):
    """Somebody ended the call while others waited for it."""


class SharedCall(Generic[T]):
    """A call under way or done: all who wait get its result or error; when nobody waits any more, it is cancelled."""

    def __init__(self, call: Coroutine[Any, Any, T]) -> None:
        self._task = asyncio.create_task(call)
        self._waiting = 0
        self._is_ended = False
        self.is_abandoned = False
        """Nobody waited any more, so it was cancelled: who comes now makes a new one."""

    async def result(self) -> T:
        """Wait for it. Raises `CallEnded` when `cancel` ended it."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._is_ended:
                raise CallEnded from None
            raise
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not self._task.done():
                self.is_abandoned = True
                self._task.cancel()

    async def cancel(self) -> T | None:
        """End it, wait until it has ended, and give what it had made by then."""
        self._is_ended = True
        self._task.cancel()
        await asyncio.wait([self._task])
        return None if self._task.cancelled() or self._task.exception() is not None else self._task.result()
