"""The generations of a host's system profile, and what it runs, booted and would boot next."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from nixtui.model.generation import Generation, Generations
from nixtui.model.status import ActivationLock
from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 60.0
"""A hundred generations take well under a second; a host that swaps may need much longer."""

SYSTEM_PROFILE: Final = "/nix/var/nix/profiles/system"

_MARK: Final = "#nixtui-generations"
_ENTRY_NUMBER = re.compile(r"-generation-([0-9]+)")


async def generations(transport: Transport, *, elevated: bool = False, profile: str = SYSTEM_PROFILE) -> Generations:
    """All generations of `profile`. Raises a `RemoteError`.

    Everybody may read everything but the boot loader's files on most hosts: without `elevated` the boot default is
    often unknown.
    """
    completed = await transport.run(
        load_script("generations", "facts", "pins"), profile, elevated=elevated, timeout=TIMEOUT_S
    )
    return parse_generations(transport.host.name, completed)


@dataclass(slots=True)
class _System:
    """What a toplevel says of itself; generations with the same toplevel share it."""

    wrapped: str | None = None
    version: str | None = None
    kernel: str | None = None
    revision: str | None = None
    specialisations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Link:
    """A generation as far as its link tells."""

    number: int
    created_at: float | None = None
    path: str = ""
    gone: bool = False


@dataclass(slots=True)
class _Heard:
    """The script's answer, line by line."""

    single: dict[str, str] = field(default_factory=dict)
    boot_entries: list[tuple[str, str]] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    links: list[_Link] = field(default_factory=list)
    systems: dict[str, _System] = field(default_factory=dict)

    def take(self, key: str, value: str) -> None:
        """One line. Lines of keys that this version does not know are kept and never looked at."""
        if key == "generation":
            self.links.append(_Link(int(value)))
        elif key == "pin":
            self.pins.append(value)
        elif key == "boot_entry":
            system, _, name = value.partition(" ")
            self.boot_entries.append((name, system))
        elif self.links:
            self._of_generation(self.links[-1], key, value)
        else:
            self.single[key] = value

    def _of_generation(self, link: _Link, key: str, value: str) -> None:
        system = self.systems.setdefault(link.path, _System())
        match key:
            case "created_at":
                link.created_at = float(value)
            case "path":
                link.path = value
            case "gone":
                link.gone = True
            case "system":
                system.wrapped = value
            case "version":
                system.version = value
            case "kernel":
                system.kernel = value
            case "revision":
                system.revision = value
            case "specialisation":
                system.specialisations.append(value)


def parse_generations(host: str, completed: Completed) -> Generations:
    """The answer of `scripts/generations.sh`. Raises `BadAnswer` when it is not one, or not all of one."""
    heard = _Heard()
    try:
        for key, value in _lines(host, completed):
            heard.take(key, value)
        clock = float(heard.single["clock"])
        switched_at = float(heard.single["switched_at"]) if "switched_at" in heard.single else None
    except (ValueError, KeyError) as error:
        raise BadAnswer(host, "gave an answer about its generations that makes no sense") from error
    default = heard.single.get("boot_default") or boot_entry(heard.single.get("boot_pattern", ""), heard.boot_entries)
    links = sorted(heard.links, key=lambda link: link.number, reverse=True)
    return Generations(
        items=tuple(_generation(link, heard, default) for link in links),
        current_system=heard.single.get("current"),
        booted_system=heard.single.get("booted"),
        profile_system=heard.single.get("profile"),
        boot_default=default,
        clock=clock,
        switched_at=switched_at,
        pins=tuple(heard.pins),
        lock=_lock(heard.single.get("lock")),
    )


def _lock(value: str | None) -> ActivationLock | None:
    """`OPERATION SINCE OPERATOR`; who and since when may be missing, that there is one may not."""
    if value is None:
        return None
    operation, _, rest = value.partition(" ")
    since, _, operator = rest.partition(" ")
    return ActivationLock(operation, operator, float(since) if since.isdecimal() else 0.0)


def _lines(host: str, completed: Completed) -> Iterator[tuple[str, str]]:
    lines = iter(completed.stdout.split("\n"))
    for line in lines:
        if line == f"{_MARK} begin":
            break
    for line in lines:
        if line == f"{_MARK} end":
            return
        key, _, value = line.partition(" ")
        yield key, value
    why = completed.stderr.strip().splitlines()
    detail = f": {why[-1][:200]}" if why else ""
    raise BadAnswer(host, f"broke off while it listed its generations (exit status {completed.exit_status}){detail}")


def _generation(link: _Link, heard: _Heard, default: str | None) -> Generation:
    system = heard.systems.get(link.path, _System())
    runs = system.wrapped or link.path
    profile_number = heard.single.get("profile_generation")
    if profile_number is not None:
        is_profile = str(link.number) == profile_number
    else:
        is_profile = link.path == heard.single.get("profile")
    return Generation(
        number=link.number,
        created_at=link.created_at,
        path=link.path,
        wrapped=system.wrapped,
        path_exists=not link.gone,
        nixos_version=system.version,
        kernel=system.kernel,
        configuration_revision=system.revision,
        specialisations=tuple(system.specialisations),
        running=not link.gone and runs == heard.single.get("current"),
        booted=not link.gone and runs == heard.single.get("booted"),
        profile=is_profile,
        boot_default=None if default is None else default in (runs, link.path),
        pinned=link.path in heard.pins or runs in heard.pins,
    )


def boot_entry(pattern: str, entries: list[tuple[str, str]]) -> str | None:
    """The system that systemd-boot takes by default: of (file name, system) pairs the one that `pattern` means.

    The pattern is a name or a glob, with or without `.conf` (loader.conf(5)); among several the newest wins, a
    specialisation only when it is named. `None` when that cannot be told from the files (`@saved`).
    """
    names = {pattern, f"{pattern}.conf"}
    found = [(_entry_rank(name), system) for name, system in entries if _without_tries(name) in names]
    if not found and pattern:
        globbed = [each for each in entries if any(fnmatchcase(_without_tries(each[0]), name) for name in names)]
        found = [(_entry_rank(name), system) for name, system in globbed]
    return max(found)[1] if found else None


def _without_tries(name: str) -> str:
    """`nixos-generation-12+3-1.conf` counts boot attempts in its name; the entry's identity is without."""
    return re.sub(r"\+[0-9]+(-[0-9]+)?(?=\.conf\Z)", "", name)


def _entry_rank(name: str) -> tuple[int, bool, str]:
    number = _ENTRY_NUMBER.search(name)
    return (int(number[1]) if number else -1, "specialisation" not in name, name)
