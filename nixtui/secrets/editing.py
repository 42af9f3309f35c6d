"""Reading values of sops files, and changing them: several edits, one change."""

import json
from collections.abc import Collection, Sequence
from functools import reduce
from pathlib import Path as FilePath
from typing import Any

import msgspec

from nixtui.secrets.ciphertext import indentation, restored, strayed
from nixtui.secrets.document import Document, Format, Path, read_document
from nixtui.secrets.edit import Drop, Edit, Put, one_by_one
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.guards import objections
from nixtui.secrets.key_path import shown_path, sops_path
from nixtui.secrets.process import Runner
from nixtui.secrets.safe_file import HeldFile, digest, hold, read_file
from nixtui.secrets.secret import Secret


class Change(msgspec.Struct, frozen=True):
    """A saved change: what the file was, which undo needs, and what it is. Both are ciphertext."""

    path: FilePath
    name: str
    before: bytes
    after: bytes

    @property
    def is_one(self) -> bool:
        """Whether anything changed."""
        return self.before != self.after


async def reveal(runner: Runner, path: FilePath, name: str, key: Path) -> Secret:
    """One value. Raises `SecretsError`; nothing else of the file is decrypted into this process."""
    document = read_document(read_file(path, name), name)
    leaf = document.at(key)
    if leaf is None and not document.below(key):
        raise no_such_key(name, key)
    if leaf is not None and not leaf.encrypted:
        return Secret(leaf.stored)
    arguments = ["decrypt", *_types(document.format)]
    if document.format is Format.BINARY:
        return await runner.run([*arguments, str(path)], directory=path.parent, file=name)
    shape = () if leaf is not None else ("--output-type", "json")
    return await runner.run(
        [*arguments, *shape, "--extract", sops_path(key), str(path)], directory=path.parent, file=name
    )


async def save(
    runner: Runner,
    path: FilePath,
    name: str,
    edits: Sequence[Edit],
    *,
    allowed: Collection[str] = (),
    seen: str | None = None,
) -> Change:
    """Make all edits or none. Raises `SecretsError`, and the file is then as it was.

    `allowed` are codes of objections that were answered. `seen` is the digest of what the edits were made for.
    """
    async with hold(path, name) as held:
        document = read_document(held.original, name)
        if seen is not None and digest(held.original) != seen:
            raise SecretsError(
                Trouble.CHANGED, f"{name}: the file is not the one you looked at any more", "look at it again"
            )
        check(document, edits, name, allowed)
        held.make_copy()
        after = await apply_edits(runner, held, held.original, edits)
        if after != held.original:
            await verify_copy(runner, held, after, edits)
            held.put(after)
        return Change(path, name, held.original, after)


async def undo(change: Change) -> Change:
    """Put back what was before `change`, if nobody changed the file since: no file, where there was none. Needs no
    key.
    """
    async with hold(change.path, change.name) as held:
        if held.original != change.after:
            raise SecretsError(
                Trouble.CHANGED, f"{change.name}: the file was changed after your change", "undo it with git"
            )
        if change.before:
            held.make_copy()
            held.write_copy(change.before)
            held.put(change.before)
        else:
            held.remove()
        return Change(change.path, change.name, change.after, change.before)


def check(document: Document, edits: Sequence[Edit], name: str, allowed: Collection[str] = ()) -> None:
    """Raise the first objection that nobody answered, and that a key to drop is not there."""
    for objection in objections(document, edits):
        if objection.code is None or objection.code not in allowed:
            raise SecretsError(Trouble.GUARDED, f"{name}: {objection.reason}", objection.remedy)
    for edit in edits:
        if isinstance(edit, Drop) and not document.below(edit.path):
            raise no_such_key(name, edit.path)


def no_such_key(name: str, key: Path) -> SecretsError:
    """For a key that the file does not have."""
    return SecretsError(
        Trouble.NO_SUCH_KEY, f"{name}: there is no key {shown_path(key)}", "nixtui secrets list " + name
    )


async def apply_edits(runner: Runner, held: HeldFile, before: bytes, edits: Sequence[Edit]) -> bytes:
    """Make edits on the copy, which holds `before`, in their order; what it holds then. Raises `SecretsError`."""
    after = before
    for edit in edits:
        document = read_document(after, held.name)
        for each in one_by_one(edit, document):
            after = await apply_edit(runner, held, document.format, after, each)
    return after


async def apply_edit(
    runner: Runner, held: HeldFile, written: Format, before: bytes, edit: Edit, *, new_mac: bool = False
) -> bytes:
    """Make one edit on the copy, which holds `before`; what it holds then. Raises `SecretsError`.

    `new_mac` is for what git has merged: the MAC is not looked at, and is made anew whether or not the value is.
    """
    how = ["--ignore-mac"] if new_mac else ["--idempotent"]
    words = ["set", *how, "--value-stdin"] if isinstance(edit, Put) else ["unset"]
    stdin = edit.as_json() if isinstance(edit, Put) else None
    await runner.run(
        [*words, *_types(written), str(held.copy), sops_path(edit.path)],
        directory=held.path.parent,
        file=held.name,
        config=indentation(before.decode()),
        stdin=stdin,
    )
    after = held.read_copy()
    if after == before:
        return after
    mended = restored(before, after, held.name, edit.path)
    if mended != after:
        held.write_copy(mended)
    if (other := strayed(read_document(before, held.name), read_document(mended, held.name), edit.path)) is not None:
        raise SecretsError(
            Trouble.SOPS_BUG,
            f"{held.name}: the change would also have touched {shown_path(other)}; nothing was written",
            "make the change with sops by hand, and look at the diff",
        )
    return mended


async def verify_copy(runner: Runner, held: HeldFile, after: bytes, edits: Sequence[Edit]) -> None:
    """The copy decrypts, its MAC is right, and the edited keys have the values that they were given.

    Raises `SecretsError` where that is not so.
    """
    document = read_document(after, held.name)
    plain = await runner.run(
        ["decrypt", *_types(document.format), "--output-type", "json", str(held.copy)],
        directory=held.path.parent,
        file=held.name,
    )
    last = {edit.path: edit for edit in edits}
    wrong = _first_wrong(plain, last)
    plain.wipe()
    if wrong is not None:
        raise SecretsError(
            Trouble.SOPS_BUG, f"{held.name}: {shown_path(wrong)} did not become what it should; nothing was written"
        )


def _first_wrong(plain: Secret, edits: dict[Path, Edit]) -> Path | None:
    """Names no plaintext, and raises nothing that would show one."""
    overwritten = [edit.path for edit in edits.values() if isinstance(edit, Drop)]
    for path, edit in edits.items():
        if not isinstance(edit, Put) or any(_inside(other, path) for other in overwritten):
            continue
        if _at(json.loads(plain.reveal()), path) != json.loads(edit.as_json().reveal()):
            return path
    return None


def _inside(outer: Path, path: Path) -> bool:
    """Whether a dropped key makes this place another one: below it, or in a list that it was in."""
    return path[: len(outer)] == outer or (isinstance(outer[-1], int) and path[: len(outer) - 1] == outer[:-1])


def _at(tree: Any, path: Path) -> Any:
    try:
        return reduce(lambda below, part: below[part], path, tree)
    except (KeyError, IndexError, TypeError):
        return None


def _types(written: Format) -> list[str]:
    """The type is said, as the copy's name could be taken for another."""
    return ["--input-type", written.value, "--output-type", written.value][: 2 if written is Format.BINARY else 4]
