"""The Nix store of a host: what is cheap to know, and what a garbage collection would free."""

from collections.abc import Mapping, Sequence
from typing import Final

from nixtui.model.store import Garbage, Store
from nixtui.remote.errors import BadAnswer
from nixtui.remote.systemd import Parts, whole
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 30.0
WEIGHING_TIMEOUT_S: Final = 180.0
"""The script ends each of its questions after a minute by itself, so that nothing stays behind on the host."""


async def store(transport: Transport) -> Store:
    """What is cheap. Raises a `RemoteError`."""
    return parse_store(transport.host.name, await transport.run(load_script("store", "facts"), timeout=TIMEOUT_S))


async def garbage(transport: Transport, going: Sequence[int] = ()) -> Garbage:
    """What a collection would free if these generations were deleted first. Deletes nothing, wants root, and takes as
    long as a collection does that finds nothing. Raises a `RemoteError`.
    """
    script = load_script("garbage", "facts")
    numbers = [str(number) for number in going]
    completed = await transport.run(script, *numbers, elevated=True, timeout=WEIGHING_TIMEOUT_S)
    return parse_garbage(transport.host.name, completed)


def parse_store(host: str, completed: Completed) -> Store:
    """The answer of `scripts/store.sh`."""
    parts = Parts(host, "store", completed, "about its store")
    values = parts.values()
    used, available = _columns(values, "df")
    inodes_used, inodes_free = _columns(values, "inodes")
    return Store(
        clock=parts.clock,
        used=None if used is None else used * 1024,
        available=None if available is None else available * 1024,
        inodes_used=inodes_used,
        inodes_free=inodes_free,
        paths=whole(values.get("paths")),
        roots=whole(values.get("roots")),
        auto_optimise={"true": True, "false": False, "": False}.get(values.get("auto_optimise", "")),
        min_free=whole(values.get("min_free")),
    )


def _columns(values: Mapping[str, str], key: str) -> tuple[int | None, int | None]:
    """Used and free of a row of df; a device's name may have blanks, so counted from the end."""
    columns = values.get(key, "").split()
    if len(columns) < 6:
        return None, None
    numbers = [at for at, word in enumerate(columns) if word.endswith("%") or word == "-"]
    at = numbers[0] if numbers else 0
    return (whole(columns[at - 2]), whole(columns[at - 1])) if at >= 3 else (None, None)


def parse_garbage(host: str, completed: Completed) -> Garbage:
    """The answer of `scripts/garbage.sh`. Raises `BadAnswer` when it did not come to its end."""
    values = Parts(host, "garbage", completed, "what is garbage").values()
    counts = [whole(word) for key in ("dead", "going") for word in values.get(key, "0 0").split(" ")]
    if len(counts) != 4 or None in counts:
        raise BadAnswer(host, "gave a sum of its garbage that makes no sense")
    dead_paths, dead_bytes, going_paths, going_bytes = (count or 0 for count in counts)
    return Garbage(dead_paths=dead_paths, dead_bytes=dead_bytes, going_paths=going_paths, going_bytes=going_bytes)
