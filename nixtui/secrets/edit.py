"""Edits of a document, and the draft that several of them make."""

import json

import msgspec

from nixtui.secrets.document import Document, Path
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


def one_by_one(edit: Edit, document: Document) -> list[Edit]:
    """The edits that sops can make of one: it takes a list only place by place ("Invalid --set value format"), and an
    empty one not at all. Places whose value stays keep their ciphertext.
    """
    if not isinstance(edit, Put) or not edit.typed:
        return [edit]
    try:
        tree = json.loads(edit.value.reveal())
    except ValueError:
        return [edit]  # the guards have more to say about it
    if not isinstance(tree, list) or not tree:
        return [edit]
    path, found = edit.path, list[Edit]()
    below = document.below(path)
    places = {leaf.path[len(path)] for leaf in below if len(leaf.path) > len(path)}
    anew = not all(isinstance(each, int) for each in places or {""}) or any(isinstance(each, list) for each in tree)
    if below and anew:
        found.append(Drop(path))
        document = msgspec.structs.replace(document, leaves=())
    for place, value in enumerate(tree):
        text = value if isinstance(value, str) else json.dumps(value)
        found += one_by_one(Put((*path, place), Secret(text), not isinstance(value, str)), document)
    if not anew:
        found += [Drop((*path, place)) for place in range(len(places) - 1, len(tree) - 1, -1)]
    return found


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
