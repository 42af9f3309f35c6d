"""Passphrases and sudo passwords from the terminal, without echo."""

import asyncio
import sys
from getpass import getpass


class TerminalPrompter:
    """Asks on the terminal, or nobody when there is none."""

    async def secret(self, question: str) -> str | None:
        """What was typed; `None` without a terminal, or when the person gave up."""
        if not sys.stdin.isatty():
            return None
        try:
            return await asyncio.to_thread(getpass, f"{question}: ") or None
        except EOFError:
            return None
