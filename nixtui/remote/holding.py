"""Keeping a copied system on its host until it is activated: a wave may have to wait for hours."""

from nixtui.model.store_path import require_store_path
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Transport, load_script


async def hold(transport: Transport, operation: str, system: str) -> None:
    """Root `system` against garbage collection, as root, in the name of `operation`. Raises a `RemoteError`."""
    await _run(transport, "keep", operation, require_store_path(system))


async def let_go(transport: Transport, operation: str) -> None:
    """No longer hold what was held for `operation`. Raises a `RemoteError`."""
    await _run(transport, "let-go", operation)


async def _run(transport: Transport, *arguments: str) -> None:
    done = await transport.run(load_script("hold", "links"), *arguments, elevated=True)
    if "held" not in done.stdout.splitlines():
        said = done.stderr.strip().splitlines()
        raise BadAnswer(transport.host.name, f"the copied system could not be held: {said[-1] if said else 'no word'}")
