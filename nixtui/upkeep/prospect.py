"""Looking at hosts before something is planned for them."""

from collections.abc import Sequence

from nixtui.model.host import Host
from nixtui.model.store import keeping
from nixtui.model.unit import UnitDetail
from nixtui.remote.errors import RemoteError
from nixtui.remote.generations import generations
from nixtui.remote.looking import Looked, look
from nixtui.remote.store import garbage, store
from nixtui.remote.transport import Reach, Transport
from nixtui.remote.units import unit_detail
from nixtui.upkeep.store import Prospect


async def look_at_unit(hosts: Sequence[Host], unit: str, reach: Reach) -> list[Looked[UnitDetail]]:
    """How a unit is on each of these hosts."""
    return await look(hosts, reach, lambda transport: unit_detail(transport, unit, lines=0))


async def look_at_store(hosts: Sequence[Host], reach: Reach) -> list[Looked[Prospect]]:
    """How full each store is; enough for work that deletes nothing."""

    async def ask(transport: Transport) -> Prospect:
        return Prospect(await store(transport))

    return await look(hosts, reach, ask)


async def look_at_garbage(
    hosts: Sequence[Host], reach: Reach, *, older_than: float | None, keep: int | None = None
) -> list[Looked[Prospect]]:
    """Which generations would go, and what that frees. A host that cannot say the latter in time is planned without."""

    async def ask(transport: Transport) -> Prospect:
        found = await store(transport)
        keeps = keeping(await generations(transport), older_than=older_than, keep=keep)
        try:
            return Prospect(found, keeps, await garbage(transport, keeps.going))
        except RemoteError as error:
            return Prospect(found, keeps, None, error.reason)

    return await look(hosts, reach, ask)
