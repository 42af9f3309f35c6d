"""What the app remembers of its screens between runs, as bytes somewhere safe: the part that is not the screens'."""

from typing import Protocol


class Memory(Protocol):
    """One record per fleet. Neither call blocks, and neither keeps a process alive that wants to end."""

    async def recall(self) -> bytes | None:
        """What was kept last; `None` where nothing was. Raises `OSError`."""
        ...

    async def keep(self, record: bytes) -> None:
        """Keep this from now on, whole or not at all; of two nixtui the last one wins. Raises `OSError`."""
        ...
