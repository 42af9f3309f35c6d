"""What a host says about itself, as values: the keys of `scripts/probe.sh`, and the facts they stand for."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from nixtui.model.status import ActivationLock, DiskUse, HostFacts, Memory
from nixtui.remote.reboot import reboot_reason

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Block:
    """An answer with news: values by key as the host wrote them, `None` for one that is gone; `complete` has all."""

    values: Mapping[str, str | None]
    complete: bool


def updated(facts: HostFacts, block: Block) -> HostFacts:
    """`facts` after a block of news. Keys of other versions are skipped, values that make no sense are unknown."""
    changes: dict[str, Any] = {}
    for key, value in block.values.items():
        read = _READERS.get(key)
        if read is None:
            continue
        try:
            changes.update(read(value))
        except (ValueError, IndexError):
            changes.update(read(None))
    if block.complete:
        return HostFacts(**changes)
    return msgspec.structs.replace(facts, **changes)


Reader = Callable[[str | None], dict[str, Any]]


def _one(field: str, convert: Callable[[str], Any], unknown: Any = None) -> Reader:
    return lambda value: {field: unknown if value is None else convert(value)}


def _load(value: str) -> tuple[float, float, float]:
    one, five, fifteen = map(_number, value.split())
    return one, five, fifteen


def _number(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    return float(value)


def _whole(value: str) -> int:
    return int(_number(value))


def _memory(value: str) -> Memory:
    total, available, swap_total, swap_free = (_whole(word) * 1024 for word in value.split())
    return Memory(total, available, swap_total, swap_free)


def _disks(value: str) -> tuple[DiskUse, ...]:
    words = value.split()
    triples = zip(words[::3], words[1::3], words[2::3], strict=True)
    return tuple(DiskUse(sys.intern(mount), _whole(used) * 1024, _whole(free) * 1024) for mount, used, free in triples)


def _lock(value: str) -> ActivationLock:
    operation, since, operator = value.split(" ", 2)
    return ActivationLock(operation, operator, _number(since))


def _words(value: str) -> tuple[str, ...]:
    return tuple(map(sys.intern, value.split()))


def _failed_units(value: str) -> tuple[str, ...]:
    return () if value == "none" else _words(value)


def _reboot(value: str | None) -> dict[str, Any]:
    """`kernel,initrd,kernel-modules 6.12.51 6.12.58`, or `nothing 6.12.58 6.12.58`; `-` is an unknown version."""
    if value is None:
        return {"reboot_needed": None, "reboot_reason": None}
    differing, running, current = value.split(" ")
    reason = reboot_reason(differing, running, current)
    return {"reboot_needed": reason is not None, "reboot_reason": None if reason is None else sys.intern(reason)}


_READERS: Final[Mapping[str, Reader]] = {
    **{
        # A fleet says the same few thousand texts over and over; interned, 10,000 hosts hold each of them once.
        name: _one(name, sys.intern)
        for name in (
            "current_system",
            "booted_system",
            "profile_system",
            "profile_wraps",
            "nixos_version",
            "configuration_revision",
            "kernel_running",
            "kernel_current",
            "systemd_state",
            "secrets_generation",
        )
    },
    "boot_id": _one("boot_id", str),
    "generation": _one("generation", _whole),
    "generations": _one("generations", _whole),
    "switched_at": _one("switched_at", _number),
    "uptime_s": _one("uptime_s", _number),
    "clock": _one("clock", _number),
    "reboot_for": _reboot,
    "failed_units": _one("failed_units", _failed_units),
    "failed_at": _one("failed_at", _number),
    "load": _one("load", _load),
    "memory_kib": _one("memory", _memory),
    "disks_kib": _one("disks", _disks),
    "lock": _one("lock", _lock),
    "lock_deadline": _one("lock_deadline", _number),
    "leftovers": _one("leftovers", _words, ()),
}
