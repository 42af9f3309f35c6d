"""Secret files and their keys as rows: what anybody can see of them without a key."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from nixtui.secrets.document import Format, Leaf, Path
from nixtui.secrets.found import SecretsFound
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.repository import Drift, Repository, SecretFile
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line
from nixtui.tui.pending import Pending
from nixtui.tui.widgets.columns import Column

MASK: Final = "••••••••"
"""Always as long, whatever the value is."""

WHOLE: Final = "(the whole file)"


class FileRow(msgspec.Struct, frozen=True):
    """A file. `opens` is whether our keys can read it; `None` where only trying tells. `edits` are not saved yet."""

    file: SecretFile
    drift: Drift | None
    opens: bool | None
    edits: int

    @property
    def is_problem(self) -> bool:
        """Whether one should look at it."""
        return self.file.problem is not None or (self.drift is not None and self.drift.is_any)


class KeyRow(msgspec.Struct, frozen=True):
    """A key. `change` is what saving makes of it: `set`, `new`, `delete`."""

    path: Path
    kind: str
    length: str
    encrypted: bool
    change: str | None


def file_rows(found: SecretsFound, pending: Callable[[str], Pending | None]) -> dict[str, FileRow]:
    """All files by name, in the order of their names."""
    rows = {}
    for each in found.repository.files:
        edits = waiting.edits if (waiting := pending(each.name)) is not None else ()
        rows[each.name] = FileRow(each, found.drift.get(each.name), is_open(each, found), len(edits))
    return rows


def is_open(file: SecretFile, found: SecretsFound) -> bool | None:
    """Whether our keys open a file, as far as that can be told without trying."""
    if file.document is not None:
        groups = file.document.groups
        if any(each.kind != "age" for group in groups for each in group):
            return None
        ours = sum(any(each.identity in found.mine for each in group) for group in groups)
        return ours >= (file.document.threshold or len(groups))
    if file.format is Format.AGE and file.problem is None:
        return any(each.identity in found.mine for each in file.recipients) or None
    return None


def key_rows(file: SecretFile, pending: Pending | None) -> dict[str, KeyRow]:
    """The keys of a file in its own order, and those that would be new behind them."""
    if file.format is Format.AGE:
        change = "set" if pending is not None and pending.edits else None
        return {WHOLE: KeyRow(("data",), "bytes", UNKNOWN, True, change)}
    leaves: Sequence[Leaf] = file.document.leaves if file.document is not None else ()
    rows = {
        shown_path(leaf.path): KeyRow(
            leaf.path, leaf.kind, leaf.length_class, leaf.encrypted, pending.word(leaf.path) if pending else None
        )
        for leaf in leaves
    }
    for edit in pending.edits if pending is not None else ():
        if pending is not None and pending.word(edit.path) == "new":
            rows[shown_path(edit.path)] = KeyRow(edit.path, UNKNOWN, UNKNOWN, True, "new")
    return rows


def file_columns() -> tuple[Column[FileRow], ...]:
    """What stands against a file comes before what it is."""
    return (
        Column("file", "FILE", 22, _file, 0, 36),
        Column("state", "STATE", 17, _state, 1, 44),
        Column("keys", "KEYS", 4, lambda row: _number(row.file.keys), 2, right=True),
        Column("readers", "READERS", 7, lambda row: _number(_readers(row)), 2, right=True),
        Column("format", "FORMAT", 6, lambda row: line((row.file.format.value, Role.MUTED)), 3),
    )


def _file(row: FileRow) -> Line:
    return line((clean(row.file.name), Role.STRONG if row.is_problem or row.edits else Role.TEXT))


def _readers(row: FileRow) -> int | None:
    return len(row.file.recipients) or None


def _number(count: int | None) -> Line:
    return line((UNKNOWN, Role.FAINT)) if count is None else line((str(count), Role.MUTED))


def _state(row: FileRow) -> Line:
    """Glyph and words, the worst first."""
    unsaved = line((f"● {row.edits} unsaved  ", Role.ACCENT)) if row.edits else EMPTY
    if row.file.problem is not None:
        reason = row.file.problem.reason.removeprefix(f"{row.file.name}: ")
        return (*unsaved, *line(("✖ ", Role.BAD), (clean(reason), Role.BAD)))
    if row.drift is not None and row.drift.is_any:
        return (*unsaved, *line((f"≠ {drift_words(row.drift)}", Role.WARN)))
    if row.edits:
        return unsaved
    if row.opens is False:
        return line(("○ not yours", Role.MUTED))
    return line(("✔ as its rule", Role.GOOD))


def drift_words(drift: Drift) -> str:
    """`readers +1 −2`, or what else differs from the rule."""
    words = [f"+{len(drift.missing)}"] if drift.missing else []
    words += [f"−{len(drift.extra)}"] if drift.extra else []
    if words:
        return f"readers {' '.join(words)}"
    return clean(drift.other[0]) if drift.other else ""


_CHANGES: Final = {"set": "● will be set", "new": "● new", "delete": "● will be deleted"}


def key_columns() -> tuple[Column[KeyRow], ...]:
    """The value is a mask of always the same length."""
    return (
        Column("key", "KEY", 18, _key, 0, 52),
        Column("value", "VALUE", 17, _value, 0),
        Column("type", "TYPE", 5, lambda row: line((clean(row.kind), Role.MUTED)), 1, 6),
        Column("length", "LENGTH", 7, lambda row: line((row.length, Role.MUTED)), 2),
    )


def _key(row: KeyRow) -> Line:
    text = WHOLE if row.path == ("data",) else shown_path(row.path)
    return line((clean(text), Role.FAINT if row.change == "delete" else Role.TEXT))


def _value(row: KeyRow) -> Line:
    if row.change is not None:
        return line((_CHANGES[row.change], Role.ACCENT))
    if not row.encrypted:
        return line(("! in plaintext", Role.WARN))
    return line((MASK, Role.FAINT))


def called(repository: Repository, identity: str) -> str:
    """A recipient as people call it; one without a name short enough to be told from others."""
    name = clean(repository.called(identity))
    if name != identity:
        return name
    if name.startswith("ssh-"):
        return f"{name.split(' ')[0]} …{name[-8:]}"
    return name if len(name) <= 20 else f"{name[:8]}…{name[-6:]}"
