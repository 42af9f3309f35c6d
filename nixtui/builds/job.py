"""The `build` operation: systems that were evaluated are built, where they are wanted, and each host's is told."""

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from nixtui.builds.building import Building
from nixtui.builds.history import BuildHistory, HistoryUnavailable, finished
from nixtui.builds.record import KIND, STREAM, folder_of, prune
from nixtui.builds.stall import LIMIT_S
from nixtui.builds.verdict import Verdict, verdict_on
from nixtui.model.store_path import is_store_path, short_name
from nixtui.model.system import System
from nixtui.nix.build_place import BuildOptions, BuildPlace, Words
from nixtui.nix.errors import NixBadAnswer, NixError
from nixtui.nix.process import NIX, run_nix
from nixtui.nix.version import NixVersion
from nixtui.operations.events import Note, TargetFinished
from nixtui.operations.operation import Cancelled, Prepared, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall

PLACES_AT_ONCE: Final = 10
"""Hosts that build their own system at the same time; each takes an ssh and a nix here, some 50 MB."""

_VALID_LIMIT_S: Final = 120.0

Started = Callable[[Building], None]
"""Given the build as it begins, for whoever wants to watch."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What is to be built, where and how. `places` has a place for each host; most often all are the same.

    `evaluated_in` are the seconds that it took to know the systems, for the record.
    """

    systems: Mapping[str, System | NixError]
    places: Mapping[str, BuildPlace]
    options: BuildOptions
    version: NixVersion
    directory: Path
    environ: Mapping[str, str]
    state: Path
    environments: Mapping[str, str | None] = field(default_factory=dict)
    stall_limit: float = LIMIT_S
    evaluated_in: float | None = None


def prepare_build(request: BuildRequest, identity: str, started: Started = lambda _: None) -> Prepared:
    """The plan, with each system's derivation and the exact commands, and the work that carries it out.

    Building here changes nothing but the store, and needs nobody's consent; elsewhere it does.
    """
    folder = folder_of(request.state, identity)
    rows = tuple(_row(request, host, found, folder) for host, found in request.systems.items())
    steps = tuple(step for group in _groups(request) for step in group.steps(request))
    count = sum(row.refused is None for row in rows)
    plan = Plan(
        kind=KIND,
        title=f"build the system of {rows[0].name}" if len(rows) == 1 else f"build {count} systems",
        targets=rows,
        steps=steps,
        read_only=all(place.is_here and place.push_to is None for place in request.places.values()),
    )

    async def job(run: Run) -> Report:
        building = Building(
            folder, directory=request.directory, environ=request.environ, stall_limit=request.stall_limit
        )
        started(building)
        return await _Work(request, run, building).carry_out()

    return Prepared(identity, plan, job)


@dataclass(frozen=True, slots=True)
class _Group:
    """Systems that are built in one place, by one nix."""

    place: BuildPlace
    systems: tuple[System, ...]

    def steps(self, request: BuildRequest) -> list[Step]:
        drvs = [each.drv_path for each in self.systems]
        outs = [each.out_path or "OUT" for each in self.systems]
        return [
            Step(title, (shlex.join((*NIX, *words)),))
            for title, words in (
                ("copy the derivations", self.place.deliver(drvs)),
                ("build", self.place.build(drvs, request.version, request.options)),
                ("copy back", self.place.fetch(outs)),
                ("copy on", self.place.push(outs)),
            )
            if words is not None
        ]


def _groups(request: BuildRequest) -> list[_Group]:
    by_place: dict[BuildPlace, list[System]] = {}
    for host, found in request.systems.items():
        if isinstance(found, System):
            by_place.setdefault(request.places[host], []).append(found)
    return [_Group(place, tuple(systems)) for place, systems in by_place.items()]


def _row(request: BuildRequest, host: str, found: System | NixError, folder: Path) -> Target:
    environment = request.environments.get(host)
    if isinstance(found, NixError):
        return Target(
            name=host,
            environment=environment,
            refused=found.reason,
            refused_as=Outcome.FAILED,
            remedy=found.remedy,
        )
    facts = {"drv": found.drv_path, "installable": found.installable, "record": str(folder / STREAM)}
    if found.out_path is not None:
        facts["new"] = found.out_path
    after = short_name(found.out_path or found.drv_path)
    return Target(name=host, environment=environment, after=after, facts=facts)


class _Built(msgspec.Struct, rename="camel"):
    """One derivation of `nix build --json`."""

    outputs: Mapping[str, str]
    drv_path: str = ""


