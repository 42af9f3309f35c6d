"""How many hosts may be down at once: in all, and of those that share a tag (a zone, a cluster)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Tags = Mapping[str, Mapping[str, str]]
"""The tags of targets, by name."""


@dataclass(slots=True)
class Budget:
    """Room for hosts that are being acted on, or that were left in a state nobody vouches for.

    `most` counts all of them, `per_tag` those that have the same value of a tag; `None` and no entry are no limit.
    """

    tags: Tags
    most: int | None = None
    per_tag: Mapping[str, int] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def room_for(self, name: str) -> AsyncIterator[str | None]:
        """Wait until `name` may be acted on; gives why it never may, where lost hosts have used the room up."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._short_of(name, self._lost) or not self._short_of(name))
            never = self._short_of(name, self._lost)
            if never is None:
                self._busy.add(name)
        try:
            yield never
        finally:
            async with self._changed:
                self._busy.discard(name)
                self._changed.notify_all()

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit at all."""
        return self.most is not None or bool(self.per_tag)

    def lose(self, name: str) -> None:
        """`name` was left in a state nobody vouches for: its room is gone for the rest of this rollout."""
        self._lost.add(name)

    def _short_of(self, name: str, down: set[str] | None = None) -> str | None:
        """Which limit leaves no room for `name` while these are down; `None` when it fits."""
        down = self._busy | self._lost if down is None else down
        if self.most is not None and len(down) >= self.most:
            return f"{len(down)} of at most {self.most} hosts are down"
        mine = self.tags.get(name, {})
        for tag, most in self.per_tag.items():
            value = mine.get(tag)
            alike = {other for other in down if self.tags.get(other, {}).get(tag) == value}
            if value is not None and len(alike) >= most:
                return f"{len(alike)} of at most {most} hosts of {tag}={value} are down"
        return None
