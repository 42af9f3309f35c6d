"""Asking the operator for something secret: one question at a time, and never shown again."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol


class Prompter(Protocol):
    """Whoever can ask the operator: a dialog in the app, the terminal for a command."""

    async def secret(self, question: str) -> str | None:
        """The answer, not echoed; `None` when the operator does not want to or cannot be asked."""
        ...


class Nobody:
    """The prompter of a run that nobody watches: every question stays without an answer."""

    async def secret(self, question: str) -> str | None:  # noqa: ARG002 - the protocol's
        """No answer."""
        return None


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or passphrase in memory. Its repr is masked, so it cannot slip into a log or a traceback."""

    value: str = field(repr=False)


class Questions:
    """All questions to one operator: they wait for each other, so that two dialogs never overlap."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter
        self._turn = asyncio.Lock()

    async def secret(self, question: str) -> Secret | None:
        """Ask when it is our turn; `None` is a refusal."""
        async with self._turn:
            answer = await self._prompter.secret(question)
        return None if answer is None else Secret(answer)