@dataclass(slots=True)
class _Work:
    """One build under way."""

    request: BuildRequest
    run: Run
    building: Building
    failures: dict[str, NixError] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    cancelled: bool = False

    async def carry_out(self) -> Report:
        if (took := self.request.evaluated_in) is not None:
            count = len(self.request.systems)
            what = f"{count} systems" if count != 1 else "one system"
            self.run.tell(Note(at=self.run.clock(), text=f"evaluated {what} in {took:.1f} s"))
        self.run.tell(Note(at=self.run.clock(), text=f"recorded in {self.building.record.path}"))
        began = self.run.clock()
        room = asyncio.Semaphore(PLACES_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                for each in _groups(self.request):
                    group.create_task(self._one_place(each, room))
        finally:
            wanted = [host for host, found in self.request.systems.items() if isinstance(found, System)]
            self.building.finish(0 if all(host in self.building.outs for host in wanted) and not self.failures else 1)
        await self._remember_times()
        if self.building.record.trouble:
            self.run.tell(Note(at=self.run.clock(), text=self.building.record.trouble))
        await asyncio.to_thread(prune, self.request.state)
        reports = tuple(self._report(row, self.run.clock() - began) for row in self.run.plan.targets)
        for report in reports:
            self.run.tell(TargetFinished(at=self.run.clock(), target=report.name, report=report))
        return Report(
            operation=self.run.operation,
            outcome=overall(report.outcome for report in reports),
            targets=reports,
            interrupted=self.cancelled,
        )

    async def _remember_times(self) -> None:
        """How long builds took, for saying how long they will take; no build fails for it."""
        built = finished(self.building.tree.derivations.values(), self.run.clock() - monotonic())
        try:
            await BuildHistory(self.request.state).record(built)
        except HistoryUnavailable as unavailable:
            self.run.tell(Note(at=self.run.clock(), text=str(unavailable)))

    async def _one_place(self, group: _Group, room: asyncio.Semaphore) -> None:
        async with room:
            try:
                await self.run.unless_cancelled(self._build(group))
            except Cancelled:
                self.cancelled = True
            except NixError as failure:
                self.failures |= {each.host: failure for each in group.systems if each.host not in self.building.outs}
            if not self.building.outs.keys() >= {each.host for each in group.systems}:
                await self._look_for(group)

    async def _build(self, group: _Group) -> None:
        place, drvs = group.place, [each.drv_path for each in group.systems]
        self.present |= await self._valid(group)
        await self._maybe(place.deliver(drvs))
        answer = await self.building.run(place.build(drvs, self.request.version, self.request.options))
        built = _outputs(answer)
        outs = {each.host: built.get(each.drv_path) or each.out_path for each in group.systems}
        found = {host: out for host, out in outs.items() if out is not None and is_store_path(out)}
        if len(found) < len(outs):
            raise NixBadAnswer("nix built something, but does not say what")
        paths = tuple(dict.fromkeys(found.values()))
        await self._maybe(place.fetch(paths))
        await self._maybe(place.push(paths))
        self.building.outs |= found

    async def _maybe(self, words: Words | None) -> None:
        if words is not None:
            await self.building.run(words)

    async def _look_for(self, group: _Group) -> None:
        """A build that failed as a whole may have built some systems: the store knows. What was to be copied on after
        it was not.
        """
        if group.place.bring_back or group.place.push_to:
            return
        for host in await self._valid(group):
            self.building.outs[host] = next(each.out_path or "" for each in group.systems if each.host == host)
            self.failures.pop(host, None)

    async def _valid(self, group: _Group) -> set[str]:
        """The hosts whose system is in the store already; none where that cannot be asked."""
        paths = {each.host: each.out_path for each in group.systems if each.out_path}
        if not paths:
            return set()
        try:
            answer = await run_nix(
                group.place.ask_valid(tuple(dict.fromkeys(paths.values()))),
                directory=self.request.directory,
                environ=self.request.environ,
                time_limit=_VALID_LIMIT_S,
            )
        except NixError:
            return set()
        there = _valid_paths(answer)
        return {host for host, path in paths.items() if path in there}

    def _report(self, row: Target, seconds: float) -> TargetReport:
        found = self.request.systems[row.name]
        if isinstance(found, NixError):
            return msgspec.structs.replace(left_out(row), log=found.log)
        if (out := self.building.outs.get(row.name)) is not None:
            outcome = Outcome.UNCHANGED if row.name in self.present else Outcome.COMMITTED
            detail = f"{out} is built already" if outcome is Outcome.UNCHANGED else out
            return TargetReport(
                name=row.name, outcome=outcome, after=short_name(out), detail=detail, seconds=round(seconds, 3)
            )
        verdict = self._verdict(found)
        return TargetReport(
            name=row.name,
            outcome=Outcome.FAILED,
            detail=verdict.detail,
            remedy=verdict.remedy,
            log=verdict.log,
            seconds=round(seconds, 3),
        )

    def _verdict(self, system: System) -> Verdict:
        if self.cancelled:
            return Verdict("not built: cancelled by the operator; what was built up to then is kept in the store")
        return verdict_on(
            self.building.tree, system.drv_path, self.failures.get(system.host), self.request.options.keep_going
        )


def _outputs(answer: bytes) -> dict[str, str]:
    """By derivation, the output `out`. Since 2.33 paths have no directory."""
    try:
        built = msgspec.json.decode(answer, type=list[_Built])
    except msgspec.DecodeError as error:
        raise NixBadAnswer(f"nix build answered something unexpected: {error}") from error
    return {_full(each.drv_path): _full(each.outputs["out"]) for each in built if "out" in each.outputs}


def _valid_paths(answer: bytes) -> set[str]:
    """An array with `valid: false` until Nix 2.18, since then an object with `null`."""
    try:
        decoded = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return set()
    if isinstance(decoded, list):
        return {str(each.get("path")) for each in decoded if isinstance(each, dict) and each.get("valid", True)}
    if isinstance(decoded, dict):
        return {_full(path) for path, each in decoded.items() if each is not None}
    return set()


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/nix/store/{path}"


def attempted(targets: Sequence[TargetReport]) -> tuple[str, ...]:
    """The hosts whose system is not there after all, for trying again only those."""
    return tuple(each.name for each in targets if not each.outcome.is_success)
