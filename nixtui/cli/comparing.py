"""What is between two systems besides packages: asked from their hosts, and from the repository."""

import asyncio

from nixtui.cli.assembly import Assembly
from nixtui.model.anatomy import Anatomy, SystemDiff, compare
from nixtui.model.commit import CommitRange
from nixtui.model.host import Host
from nixtui.nix.commits import candidates, commits_between
from nixtui.remote.anatomy import anatomies

_KEPT = 128


class Comparing:
    """Compares systems; a store path never changes, so what was asked once is not asked again."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui
        self._known: dict[str, Anatomy] = {}

    async def systems(self, before: tuple[Host, str], after: tuple[Host, str]) -> SystemDiff:
        """What differs between two systems, each given as a host that has it and its store path.

        Raises a `RemoteError`.
        """
        (old_host, old), (new_host, new) = before, after
        if old_host.name == new_host.name:
            await self._learn(old_host, old, new)
        else:
            await asyncio.gather(self._learn(old_host, old), self._learn(new_host, new))
        return compare(self._known[old], self._known[new])

    async def commits(self, before: str | None, after: str | None) -> CommitRange:
        """The commits between two configuration revisions, where the repository is here. Raises nothing."""
        configuration, surroundings = self._nixtui.configuration, self._nixtui.surroundings
        environ = surroundings.environ
        places = candidates(configuration.fleet.flake, configuration.directory, surroundings.cwd, environ)
        return await commits_between(before, after, places, environ)

    async def _learn(self, host: Host, *paths: str) -> None:
        missing = [path for path in dict.fromkeys(paths) if path not in self._known]
        if not missing:
            return
        async with self._nixtui.reach(host) as transport:
            found = await anatomies(transport, missing)
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        self._known.update({each.path: each for each in found})
