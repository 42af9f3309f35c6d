"""The gate between waves: what must hold on the hosts that were changed before the next ones are."""

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence

import msgspec

from nixtui.activation.guarded import HealthCheck
from nixtui.model.host import Host
from nixtui.remote.errors import RemoteError
from nixtui.remote.http import http_status
from nixtui.remote.transport import Reach, Script, Transport

AT_ONCE = 32


class Page(msgspec.Struct, frozen=True):
    """A page that must be answered with this status."""

    url: str
    status: int = 200


class GateRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at. `timeout` is seconds, for each unit and page."""

    units: tuple[str, ...] = ()
    commands: tuple[HealthCheck, ...] = ()
    pages: tuple[Page, ...] = ()
    timeout: float = 10.0

    @property
    def is_open(self) -> bool:
        """Nothing is asked for."""
        return not (self.units or self.commands or self.pages)


class Gate:
    """Looks at hosts, some at a time, by name."""

    def __init__(self, rules: GateRules, host_of: Callable[[str], Host], reach: Reach) -> None:
        self._rules = rules
        self._host_of = host_of
        self._reach = reach
        self._room = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, names: Sequence[str]) -> Mapping[str, str]:
        """What is wrong, by name."""
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(self._problem(name)) for name in names}
        return {name: problem for name, task in tasks.items() if (problem := task.result()) is not None}

    async def _problem(self, name: str) -> str | None:
        async with self._room:
            try:
                async with self._reach(self._host_of(name)) as transport:
                    return await self._wrong_with(transport)
            except RemoteError as error:
                return error.reason

    async def _wrong_with(self, transport: Transport) -> str | None:
        rules = self._rules
        if rules.units:
            words = " ".join(map(shlex.quote, rules.units))
            done = await transport.run(Script("gate", f"systemctl is-active -- {words}"), timeout=rules.timeout)
            states = dict(zip(rules.units, done.stdout.split(), strict=False))
            if bad := [
                f"{unit} is {states.get(unit, 'not known')}" for unit in rules.units if states.get(unit) != "active"
            ]:
                return ", ".join(bad)
        for check in rules.commands:
            done = await transport.run(Script("gate", check.command), timeout=check.timeout)
            if done.exit_status != 0:
                return f"`{check.command}` failed (exit {done.exit_status})"
        for page in rules.pages:
            status = await http_status(transport, page.url, rules.timeout)
            if status != page.status:
                return f"{page.url} is answered with {status} instead of {page.status}"
        return None
