"""Edits of a document, and the draft that several of them make."""

import json

import msgspec

from nixtui.secrets.document import Path
from nixtui.secrets.secret import Secret


class Put(msgspec.Struct, frozen=True):
    """A value for a key, new or not. `typed` values are JSON (numbers, lists); all others are text."""

    path: Path
    value: Secret
    typed: bool = False

    def as_json(self) -> Secret:
        """What `sops set --value-stdin` reads."""
        return self.value if self.typed else Secret(json.dumps(self.value.text()))


class Drop(msgspec.Struct, frozen=True):
    """A key that goes, with everything below it."""

    path: Path


Edit = Put | Drop


class Draft:
    """Edits that are not saved yet, in order; the last can be taken back, and made again."""

    def __init__(self) -> None:
        self._edits: list[Edit] = []
        self._undone: list[Edit] = []

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What saving would do."""
        return tuple(self._edits)

    def add(self, edit: Edit) -> None:
        """One more edit; what was taken back before cannot be made again after it."""
        self._edits.append(edit)
        self._undone.clear()

    def undo(self) -> Edit | None:
        """Take the last edit back."""
        if not self._edits:
            return None
        self._undone.append(self._edits.pop())
        return self._undone[-1]

    def redo(self) -> Edit | None:
        """Make the edit again that was taken back last."""
        if not self._undone:
            return None
        self._edits.append(self._undone.pop())
        return self._edits[-1]
