"""A value that shows itself to nobody by accident."""

import hmac
from typing import Any, Never

_CLASSES = ((0, "empty"), (8, "short"), (32, "medium"), (128, "long"))


def length_class(length: int) -> str:
    """`empty`, `short` (up to 8), `medium` (32), `long` (128) or `huge`: an exact length helps whoever guesses."""
    return next((name for most, name in _CLASSES if length <= most), "huge")


class Secret:
    """Bytes that are masked wherever a value is printed, formatted, logged, pickled or shown in a traceback.

    `reveal` and `text` hand them out, and are the only ways to them. `wipe` overwrites them; Python may have copied
    them before, so that is the best effort and no promise.
    """

    __slots__ = ("_held",)

    def __init__(self, value: str | bytes | bytearray) -> None:
        self._held = bytearray(value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value)

    def reveal(self) -> bytes:
        """The bytes themselves. Do not give the result a name in a function that can raise."""
        return bytes(self._held)

    def text(self) -> str:
        """The value as text; bytes that are no UTF-8 become replacement characters."""
        return self._held.decode("utf-8", "replace")

    @property
    def is_text(self) -> bool:
        """Whether the bytes are UTF-8."""
        try:
            self._held.decode()
        except UnicodeDecodeError:
            return False
        return True

    @property
    def length_class(self) -> str:
        """How long it is, roughly."""
        return length_class(len(self._held))

    def append(self, more: "Secret") -> None:
        """Take the bytes of `more` over, which is empty afterwards."""
        self._held += more._held
        more.wipe()

    def is_longer_than(self, most: int) -> bool:
        """Whether it has more bytes than `most`."""
        return len(self._held) > most

    def wipe(self) -> None:
        """Overwrite the bytes; afterwards the secret is empty."""
        self._held[:] = bytes(len(self._held))
        self._held.clear()

    def __bool__(self) -> bool:
        return bool(self._held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._held, other._held)

    def __hash__(self) -> int:
        raise TypeError("a secret is no key of a dictionary")

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, wanted: str) -> str:
        return format("<secret>", wanted)

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not pickled")

    def __deepcopy__(self, _: Any) -> Never:
        raise TypeError("a secret is not copied")

    def __dir__(self) -> list[str]:
        return ["append", "is_longer_than", "is_text", "length_class", "reveal", "text", "wipe"]
