"""Looking at a host before anything is done to it: can it be reached, is root to be had, does the system fit there?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nixtui.activation.verdict import held_by
from nixtui.deploys.objection import Objection
from nixtui.deploys.profiles import BadProfile, CustomProfile, Wished, sought
from nixtui.deploys.pulling import Pull, lacking
from nixtui.deploys.secrets import SecretsCheck
from nixtui.model.closure import Closure, ClosureDiff, diff
from nixtui.model.commit import CommitRange
from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.model.store_path import short_name
from nixtui.nix.colmena import HiveTarget
from nixtui.nix.errors import NixError, NixRefused, NixStopped
from nixtui.operations.report import Outcome
from nixtui.remote.errors import ElevationFailed, RemoteError
from nixtui.remote.generations import generations
from nixtui.remote.landing import Landing, landing
from nixtui.remote.profiles import NoSuchOwner, Sought, look
from nixtui.remote.transport import Reach, Script, Transport

ROOM_FOR_NIX = 64 * 2**20
"""Bytes left beside what is copied: Nix's database grows as well, and a full disk helps nobody."""

_ROOT = Script("elevation", "id -u")

LocalClosure = Callable[[str], Awaitable[Closure]]
"""What a path of the local store needs. Raises `NixError`."""

RemoteClosure = Callable[[Transport, str], Awaitable[Closure]]
"""What a path of a host's store needs. Raises `RemoteError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A host and what was built for it, as far as both are known; with an `objection` it is left out.

    `closure` is what the system needs, `change` what that is against what runs. `customs` are profiles beside the
    system, by name; of a node of deploy-rs, `wished` says how they and the system are deployed, and in which order; of
    one of Colmena, `hive` says what its hive does. A host with a `pull` fetches its system by itself. `secrets` is what
    becomes of its secrets, in words. `commits` are those between what runs and what was built.
    """

    host: Host
    system: str | None = None
    seen: Generations | None = None
    closure: Closure | None = None
    landing: Landing | None = None
    change: ClosureDiff | None = None
    objection: Objection | None = None
    wished: Wished | None = None
    hive: HiveTarget | None = None
    pull: Pull | None = None
    customs: Mapping[str, CustomProfile] = field(default_factory=dict)
    secrets: str | None = None
    commits: CommitRange | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each path that the host lacks."""
        needs = self.needs
        return {path: needs[path] for path in (self.landing.missing if self.landing else ()) if path in needs}

    @property
    def needs(self) -> dict[str, int]:
        """Everything that is to be there, with its bytes."""
        closures = [*([self.closure] if self.closure else []), *(each.closure for each in self.customs.values())]
        return {path: size for closure in closures for path, size in closure.sizes.items()}

    @property
    def roots(self) -> tuple[str, ...]:
        """What is copied, with all that it needs."""
        system = [self.system] if self.system is not None else []
        return (*system, *(each.path for each in self.customs.values()))

    @property
    def substitute(self) -> bool:
        """Whether deploy-rs or Colmena would let the host fetch from its own substituters what these have."""
        if self.wished is not None:
            return not all(each.fast_connection for each in self.wished.node.profiles)
        return self.hive is not None


@dataclass(frozen=True, slots=True)
class Examiner:
    """Asks hosts. Closures come from whoever remembers them; `secrets` are looked at where there are any."""

    reach: Reach
    local_closure: LocalClosure
    remote_closure: RemoteClosure
    secrets: SecretsCheck | None = None

    async def examine(
        self, host: Host, built: str | NixError | None, wished: Wished | None = None, hive: HiveTarget | None = None
    ) -> Candidate:
        """Everything one must know of `host` before `built` goes there, and what else a node has. Raises nothing."""
        failed = [each for each in (built, *(wished.built.values() if wished else ())) if isinstance(each, NixError)]
        if failed:
            outcome = Outcome.REFUSED if isinstance(failed[0], NixRefused) else Outcome.FAILED
            begun = "not begun" if isinstance(failed[0], NixStopped) else "not built"
            why = Objection(why=f"{begun}: {failed[0].reason}", remedy=failed[0].remedy, outcome=outcome)
            return Candidate(host=host, objection=why)
        system = built if isinstance(built, str) else None
        try:
            asked = [sought(each) for each in wished.beside] if wished else []
            candidate = await self._here(Candidate(host=host, system=system, wished=wished, hive=hive))
        except NixError as error:
            return Candidate(host=host, system=system, objection=Objection(why=error.reason, remedy=error.remedy))
        except BadProfile as error:
            return Candidate(host=host, system=system, objection=Objection(why=str(error)))
        try:
            async with self.reach(host) as transport:
                return await self._ask(candidate, asked, transport)
        except (ElevationFailed, NoSuchOwner) as error:
            return replace(candidate, objection=Objection(why=error.reason, remedy=error.remedy))
        except RemoteError as error:
            gone = Objection(why=error.reason, remedy=error.remedy, outcome=Outcome.UNREACHABLE)
            return replace(candidate, objection=gone)

    async def examine_puller(self, host: Host, pull: Pull) -> Candidate:
        """Everything one must know of a host that fetches its system by itself. Raises nothing."""
        candidate = Candidate(host=host, pull=pull)
        try:
            async with self.reach(host) as transport:
                seen = await generations(transport)
                found = await landing(transport, [])
                candidate = replace(candidate, seen=seen, landing=found)
                if (objection := object_to(candidate)) is not None:
                    return replace(candidate, objection=objection)
                if lacks := await lacking(transport, pull):
                    why = f"it is to pull its system, and has no {' and no '.join(lacks)}"
                    return replace(candidate, objection=Objection(why=why, remedy="add it to its systemPackages"))
        except RemoteError as error:
            outcome = Outcome.REFUSED if isinstance(error, ElevationFailed) else Outcome.UNREACHABLE
            return replace(candidate, objection=Objection(why=error.reason, remedy=error.remedy, outcome=outcome))
        return candidate

    async def _here(self, candidate: Candidate) -> Candidate:
        """With the closures of everything. Raises `NixError`."""
        customs = {}
        if candidate.wished is not None:
            for each in candidate.wished.beside:
                path = candidate.wished.built[each.name]
                assert isinstance(path, str)
                customs[each.name] = CustomProfile(each, await self.local_closure(path))
        closure = await self.local_closure(candidate.system) if candidate.system is not None else None
        return replace(candidate, closure=closure, customs=customs)

    async def _ask(self, candidate: Candidate, asked: Sequence[Sought], transport: Transport) -> Candidate:
        system = candidate.system
        seen = await generations(transport)
        boot = [name for name, _ in boot_files(system)] if system is not None else []
        found = await landing(transport, list(candidate.needs), boot)
        change = None
        if seen.current_system is not None and candidate.closure is not None:
            try:
                change = diff(await self.remote_closure(transport, seen.current_system), candidate.closure)
            except RemoteError:
                change = None  # what runs was collected, or its list is broken: shown as not known
        complete = replace(candidate, seen=seen, landing=found, change=change)
        objection = object_to(complete) or await asyncio.to_thread(_not_known_here, complete, seen)
        if objection is None and self.secrets is not None and system is not None:
            objection = await self.secrets.object_to(transport)
        if objection is not None:
            return replace(complete, objection=objection)
        if self.secrets is not None and system is not None:
            complete = replace(complete, secrets=await self.secrets.foresee(transport))
        if asked:
            linked = zip(asked, await look(transport, asked), strict=True)
            customs = {each.name: complete.customs[each.name].on_host(where) for each, where in linked}
            complete = replace(complete, customs=customs)
        elif seen.current_system != system or seen.profile_system != system:
            await transport.run(_ROOT, elevated=True)
        return complete


def object_to(candidate: Candidate) -> Objection | None:
    """What is known to stand in the way; `None` when nothing is."""
    seen, found, system = candidate.seen, candidate.landing, candidate.system
    if seen is None or found is None:
        return Objection(why="not asked yet")
    if seen.current_system is None or seen.profile_system is None:
        return Objection(why="the host has no system profile, or does not say what it runs")
    if seen.lock is not None:
        why, remedy = held_by(seen.lock.operation, seen.lock.operator, seen.lock.since, seen.clock)
        return Objection(why=why, remedy=remedy)
    return (_wrong_machine(system, found) if system is not None else None) or _no_room(candidate, found)


def _not_known_here(candidate: Candidate, seen: Generations) -> Objection | None:
    """A hive may insist that what a host has was made here (colmena: src/nix/host/ssh.rs, ActiveProfileUnknown)."""
    active = seen.profile_system or seen.current_system
    if candidate.hive is None or candidate.hive.replace_unknown_profiles or active is None or Path(active).exists():
        return None
    return Objection(
        why=f"its profile leads to {short_name(active)}, which this machine does not know, and the hive has "
        "replaceUnknownProfiles = false",
        remedy="somebody else deployed it: look at what, or set replaceUnknownProfiles",
    )


def _wrong_machine(system: str, found: Landing) -> Objection | None:
    built_for = platform_of(system)
    if built_for is None or found.machine is None or _runs(found.machine, built_for):
        return None
    return Objection(
        why=f"the system is built for {built_for}, the host is {found.machine}",
        remedy="set nixpkgs.hostPlatform of its configuration",
    )


def _runs(machine: str, platform: str) -> bool:
    """What `uname -m` says and what Nix calls it; a 64-bit machine also runs the 32-bit systems of its kind."""
    kind = platform.partition("-")[0]
    names = {
        "x86_64": {"x86_64", "i686"},
        "aarch64": {"aarch64", "armv7l"},
        "arm64": {"aarch64"},
        "i686": {"i686"},
    }
    return kind in names.get(machine, {machine})


def _no_room(candidate: Candidate, found: Landing) -> Objection | None:
    need = sum(candidate.sizes.values())
    if need and found.store_bytes is not None and found.store_bytes < need + ROOM_FOR_NIX:
        return Objection(
            why=f"the disk of its store has {megabytes(found.store_bytes)} left, the copy needs {megabytes(need)} "
            f"and {megabytes(ROOM_FOR_NIX)} to spare",
            remedy=f"free room: nixtui store {candidate.host.name}",
        )
    files = boot_files(candidate.system) if candidate.system is not None else ()
    boot = sum(size for name, size in files if name in found.boot_lacks)
    if boot and found.boot_bytes is not None and found.boot_bytes < boot:
        return Objection(
            why=f"/boot has {megabytes(found.boot_bytes)} left, kernel and initrd need {megabytes(boot)}",
            remedy="delete old generations: nixtui delete-generations",
        )
    return None


def platform_of(system: str) -> str | None:
    """What a toplevel in the local store was built for (`x86_64-linux`), from its own file."""
    try:
        return (Path(system) / "system").read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def boot_files(system: str) -> Sequence[tuple[str, int]]:
    """What a boot loader copies to /boot of a toplevel in the local store: the name it gives the copy, and bytes."""
    found = []
    for name in ("kernel", "initrd"):
        try:
            file = (Path(system) / name).resolve(strict=True)
            found.append((f"{file.parent.name}-{file.name}", file.stat().st_size))
        except (OSError, RuntimeError):
            continue  # a system without one: a container's
    return found


def megabytes(count: float) -> str:
    """Bytes for people: `1.4 GB`, `12 MB`, `340 kB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}" if count < 10 * size else f"{count / size:.0f} {unit}"
    return f"{count:.0f} B"
