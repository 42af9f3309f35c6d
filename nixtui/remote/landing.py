"""What a host lacks of a system, and whether there is room for it: asked before anything is copied."""

from collections.abc import Sequence
from typing import Any

import msgspec

from nixtui.model.store_path import is_store_path
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S = 60.0
"""Ten thousand paths take about a second."""

_MOST_INHIBITORS = 20


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """What a host said. `missing` are the paths it does not have; room is bytes, `None` where it cannot be told.

    `inhibitors` are those who hold off a shutdown of the host now, one sentence each (`systemd-inhibit --mode=block`).
    `machine` is what `uname -m` says. `boot_lacks` are those of the asked boot files that it would have to copy.
    """

    missing: frozenset[str]
    machine: str | None = None
    store_bytes: int | None = None
    boot_bytes: int | None = None
    boot_lacks: frozenset[str] = frozenset()
    inhibitors: tuple[str, ...] = ()


async def landing(transport: Transport, paths: Sequence[str], boot_files: Sequence[str] = ()) -> Landing:
    """Ask a host what of `paths` it lacks. Raises a `RemoteError`."""
    script = load_script("landing", "links")
    completed = await transport.run(script, *boot_files, "--", *paths, timeout=TIMEOUT_S)
    return parse_landing(transport.host.name, completed)


def parse_landing(host: str, completed: Completed) -> Landing:
    """The answer of `scripts/landing.sh`. Raises `BadAnswer` when it is not all of one."""
    single: dict[str, str] = {}
    missing, lacks = set[str](), set[str]()
    for line in completed.stdout.splitlines():
        word, _, value = line.partition(" ")
        match word:
            case "missing" if is_store_path(value):
                missing.add(value)
            case "boot_lacks":
                lacks.add(value)
            case _:
                single[word] = value
    if "no_nix" in single:
        raise BadAnswer(host, "has no nix-store on its path: nothing can be copied to it")
    if "end" not in single:
        said = completed.stderr.strip().splitlines()
        why = f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"
        raise BadAnswer(host, f"could not say what it lacks{why}")
    return Landing(
        missing=frozenset(missing),
        machine=single.get("machine") or None,
        store_bytes=_bytes(single.get("store_kib")),
        boot_bytes=_bytes(single.get("boot_kib")),
        boot_lacks=frozenset(lacks),
        inhibitors=_inhibitors(single.get("inhibitors", "")),
    )


class _Inhibitors(msgspec.Struct):
    """What `org.freedesktop.login1.Manager.ListInhibitors` returns, by busctl: what, who, why, mode, uid, pid."""

    data: list[list[tuple[str, str, str, str, Any, Any]]] = []


def _inhibitors(text: str) -> tuple[str, ...]:
    """Who keeps the machine up on purpose: a backup that runs is no time to change a system. `delay` only waits."""
    try:
        found = msgspec.json.decode(text, type=_Inhibitors).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return tuple(
        f"{who[:60]} holds off a shutdown: {why[:120] or 'no reason given'}"
        for what, who, why, mode, *_ in (found[0] if found else [])[:_MOST_INHIBITORS]
        if "shutdown" in what.split(":") and mode.startswith("block")
    )


def _bytes(kib: str | None) -> int | None:
    return int(kib) * 1024 if kib and kib.isdecimal() and len(kib) < 16 else None
