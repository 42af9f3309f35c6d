"""What is shown of secrets at this moment, and how to cover it: the app asks this before anything leaves the screen."""

from collections.abc import Callable
from typing import Final

REVEALED_S: Final = 10.0
"""How long a value stays in sight: as long as one needs to read it, and not as long as one forgets it."""

NOT_EXPORTED: Final = "Nothing is copied or exported while a secret is shown; esc hides it."


class Exposure:
    """Who shows plaintext now. `cover` hides everything at once: the terminal lost its focus, was resized, suspended,
    or is about to be exported.
    """

    def __init__(self) -> None:
        self._covers: list[Callable[[], None]] = []

    @property
    def is_any(self) -> bool:
        """Whether a value is in sight, or may be."""
        return bool(self._covers)

    def open(self, cover: Callable[[], None]) -> None:
        """Something is shown from now on, which `cover` hides."""
        if cover not in self._covers:
            self._covers.append(cover)

    def close(self, cover: Callable[[], None]) -> None:
        """It is hidden."""
        if cover in self._covers:
            self._covers.remove(cover)

    def cover(self) -> None:
        """Hide all of it."""
        for each in tuple(self._covers):
            each()
