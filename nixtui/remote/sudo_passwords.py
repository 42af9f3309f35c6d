"""The sudo passwords of hosts: asked for once per host, kept in memory when they proved right."""

import asyncio
from typing import Final

from nixtui.remote.prompter import Questions, Secret

ATTEMPTS: Final = 3
"""As many as sudo gives."""


class HostPassword:
    """One host's password, and the turn of those who want to ask for it."""

    def __init__(self) -> None:
        self.proven: Secret | None = None
        self.is_declined = False
        self.turn = asyncio.Lock()


class SudoPasswords:
    """By host name."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._hosts: dict[str, HostPassword] = {}

    def of(self, host: str) -> HostPassword:
        """What is known of a host's password."""
        return self._hosts.setdefault(host, HostPassword())

    def forget(self, host: str) -> None:
        """Another machine has this name now: what was typed for the one before is not sent to it."""
        self._hosts.pop(host, None)

    async def ask(self, question: str) -> Secret | None:
        """Ask the operator; `None` is a refusal."""
        return await self._questions.secret(question)
