"""What was asked once and need not be asked again: generations, diffs and previews, kept in memory.

A dialog opens from here in the same frame as the key; only what is missing is waited for.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from nixtui.model.anatomy import SystemDiff
from nixtui.model.closure import ClosureDiff
from nixtui.model.commit import CommitRange
from nixtui.model.generation import Generations
from nixtui.model.preview import Preview
from nixtui.tui.cockpit import Cockpit

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_KEPT = 256


class Recent(Generic[Key, Value]):
    """The last few hundred values by key."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._values: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """The value, if it is still there."""
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value; the oldest makes room."""
        self._values.pop(key, None)
        self._values[key] = value
        if len(self._values) > self._kept:
            del self._values[next(iter(self._values))]
        return value


class Knowledge:
    """Asks the cockpit and remembers. What is `known_` costs nothing and may be `None`."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._cockpit = cockpit
        self._generations: Recent[str, Generations] = Recent()
        self._diffs: Recent[tuple[str, str], ClosureDiff] = Recent()
        self._systems: Recent[tuple[str, str], SystemDiff] = Recent()
        self._commits: Recent[tuple[str | None, str | None], CommitRange] = Recent()
        self._previews: Recent[tuple[str, str | None, str], Preview] = Recent()

    def known_generations(self, name: str) -> Generations | None:
        """As the host told last, unless it has switched since."""
        if name not in self._cockpit.fleet:
            return None
        known = self._generations.get(self._machine(name))
        if known is None:
            return None
        facts = self._cockpit.fleet.status(name).facts
        is_same = known.current_system == facts.current_system and known.profile_system == facts.profile_system
        return known if is_same or facts.current_system is None else None

    async def generations(self, name: str) -> Generations:
        """As the host tells now."""
        machine = self._machine(name)
        return self._generations.put(machine, await self._cockpit.generations(name))

    def _machine(self, name: str) -> str:
        """The host; where another instance may have its name, that one."""
        instance = self._cockpit.fleet.host(name).instance if name in self._cockpit.fleet else None
        return name if instance is None else f"{name} {instance.identity}"

    def known_diff(self, before: str, after: str) -> ClosureDiff | None:
        """Between two systems; a store path never changes, so neither does this."""
        return self._diffs.get((before, after))

    async def diff(self, before: tuple[str, str], after: tuple[str, str]) -> ClosureDiff:
        """Between two systems, each given as host and path."""
        known = self.known_diff(before[1], after[1])
        return known or self._diffs.put((before[1], after[1]), await self._cockpit.diff(before, after))

    def known_systems(self, before: str, after: str) -> SystemDiff | None:
        """What differs besides packages."""
        return self._systems.get((before, after))

    async def systems(self, before: tuple[str, str], after: tuple[str, str]) -> SystemDiff:
        """What differs besides packages between two systems, each given as host and path."""
        known = self.known_systems(before[1], after[1])
        return known or self._systems.put((before[1], after[1]), await self._cockpit.profiles.systems(before, after))

    def known_commits(self, before: str | None, after: str | None) -> CommitRange | None:
        """Between two revisions."""
        return self._commits.get((before, after))

    async def commits(self, before: str | None, after: str | None) -> CommitRange:
        """Between two revisions. What is not known may be after the next `git fetch`, so it is asked again."""
        known = self.known_commits(before, after)
        if known is not None and known.unknown is None:
            return known
        return self._commits.put((before, after), await self._cockpit.profiles.commits(before, after))

    def known_preview(self, name: str, path: str) -> Preview | None:
        """What going to a system would restart, as long as the host still runs what it ran then."""
        return self._previews.get((name, self._running(name), path))

    async def preview(self, name: str, path: str) -> Preview:
        """What going to a system would restart."""
        running = self._running(name)
        return self._previews.put((name, running, path), await self._cockpit.preview(name, path))

    def _running(self, name: str) -> str | None:
        return self._cockpit.fleet.status(name).facts.current_system if name in self._cockpit.fleet else None
