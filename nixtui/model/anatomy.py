"""What a system is made of besides packages, and what of that differs between two systems."""

from collections.abc import Mapping

import msgspec


class Anatomy(msgspec.Struct, frozen=True, kw_only=True):
    """A system as its own files tell. `units` are fingerprints by name; `parts` where the links lead that only a boot
    takes up (`kernel`, `initrd`, `kernel-modules`, `systemd`). `None` is unknown; units are, where there were too many.
    """

    path: str
    nixos_version: str | None = None
    kernel: str | None = None
    revision: str | None = None
    specialisations: tuple[str, ...] = ()
    parts: Mapping[str, str] = {}
    units: Mapping[str, str] | None = None


class UnitChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Names of systemd units, sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted((*self.added, *self.removed, *self.changed)))


class SystemDiff(msgspec.Struct, frozen=True, kw_only=True):
    """From one system to another. `units` is `None` where they are not known; `boot_parts` are the parts that differ
    and that only a boot takes up, `None` where that is not known.
    """

    before: Anatomy
    after: Anatomy
    units: UnitChanges | None
    boot_parts: tuple[str, ...] | None

    @property
    def specialisations_added(self) -> tuple[str, ...]:
        """Those that only the second system has."""
        return tuple(sorted(set(self.after.specialisations) - set(self.before.specialisations)))

    @property
    def specialisations_removed(self) -> tuple[str, ...]:
        """Those that only the first system has."""
        return tuple(sorted(set(self.before.specialisations) - set(self.after.specialisations)))

    @property
    def reboot_needed(self) -> bool | None:
        """Whether going from one to the other takes a boot for full effect."""
        return None if self.boot_parts is None else bool(self.boot_parts)


def compare(before: Anatomy, after: Anatomy) -> SystemDiff:
    """What differs."""
    parts = None
    if before.parts and after.parts:
        every = sorted(before.parts.keys() | after.parts.keys())
        parts = tuple(name for name in every if before.parts.get(name) != after.parts.get(name))
    return SystemDiff(before=before, after=after, units=_units(before.units, after.units), boot_parts=parts)


def _units(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> UnitChanges | None:
    if old is None or new is None:
        return None
    return UnitChanges(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name])),
    )
