"""Passphrases and sudo passwords from the terminal, without echo."""

import sys

from nixtui.cli.terminal import ask


class TerminalPrompter:
    """Asks on the terminal, or nobody when there is none."""

    async def secret(self, question: str) -> str | None:
        """What was typed; `None` without a terminal, or when nothing was."""
        if not sys.stdin.isatty():
            return None
        return await ask(f"{question}: ", echo=False) or None
