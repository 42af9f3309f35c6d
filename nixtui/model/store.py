"""The Nix store of a host: its size, and what of it is garbage."""

import re

import msgspec

from nixtui.model.generation import Generations


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """What is cheap to know. Bytes; `paths` counts what lies in the store, `roots` the links of `result` and the like.

    `used` and `available` are those of the file system that the store is on, which is often that of `/` as well.
    """

    clock: float
    used: int | None = None
    available: int | None = None
    inodes_used: int | None = None
    inodes_free: int | None = None
    paths: int | None = None
    roots: int | None = None
    auto_optimise: bool | None = None
    min_free: int | None = None

    @property
    def used_fraction(self) -> float | None:
        """Between 0 and 1, as df has it."""
        if self.used is None or self.available is None or not self.used + self.available:
            return None
        return self.used / (self.used + self.available)


class Garbage(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection would free, in paths and in bytes of NAR: hard links of an optimised store free less.

    `dead` is garbage already; `going` is what becomes garbage with the generations that would be deleted.
    """

    dead_paths: int
    dead_bytes: int
    going_paths: int = 0
    going_bytes: int = 0

    @property
    def paths(self) -> int:
        """All of it."""
        return self.dead_paths + self.going_paths

    @property
    def bytes(self) -> int:
        """All of it, at most."""
        return self.dead_bytes + self.going_bytes


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Which generations a collection would delete, oldest first, and why it keeps the others, newest first."""

    going: tuple[int, ...]
    kept: tuple[tuple[int, str], ...]


def keeping(known: Generations, *, older_than: float | None, keep: int | None = None) -> Keeping:
    """Sort the generations of a host into those to delete and those to keep.

    Older than `older_than` seconds, by the host's clock, and not among the newest `keep`; with neither, none goes. What
    runs, was booted, boots next or is the profile always stays, and so does the way back: the generation before each of
    the profile and of what runs. One whose age is unknown stays.
    """
    protected = _protected(known)
    going: list[int] = []
    kept: list[tuple[int, str]] = []
    for place, each in enumerate(known.items):
        reason = protected.get(each.number)
        if reason is None and keep is not None and place < keep:
            reason = f"among the newest {keep}"
        if reason is None and older_than is None:
            reason = None if keep is not None else "no age was given"
        elif reason is None and older_than is not None:
            if each.created_at is None:
                reason = "its age is unknown"
            elif known.clock - each.created_at <= older_than:
                reason = "younger"
        if reason is None:
            going.append(each.number)
        else:
            kept.append((each.number, reason))
    return Keeping(going=tuple(sorted(going)), kept=tuple(kept))


def _protected(known: Generations) -> dict[int, str]:
    found: dict[int, str] = {}
    for anchor in (known.profile, known.running):
        if anchor is not None:
            before = next((each for each in known.items if each.number < anchor.number and each.path_exists), None)
            if before is not None:
                found[before.number] = "the way back"
    for each in known.items:
        marks = (
            ("runs", each.running),
            ("booted", each.booted),
            ("boots next", each.boot_default),
            ("profile", each.profile),
        )
        words = [word for word, holds in marks if holds]
        if words:
            found[each.number] = ", ".join(words)
    return found


class BadAge(ValueError):
    """The text is no age; the message says what would be."""


_AGE = re.compile(r"([0-9]{1,5})([hdw])\Z")
_AGE_S = {"h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse_age(text: str) -> float:
    """`14d`, `36h` or `4w` in seconds, as `nix-collect-garbage --delete-older-than` takes days. Raises `BadAge`."""
    match = _AGE.match(text)
    if match is None:
        raise BadAge(f'"{text}" is no age; write for example 14d, 36h or 4w')
    return int(match[1]) * _AGE_S[match[2]]
