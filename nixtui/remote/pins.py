"""Pinning a system on a host: a garbage collector root of its own, so that nothing that clears up takes it away."""

from typing import Final

from nixtui.model.store_path import require_store_path
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Transport, load_script

PINS: Final = "/nix/var/nix/gcroots/nixtui-pins"
"""Where the roots are. Nix follows links in folders below `gcroots` (nix: src/libstore/gc.cc, findRoots)."""


def pin_of(path: str) -> str:
    """The root of a system."""
    return f"{PINS}/{path.rpartition('/')[2]}"


async def pin(transport: Transport, path: str) -> None:
    """Keep a system, as root. Raises `BadAnswer` with the reason, another `RemoteError`, or `NotAStorePath`."""
    await _ask(transport, "add", path, "pinned")


async def unpin(transport: Transport, path: str) -> None:
    """Keep it no longer. Raises as `pin` does."""
    await _ask(transport, "remove", path, "unpinned")


async def _ask(transport: Transport, verb: str, path: str, well: str) -> None:
    completed = await transport.run(load_script("pin", "pins"), verb, require_store_path(path), elevated=True)
    said = completed.stdout.strip().splitlines()
    if said[-1:] == [well]:
        return
    why = said[-1].removeprefix("failed ") if said else (completed.stderr.strip().splitlines() or ["no answer"])[-1]
    raise BadAnswer(transport.host.name, f"did not do it: {why[:200]}")
