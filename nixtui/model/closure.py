"""Closures of systems, and what changes between two of them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from nixtui.model.store_path import package_of

# An output is part of its package, not another version of it (nixpkgs: doc/stdenv/multiple-output.chapter.md).
_OUTPUT = re.compile(r"-(bin|data|debug|dev|devdoc|dist|doc|info|lib|man|out|static|terminfo)\Z")


class Closure(msgspec.Struct, frozen=True):
    """Everything a system needs: each store path with its size in bytes (the NAR size Nix counts with)."""

    root: str
    sizes: Mapping[str, int]

    @property
    def total_bytes(self) -> int:
        """The closure size as `nix path-info -S` gives it."""
        return sum(self.sizes.values())


class Change(StrEnum):
    """What happened to a package. The values are part of `diff --json`."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CHANGED = "changed"


class PackageChange(msgspec.Struct, frozen=True):
    """One package name with the versions that only one side has; `""` stands for a path without a version."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    change: Change


class ClosureDiff(msgspec.Struct, frozen=True, kw_only=True):
    """From one system to another. A package rebuilt in the same version is counted, not listed."""

    before: str
    after: str
    packages: tuple[PackageChange, ...]
    rebuilt: int
    bytes_before: int
    bytes_after: int

    @property
    def counts(self) -> Mapping[Change, int]:
        """How many packages each kind of change concerns; every kind is present."""
        found = dict.fromkeys(Change, 0)
        for package in self.packages:
            found[package.change] += 1
        return found


def diff(before: Closure, after: Closure) -> ClosureDiff:
    """What a person would call different between two closures, packages sorted by name.

    Paths are grouped by package name, as nvd does, so that the outputs and copies of one package are one row.
    """
    old, new = _versions(before), _versions(after)
    touched = {package_of(path).name for path in before.sizes.keys() ^ after.sizes.keys()}
    touched -= {package_of(before.root).name, package_of(after.root).name}
    changes = [
        PackageChange(name, _sorted(old[name] - new[name]), _sorted(new[name] - old[name]), change)
        for name in sorted(touched)
        if (change := _change(old[name], new[name])) is not None
    ]
    return ClosureDiff(
        before=before.root,
        after=after.root,
        packages=tuple(changes),
        rebuilt=len(touched) - len(changes),
        bytes_before=before.total_bytes,
        bytes_after=after.total_bytes,
    )


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts versions as `builtins.compareVersions` does: numbers by value and above words, `pre` below nothing."""
    return (*map(_part_key, re.findall(r"[0-9]+|[^0-9.\-]+", version)), (0, 0, ""))


def _part_key(part: str) -> tuple[int, int, str]:
    """A number compares by its length, then its digits: `int` refuses those of more than 4300."""
    if part[0] in "0123456789":
        digits = part.lstrip("0")
        return (2, len(digits), digits)
    return (-1 if part == "pre" else 1, 0, part)


def _versions(closure: Closure) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in closure.sizes:
        package = package_of(path)
        found[package.name].add(_OUTPUT.sub("", package.version or ""))
    return found


def _sorted(versions: set[str]) -> tuple[str, ...]:
    return tuple(sorted(versions, key=version_key))


def _change(old: set[str], new: set[str]) -> Change | None:
    """`None` when both sides have the same versions: the package was only rebuilt."""
    if old == new:
        return None
    if not old:
        return Change.ADDED
    if not new:
        return Change.REMOVED
    befores = [version_key(version) for version in _sorted(old - new)]
    afters = [version_key(version) for version in _sorted(new - old)]
    if len(befores) != len(afters):
        return Change.CHANGED
    if all(before < after for before, after in zip(befores, afters, strict=True)):
        return Change.UPGRADED
    if all(before > after for before, after in zip(befores, afters, strict=True)):
        return Change.DOWNGRADED
    return Change.CHANGED
