"""What the app may ask of commands that are typed as in a shell."""

from collections.abc import Sequence
from typing import Protocol

from nixtui.operations.plan import Plan


class Typed(Protocol):
    """One property of the facade (`Cockpit.typed`): commands of the command line that change something at AWS."""

    @property
    def commands(self) -> Sequence[str]:
        """`image create`, ..."""
        ...

    def options(self, command: str) -> Sequence[str]:
        """What may follow a command, as it is written."""
        ...

    def subject(self, command: str, text: str) -> str:
        """What it is about, by one word of `text`, which is the rest of the line. Raises what people read."""
        ...

    async def plan(self, command: str, text: str) -> tuple[Plan, Sequence[str]]:
        """Its plan, after it evaluated and asked, and what one decides by. Raises what people read."""
        ...
