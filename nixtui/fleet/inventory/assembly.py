"""From the configuration to its inventory."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from nixtui.config import Configuration
from nixtui.config.paths import NoHome, cache_dir
from nixtui.config.schema import Ec2Section, FleetSection
from nixtui.config.schema import Source as SourceName
from nixtui.fleet.inventory.file import FileSource
from nixtui.fleet.inventory.flake import FlakeSource
from nixtui.fleet.inventory.inventory import Inventory
from nixtui.fleet.inventory.source import Found, Source, SourceProblem
from nixtui.model.selector import parse_selector
from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.flake import Flake, find_flake, open_flake


class Unavailable:
    """A source that is asked for but has nothing to tell, and says why."""

    def __init__(self, name: str, reason: str, remedy: str | None = None) -> None:
        self.name = name
        self._note = SourceProblem(source=name, reason=reason, remedy=remedy, note=True)

    async def hosts(self) -> AsyncIterator[Found]:
        """No hosts, and the note."""
        yield Found(problems=(self._note,))


def inventory_of(configuration: Configuration, cwd: Path, environ: Mapping[str, str]) -> Inventory:
    """The inventory that a configuration describes; `cwd` (absolute) is where a flake is looked for without one."""
    exclude = configuration.fleet.exclude
    return Inventory(
        tuple(_sources(configuration, cwd, environ)),
        configuration.environments,
        parse_selector(exclude) if exclude is not None else None,
    )


def locate_flake(configuration: Configuration, cwd: Path, environ: Mapping[str, str]) -> Flake | None:
    """The flake that systems are built from: `[fleet] flake`, else the nearest one above `cwd`.

    What it answers is remembered in the user's cache directory, if there is one.
    """
    reference, cache = configuration.fleet.flake, _cache(environ)
    if reference is not None:
        return open_flake(reference, base=configuration.directory, environ=environ, cache=cache)
    directory = find_flake(cwd)
    return None if directory is None else open_flake(".", base=directory, environ=environ, cache=cache)


def _cache(environ: Mapping[str, str]) -> EvaluationCache | None:
    try:
        return EvaluationCache(cache_dir(environ) / "evaluations")
    except NoHome:
        return None


def _sources(configuration: Configuration, cwd: Path, environ: Mapping[str, str]) -> Iterator[Source]:
    for name in configuration.fleet.sources:
        if name is SourceName.EC2:  # a stack knows better than a name tag which host an instance is
            yield from _stacks(configuration, environ)
        match name:
            case SourceName.FILE:
                yield FileSource(configuration.hosts)
            case SourceName.FLAKE:
                flake = locate_flake(configuration, cwd, environ)
                if flake is not None:
                    yield FlakeSource(flake)
                elif not configuration.hosts:
                    yield Unavailable(
                        name.value, f"there is no flake.nix in {cwd} or above it", "name one in [fleet] flake"
                    )
            case SourceName.EC2 if _wants_ec2(configuration):
                from nixtui.fleet.inventory.ec2 import Ec2Source

                yield Ec2Source(configuration.ec2 or Ec2Section(), environ)
    if SourceName.EC2 not in configuration.fleet.sources:
        yield from _stacks(configuration, environ)


def _stacks(configuration: Configuration, environ: Mapping[str, str]) -> Iterator[Source]:
    """Declared stacks are hosts of the fleet wherever its others come from: they are deployed to as those are."""
    if any(stack.hosts for stack in configuration.stacks.values()):
        from nixtui.fleet.inventory.stacks import StackSource

        logins = configuration.ec2.logins if configuration.ec2 is not None else ()
        yield StackSource(configuration.stacks, configuration.fleet.name or "", logins, environ)


def _wants_ec2(configuration: Configuration) -> bool:
    """Not everybody who leaves `sources` at its default."""
    return configuration.ec2 is not None or configuration.fleet.sources != FleetSection().sources
