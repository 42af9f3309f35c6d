"""Keeping what the screens look like from run to run, without anybody waiting for it or breaking over it."""

from collections.abc import Callable

from nixtui.tui.cockpit.memory import Memory
from nixtui.tui.memory import BadMemory, Remembered, decode, encode


class Remembering:
    """Between the screens (`look` says how they are now) and what is kept; `say` gets one quiet sentence, once, when
    that does not work.

    Nothing is kept before `recall` was answered: the first second of a run must not overwrite the last one.
    """

    def __init__(self, memory: Memory, look: Callable[[], Remembered], say: Callable[[str], None]) -> None:
        self._memory = memory
        self._look = look
        self._say = say
        self._kept: bytes | None = None
        self._works = False

    async def recall(self) -> Remembered | None:
        """How the screens were when this fleet was left; `None` for the first time, or when that is lost."""
        try:
            record = await self._memory.recall()
            found = decode(record) if record is not None else None
        except OSError as error:
            self._say(f"How your screens looked cannot be read ({error.strerror or error}); they start fresh.")
            return None
        except BadMemory as error:
            left = " and is left alone" if error.is_newer else ""
            self._say(f"How your screens looked is lost: {error}{left}; they start fresh.")
            self._works = not error.is_newer
            return None
        self._works, self._kept = True, record
        return found

    @property
    def is_news(self) -> bool:
        """True when the screens look otherwise than what is kept says."""
        return self._works and encode(self._look()) != self._kept

    async def keep(self) -> None:
        """Write how the screens are now, if that is news."""
        if not self.is_news:
            return
        self._kept = record = encode(self._look())
        try:
            await self._memory.keep(record)
        except OSError as error:
            self._works = False
            self._say(f"How your screens look cannot be kept ({error.strerror or error}).")
