"""A deploy and the secrets of its hosts: what would not arrive is refused before anything is activated, and what has
arrived is proven after.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from nixtui.deploys.objection import Objection
from nixtui.nix import capacity
from nixtui.nix.flake import Flake
from nixtui.remote.secrets import look_at_secrets
from nixtui.remote.transport import Transport
from nixtui.secrets.declared import Declaration, Lack, declaration, lacks
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.process import Runner
from nixtui.secrets.proof import Proofs, Standing, prove
from nixtui.secrets.repository import Repository

_NAMED: Final = 3


class Origin(msgspec.Struct, frozen=True):
    """Where a host's configuration is in the flake."""

    output: str
    name: str


class SecretsCheck:
    """Looks at secrets of hosts that are deployed to. `origins` are by host name; of others nothing is known.

    `say` is told of a host whose secrets cannot be evaluated: that alone keeps nobody from deploying. Each host is
    evaluated once more for it, as many at once as the machine bears; what a flake in git said is remembered.
    """

    def __init__(
        self,
        flake: Flake,
        origins: Mapping[str, Origin],
        repository: Repository,
        runner: Runner,
        say: Callable[[str], None],
    ) -> None:
        self._flake, self._origins, self._repository, self._runner = flake, origins, repository, runner
        self._say = say
        self._declared: dict[str, Declaration | None] = {}
        self._room = asyncio.Semaphore(capacity.here())

    async def declared(self, host: str) -> Declaration | None:
        """What a host declares, evaluated once; `None` where it declares nothing, or that cannot be said."""
        if host not in self._declared:
            self._declared[host] = await self._evaluate(host)
        return self._declared[host]

    async def _evaluate(self, host: str) -> Declaration | None:
        origin = self._origins.get(host)
        if origin is None:
            return None
        try:
            async with self._room:
                found = await declaration(self._flake, origin.name, output=origin.output)
        except SecretsError as error:
            self._say(f"{host}: its secrets are not checked: {error.reason}")
            return None
        return found if found.secrets else None

    async def lacking(self, transport: Transport) -> tuple[Lack, ...]:
        """What of a host's secrets would not arrive with an activation. Raises a `RemoteError`."""
        declared = await self.declared(transport.host.name)
        if declared is None:
            return ()
        seen = await look_at_secrets(transport, (), declared.ssh_keys, elevated=False)
        return await lacks(declared, self._repository, seen.public_keys)

    async def object_to(self, transport: Transport) -> Objection | None:
        """Why a host's activation would fail for its secrets. Raises a `RemoteError`."""
        found = await self.lacking(transport)
        if not found:
            return None
        why = "; ".join(f"secret {each.secret}: {each.reason}" for each in found[:_NAMED])
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        remedy = found[0].remedy
        return Objection(why=why + more, remedy=remedy.replace("HOST", transport.host.name) if remedy else None)

    async def foresee(self, transport: Transport) -> str | None:
        """What an activation changes of a host's secrets, and which units sops-nix restarts for it; `None` where it
        declares none. Raises a `RemoteError`.
        """
        declared, proofs = await self.declared(transport.host.name), await self.prove(transport)
        if declared is None or proofs is None:
            return None
        changed = [each.secret for each in proofs.wrong]
        units = sorted({unit for each in declared.secrets if each.name in changed for unit in each.units})
        unknown = [each.secret for each in proofs.proofs if each.standing is Standing.UNPROVEN]
        if unknown:
            return f"secrets: whether {', '.join(unknown)} change is not known, as none of your keys tells"
        if not changed:
            return f"secrets: none of {len(proofs.proofs)} changes"
        return f"secrets: {', '.join(changed)} change" + (f"; restarts {', '.join(units)}" if units else "")

    async def prove(self, transport: Transport) -> Proofs | None:
        """Whether a host has what it declares; `None` where it declares nothing. Raises a `RemoteError`."""
        declared = await self.declared(transport.host.name)
        return await prove(transport, declared, self._repository, self._runner) if declared is not None else None
