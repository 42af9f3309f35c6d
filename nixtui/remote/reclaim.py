"""How much of a host's store only some of its systems need."""

from collections.abc import Sequence
from typing import Final

from nixtui.model.store_path import is_store_path
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Transport, load_script

TIMEOUT_S: Final = 60.0


async def reclaimable(transport: Transport, going: Sequence[str], staying: Sequence[str]) -> int:
    """Bytes that a garbage collection could free at most, once the systems in `going` are no generations any more.

    Raises `BadAnswer` or another `RemoteError`.
    """
    paths = [path for path in going if is_store_path(path)]
    kept = [path for path in staying if is_store_path(path)]
    completed = await transport.run(load_script("reclaim", "facts"), *paths, "--", *kept, timeout=TIMEOUT_S)
    word, _, number = completed.stdout.strip().rpartition("\n")[2].partition(" ")
    if word != "bytes" or not number.isdecimal() or len(number) > 18:
        raise BadAnswer(transport.host.name, "did not say what old generations take")
    return int(number)
