"""What people ask of single targets while their operation runs: to confirm, to take back, to wait longer.

The job is the authority: it says for each target what can be asked for now, and why the rest cannot.
"""

import asyncio
from collections.abc import Mapping
from enum import StrEnum


class Request(StrEnum):
    """What can be asked; the values complete the sentence "the operator asks to …"."""

    CONFIRM = "confirm by hand"
    GO_BACK = "go back now"
    EXTEND = "extend the time"


class NotNow(Exception):
    """It cannot be asked for at this moment; `reason` is one plain sentence."""

    remedy: str | None = None

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


NOT_ARMED = "the host is not armed"


class Requests:
    """Open requests by target, and what may be asked. What was asked and not taken yet waits for the job."""

    def __init__(self) -> None:
        self._open: dict[str, Mapping[Request, str]] = {}
        self._waiting: dict[str, asyncio.Queue[Request]] = {}

    def offer(self, target: str, why_not: Mapping[Request, str] | None = None) -> None:
        """From now on these can be asked for, except those that `why_not` gives the reason for."""
        self._open[target] = why_not or {}

    def withdraw(self, target: str, why: str) -> None:
        """Nothing can be asked for any more."""
        self._open[target] = dict.fromkeys(Request, why)

    def why_not(self, target: str, request: Request) -> str | None:
        """Why this cannot be asked for now; `None` when it can."""
        offered = self._open.get(target)
        return NOT_ARMED if offered is None else offered.get(request)

    def ask(self, target: str, request: Request) -> None:
        """Ask. Raises `NotNow`."""
        if (reason := self.why_not(target, request)) is not None:
            raise NotNow(reason)
        self._queue(target).put_nowait(request)

    async def next(self, target: str) -> Request:
        """The next request for a target, for the job that carries them out."""
        return await self._queue(target).get()

    def give_back(self, target: str, request: Request) -> None:
        """The job could not carry it out, as what it was doing ended; it is the next one again."""
        self._queue(target).put_nowait(request)

    def _queue(self, target: str) -> asyncio.Queue[Request]:
        return self._waiting.setdefault(target, asyncio.Queue())
