"""The inventory: all sources at work at once, and one list of hosts that gets better as they answer."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from nixtui.fleet.inventory.merge import merge
from nixtui.fleet.inventory.source import Found, Source, SourceProblem
from nixtui.model.environment import Environment
from nixtui.model.host import Host
from nixtui.model.selector import Selector


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet as far as it is known: hosts, what sources could not tell, and which are still at it."""

    hosts: tuple[Host, ...] = ()
    problems: tuple[SourceProblem, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Every source has said all it knows."""
        return not self.pending


class Inventory:
    """The `sources` of a fleet in order of precedence, and what is made of their hosts."""

    def __init__(
        self, sources: Sequence[Source], environments: Sequence[Environment] = (), exclude: Selector | None = None
    ) -> None:
        self._sources = tuple(sources)
        self._environments = tuple(environments)
        self._exclude = exclude
        self._found: dict[str, Found] = {}

    @property
    def source_names(self) -> tuple[str, ...]:
        """Who is asked, in order of precedence."""
        return tuple(source.name for source in self._sources)

    async def load(self, on_change: Callable[[Snapshot], None] = lambda _: None) -> Snapshot:
        """Ask every source anew; `on_change` sees each better list as it comes, the result is the complete one.

        What a file says comes within the first turn of the event loop. Cancelling stops what sources have started.
        """
        self._found.clear()
        return await self._ask(self._sources, on_change)

    async def ask_again(self, name: str, on_change: Callable[[Snapshot], None] = lambda _: None) -> Snapshot:
        """Ask one source anew; what the others said last still counts."""
        return await self._ask([source for source in self._sources if source.name == name], on_change)

    async def _ask(self, sources: Sequence[Source], on_change: Callable[[Snapshot], None]) -> Snapshot:
        pending = [source.name for source in sources]

        async def follow(source: Source) -> None:
            async for answer in source.hosts():
                self._found[source.name] = answer
                on_change(self._current(pending))
            pending.remove(source.name)
            on_change(self._current(pending))

        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(follow(source))
        return self._current(pending)

    def _current(self, pending: Sequence[str]) -> Snapshot:
        known = {source.name: self._found[source.name] for source in self._sources if source.name in self._found}
        return Snapshot(
            hosts=merge({name: each.hosts for name, each in known.items()}, self._environments, self._exclude),
            problems=tuple(problem for each in known.values() for problem in each.problems),
            pending=tuple(pending),
        )
