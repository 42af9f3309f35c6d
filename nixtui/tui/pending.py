"""Edits of one file of secrets that are not saved yet: several of them are one change."""

from nixtui.secrets.document import Path
from nixtui.secrets.edit import Draft, Drop, Edit, Put
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.repository import SecretFile


class Pending:
    """The draft for a file as it was when somebody looked (`file`, recognised by `seen`).

    `allowed` are codes of objections that were answered. `is_overtaken` once somebody else has changed the file since,
    `also` being the keys of ours that are other ones by that. Values are `Secret`, and never written anywhere.
    """

    def __init__(self, file: SecretFile, seen: str) -> None:
        self.file = file
        self.seen = seen
        self.allowed: set[str] = set()
        self.is_overtaken = False
        self.also: frozenset[str] = frozenset()
        self._draft = Draft()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What saving would do: of several edits of a key the last one, and nothing for a key that came and went."""
        by_path: dict[Path, Edit] = {}
        for each in self._draft.edits:
            by_path.pop(each.path, None)
            by_path[each.path] = each
        return tuple(each for each in by_path.values() if not (isinstance(each, Drop) and self.is_new(each.path)))

    def is_new(self, path: Path) -> bool:
        """Whether the file has nothing there."""
        return self.file.document is not None and not self.file.document.below(path)

    def word(self, path: Path) -> str | None:
        """What becomes of a key: `set`, `new`, `delete`; `None` where nothing does."""
        edit = next((each for each in self.edits if path[: len(each.path)] == each.path), None)
        if edit is None:
            return None
        return "delete" if isinstance(edit, Drop) else "new" if self.is_new(path) else "set"

    def moved_list(self, path: Path) -> Path | None:
        """A list above `path` that an edit takes a place out of: its other places have other numbers by then."""
        for each in self.edits:
            if isinstance(each, Drop) and isinstance(each.path[-1], int):
                above = each.path[:-1]
                if path[: len(above)] == above and len(path) > len(above):
                    return above
        return None

    def add(self, edit: Edit) -> None:
        """One more."""
        self._draft.add(edit)

    def undo(self) -> str | None:
        """Take the last one back; which key it was about."""
        edit = self._draft.undo()
        return shown_path(edit.path) if edit is not None else None

    def redo(self) -> str | None:
        """Make it again."""
        edit = self._draft.redo()
        return shown_path(edit.path) if edit is not None else None

    def move_to(self, file: SecretFile, seen: str) -> None:
        """The file is another one now, by somebody else: the edits go on for it."""
        before, self.file, self.seen = self.file, file, seen
        self.is_overtaken = True
        if before.document is not None and file.document is not None:
            was, now = before.document, file.document
            self.also |= {
                shown_path(each.path)
                for each in self.edits
                if [leaf.stored for leaf in was.below(each.path)] != [leaf.stored for leaf in now.below(each.path)]
            }

    def wipe(self) -> None:
        """Overwrite the values: they are saved, or given up."""
        for each in self._draft.edits:
            if isinstance(each, Put):
                each.value.wipe()
