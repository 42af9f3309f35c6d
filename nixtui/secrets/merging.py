"""Merging a file key by key: what git cannot do, as every version has other ciphertext and another MAC.

The versions come from git's index where a merge has stopped, from the two heads where somebody has added the file
already, or else from the conflict markers in it. What only
one side changed is taken from it; what both changed in different ways is a conflict that somebody decides.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path as FilePath

import msgspec

from nixtui.secrets.document import Format, Path, read_document
from nixtui.secrets.edit import Drop, Edit
from nixtui.secrets.editing import Change, apply_edit, apply_edits, check, verify_copy
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.process import Runner
from nixtui.secrets.safe_file import HeldFile, digest, hold, read_file
from nixtui.secrets.values import Unit, Units, units_of
from nixtui.secrets.versions import Sides, sides_in_index, sides_in_markers, sides_of_heads

_ALLOWED = ("plaintext", "replace", "slash", "type")
"""Whatever one side has was allowed there."""


class Side(StrEnum):
    """Whose value it is."""

    OURS = "ours"
    THEIRS = "theirs"


class MergedKey(msgspec.Struct, frozen=True):
    """A key that is not the same on both sides. `side` is whose change it is, and `None` where both changed it.

    The rest are types with rough lengths (`str short`), `None` where a side does not have the key.
    """

    path: Path
    side: Side | None
    base: str | None
    ours: str | None
    theirs: str | None


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to be merged. `theirs_also` and `ours_also` are recipients that only one side has: the result
    has those of ours, and `updatekeys` brings the others. `from_markers`: of the sides the MAC could not be checked.
    """

    path: FilePath
    name: str
    keys: tuple[MergedKey, ...]
    theirs_also: tuple[str, ...]
    ours_also: tuple[str, ...]
    from_markers: bool
    sides: Sides
    ours: Units
    theirs: Units
    seen: str

    @property
    def conflicts(self) -> tuple[MergedKey, ...]:
        """What somebody has to decide."""
        return tuple(each for each in self.keys if each.side is None)


async def read_merge(runner: Runner, path: FilePath, name: str) -> Merge:
    """The merge that a file is in. Raises `SecretsError`: `NO_MERGE` where it is in none."""
    content = read_file(path, name)
    sides = await sides_in_index(path, name, runner.environ)
    if sides is not None:
        return await merge_of(runner, sides, path, name)
    marked = _marked(content, name)
    sides = await sides_of_heads(path, name, runner.environ)
    return await merge_of(runner, sides or marked, path, name, from_markers=sides is None)


def _marked(content: bytes, name: str) -> Sides:
    try:
        found = sides_in_markers(content)
    except ValueError as error:
        raise SecretsError(
            Trouble.SYNTAX, f"{name}: its conflict markers are damaged", "git checkout --merge FILE writes them anew"
        ) from error
    if found.ours == found.theirs:
        raise SecretsError(Trouble.NO_MERGE, f"{name}: it is in no merge", "git merge begins one")
    return found


async def merge_of(runner: Runner, sides: Sides, path: FilePath, name: str, *, from_markers: bool = False) -> Merge:
    """The merge of three versions of a file, wherever they come from. Raises `SecretsError`."""
    seen = digest(read_file(path, name))

    async def read(content: bytes) -> Units:
        return await units_of(runner, content, name, directory=path.parent, ignore_mac=from_markers)

    base = await read(sides.base) if sides.base is not None else None if from_markers else {}
    ours, theirs = await read(sides.ours), await read(sides.theirs)
    ours_to, theirs_to = _recipients(sides.ours, name), _recipients(sides.theirs, name)
    return Merge(
        path=path, name=name, keys=_compare(base, ours, theirs), sides=sides, ours=ours, theirs=theirs, seen=seen,
        theirs_also=tuple(sorted(theirs_to - ours_to)), ours_also=tuple(sorted(ours_to - theirs_to)),
        from_markers=from_markers,
    )  # fmt: skip


def _recipients(content: bytes, name: str) -> frozenset[str]:
    if Format.of(name) is Format.AGE:
        return frozenset()
    return frozenset(each.identity for each in read_document(content, name).recipients)


def _compare(base: Units | None, ours: Units, theirs: Units) -> tuple[MergedKey, ...]:
    """Where the base is not known, every difference is a conflict: nobody can tell what came from what went."""
    found = []
    for path in dict.fromkeys((*ours, *theirs)):
        was, mine, other = (base or {}).get(path), ours.get(path), theirs.get(path)
        if _mark(mine) == _mark(other):
            continue
        side = None
        if base is not None:
            side = Side.THEIRS if _mark(mine) == _mark(was) else Side.OURS if _mark(other) == _mark(was) else None
        found.append(MergedKey(path, side, _shown(was), _shown(mine), _shown(other)))
    return tuple(found)


def _mark(unit: Unit | None) -> bytes | None:
    return unit.mark if unit is not None else None


def _shown(unit: Unit | None) -> str | None:
    return f"{unit.kind} {unit.length_class}" if unit is not None else None


async def save_merge(runner: Runner, merge: Merge, choices: Mapping[Path, Side]) -> Change:
    """Write the merged file in the place of the one with conflicts. `choices` decide conflicts, and may overrule what
    only one side changed. Raises `SecretsError`: `GUARDED` where a conflict is not decided; the file is then as it was.
    """
    taken = {each.path: choices.get(each.path, each.side) for each in merge.keys}
    open_still = [shown_path(path) or merge.name for path, side in taken.items() if side is None]
    if open_still:
        raise SecretsError(
            Trouble.GUARDED, f"{merge.name}: both sides changed {', '.join(open_still)}",
            "say whose value is taken: --ours KEY or --theirs KEY",
        )  # fmt: skip
    async with hold(merge.path, merge.name) as held:
        if digest(held.original) != merge.seen:
            raise SecretsError(
                Trouble.CHANGED, f"{merge.name}: the file is not the one you looked at any more", "look at it again"
            )
        held.make_copy()
        after = await _merged(runner, held, merge, [path for path, side in taken.items() if side is Side.THEIRS])
        held.put(after)
        return Change(merge.path, merge.name, held.original, after)


async def _merged(runner: Runner, held: HeldFile, merge: Merge, wanted: list[Path]) -> bytes:
    """The copy, with ours and what is `wanted` of theirs. A file that is one value is taken whole."""
    written = Format.of(merge.name)
    if written in (Format.AGE, Format.BINARY):
        after = merge.sides.theirs if wanted else merge.sides.ours
        held.write_copy(after)
        return after
    document = read_document(merge.sides.ours, merge.name)
    edits: list[Edit] = [Drop(path) for path in wanted if path not in merge.theirs]
    edits += [merge.theirs[path].as_put() for path in wanted if path in merge.theirs]
    check(document, [each for each in edits if not _makes_room(each, edits)], merge.name, _ALLOWED)
    held.write_copy(merge.sides.ours)
    after = merge.sides.ours
    if merge.from_markers and merge.ours:
        first = next((each for each in merge.ours.values() if each.kind == "str"), next(iter(merge.ours.values())))
        after = await apply_edit(runner, held, written, after, first.as_put(), new_mac=True)
    after = await apply_edits(runner, held, after, edits)
    await verify_copy(runner, held, after, edits)
    return after


def _makes_room(edit: Edit, edits: list[Edit]) -> bool:
    """Whether a value takes the place of a map, or a map that of a value, whose end is another of the edits."""
    return not isinstance(edit, Drop) and any(
        isinstance(other, Drop)
        and (other.path[: len(edit.path)] == edit.path or edit.path[: len(other.path)] == other.path)
        for other in edits
    )
