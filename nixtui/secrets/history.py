"""What became of a file's values from commit to commit: told by key, type and rough length, and never by value."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Final

import msgspec

from nixtui.secrets.document import Format, Path, read_document
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.process import Runner
from nixtui.secrets.values import Unit, Units, units_of
from nixtui.secrets.versions import MOST, Version, versions

AT_ONCE: Final = 4
"""Versions that are decrypted; each is a process of 50 MB for a moment."""


class What(StrEnum):
    """What a commit did to a key."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class KeyChange(msgspec.Struct, frozen=True):
    """What became of one key. `before` and `after` are types with a rough length, such as `str short`; a value that
    one cannot read here is known by its ciphertext only, and `is_certain` is then false: it may be the same value.
    """

    path: Path
    what: What
    before: str | None
    after: str | None
    is_certain: bool = True


class Entry(msgspec.Struct, frozen=True):
    """A commit and what it did. `problem` says why its version, or the one before, could not be decrypted or read.

    `recipients_added` and `recipients_removed` are identities.
    """

    commit: str
    at: float
    author: str
    subject: str
    changes: tuple[KeyChange, ...]
    recipients_added: tuple[str, ...] = ()
    recipients_removed: tuple[str, ...] = ()
    problem: str | None = None


async def history(
    runner: Runner, path: FilePath, name: str, key: Path | None = None, *, most: int = MOST
) -> tuple[Entry, ...]:
    """The commits that touched a file, newest first; with `key` only those that did something at or below it.

    Of the oldest of `most` commits nothing is said but what it has. Raises `SecretsError` where git has no history.
    """
    found = await versions(path, name, runner.environ, most=most)
    room = asyncio.Semaphore(AT_ONCE)

    async def read(version: Version) -> _State:
        async with room:
            return await _state(runner, version, name, path.parent)

    states = await asyncio.gather(*map(read, found))
    before = _State({}, frozenset(), {}, None)
    entries = []
    for version, state in zip(reversed(found), reversed(states), strict=True):
        entry = _entry(version, before, state)
        entries.append(_only(entry, key) if key is not None else entry)
        before = state
    kept = [each for each in reversed(entries) if key is None or each.changes]
    return tuple(kept)


class _State(msgspec.Struct, frozen=True):
    """A version as far as it can be read: values, or where one has no key for it, ciphertext by path."""

    units: Units | None
    recipients: frozenset[str]
    stored: Mapping[Path, tuple[str, str]]
    problem: str | None


async def _state(runner: Runner, version: Version, name: str, directory: FilePath) -> _State:
    if version.content is None:
        return _State({}, frozenset(), {}, None)
    recipients, stored = frozenset[str](), dict[Path, tuple[str, str]]()
    try:
        if Format.of(name) is not Format.AGE:
            document = read_document(version.content, name)
            recipients = frozenset(each.identity for each in document.recipients)
            stored = {leaf.path: (f"{leaf.kind} {leaf.length_class}", leaf.stored) for leaf in document.leaves}
        return _State(await units_of(runner, version.content, name, directory=directory), recipients, stored, None)
    except SecretsError as error:
        if error.trouble is Trouble.NOT_ENCRYPTED:
            return _State(
                None, recipients, stored, "in this version the file is not encrypted: git has it in plaintext"
            )
        return _State(None, recipients, stored, error.reason.removeprefix(f"{name}: "))


def _entry(version: Version, before: _State, after: _State) -> Entry:
    if before.units is not None and after.units is not None:
        changes = differences(before.units, after.units)
    else:
        changes = _by_ciphertext(before.stored, after.stored)
    return Entry(
        commit=version.commit, at=version.at, author=version.author, subject=version.subject, changes=changes,
        recipients_added=tuple(sorted(after.recipients - before.recipients)),
        recipients_removed=tuple(sorted(before.recipients - after.recipients)),
        problem=after.problem or before.problem,
    )  # fmt: skip


def differences(before: Units, after: Units) -> tuple[KeyChange, ...]:
    """The masked diff of two versions, in the order of the newer one; what went comes last."""
    found = []
    for path, unit in after.items():
        was = before.get(path)
        if was is None:
            found.append(KeyChange(path, What.ADDED, None, _shown(unit)))
        elif was.mark != unit.mark:
            found.append(KeyChange(path, What.CHANGED, _shown(was), _shown(unit)))
    found += [KeyChange(path, What.REMOVED, _shown(unit), None) for path, unit in before.items() if path not in after]
    return tuple(found)


def _shown(unit: Unit) -> str:
    return f"{unit.kind} {unit.length_class}"


def _by_ciphertext(
    before: Mapping[Path, tuple[str, str]], after: Mapping[Path, tuple[str, str]]
) -> tuple[KeyChange, ...]:
    """What can be said without a key: what came and went for sure, and what was encrypted anew."""
    found = []
    for path, (shown, stored) in after.items():
        was = before.get(path)
        if was is None:
            found.append(KeyChange(path, What.ADDED, None, shown))
        elif was[1] != stored:
            found.append(KeyChange(path, What.CHANGED, was[0], shown, is_certain=was[0] != shown))
    found += [KeyChange(path, What.REMOVED, shown, None) for path, (shown, _) in before.items() if path not in after]
    return tuple(found)


def _only(entry: Entry, key: Path) -> Entry:
    """What the commit did at the key, below it, or to the list that it is in."""
    kept = tuple(each for each in entry.changes if each.path[: len(key)] == key or each.path == key[: len(each.path)])
    return msgspec.structs.replace(entry, changes=kept)
