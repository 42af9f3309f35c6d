"""Builds, for the app: the real thing behind `nixtui.tui.cockpit.builds.Builds`."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

import msgspec

from nixtui.builds.building import Building
from nixtui.builds.derivation import Derivation
from nixtui.builds.estimates import Estimates
from nixtui.builds.history import BuildHistory, HistoryUnavailable
from nixtui.builds.intake import Intake
from nixtui.builds.job import prepare_build
from nixtui.builds.record import KIND, STREAM, folder_of
from nixtui.builds.tree import BuildTree
from nixtui.cli.assembly import Assembly
from nixtui.cli.build_places import HERE, Asked
from nixtui.cli.evaluating import request_here
from nixtui.config.paths import state_dir
from nixtui.logs.saving import save_new
from nixtui.model.host import Host
from nixtui.nix.build_place import BuildOptions
from nixtui.nix.derivation_file import read_drv
from nixtui.operations.operation import Operation, Prepared
from nixtui.operations.plan import Plan

if TYPE_CHECKING:
    from nixtui.cli.cockpit import LiveOperations

MOST_LINES: Final = 100_000
"""Of one log; a builder that prints more has its last ones shown, and all of them in the file."""

_REMEMBERED: Final = 4
"""Trees of earlier builds that are kept in memory; one of a whole system has some 30 MB."""

_CHUNK: Final = 2**18
_PAST: Final = 2_000
"""Operations that are looked at for systems that failed before."""


class LiveBuilds:
    """`host` gives a host of the fleet by name; `keep` remembers what was prepared until somebody says yes, and
    `operations` gets those that need no yes.
    """

    def __init__(
        self,
        nixtui: Assembly,
        host: Callable[[str], Host],
        keep: Callable[[Prepared], Plan],
        operations: "LiveOperations",
    ) -> None:
        self._nixtui = nixtui
        self._host = host
        self._keep = keep
        self._operations = operations
        self._firsts: set[str] = set()
        self._findings: OrderedDict[int, tuple[Plan, Mapping[str, Sequence[str]]]] = OrderedDict()
        self._watched: dict[str, Building] = {}
        self._replayed: OrderedDict[str, BuildTree] = OrderedDict()

    def clock(self) -> float:
        """The trees of running builds are timed by it."""
        return monotonic()

    async def plan(self, names: Sequence[str], *, keep_going: bool = False, on: str = HERE) -> Plan:
        """As `nixtui build` does it. Raises `NixError`, `UsageError` and `Unreachable`."""
        nixtui, hosts = self._nixtui, [self._host(name) for name in names]
        request = await request_here(nixtui, hosts, Asked(on, options=BuildOptions(keep_going=keep_going)))
        identity = nixtui.new_identity()
        return self._keep(prepare_build(request, identity, lambda building: self.watch(identity, building)))

    async def plan_deploy(self, names: Sequence[str], *, on: str = HERE) -> Plan:
        """As `nixtui deploy` does it. Raises `NixError`, `UsageError` and `Unreachable`."""
        from nixtui.cli.deploying import ASKED, Deploying
        from nixtui.deploys.choice import Choice
        from nixtui.deploys.copying import CopySettings
        from nixtui.deploys.past import quarantined

        nixtui, hosts = self._nixtui, [self._host(name) for name in names]
        asked = replace(ASKED, on=on)
        firsts = [each for each in self._operations.begun() if each.id in self._firsts and each.plan.kind == KIND]
        deploying = Deploying(
            nixtui, say=lambda _: None, watch=self.watch, stoppable=self._told, asked=asked, firsts=firsts[::-1]
        )
        built = await deploying.build(hosts, {})
        if (first := deploying.undecided) is not None:
            wanted = "the flake wants this built on the host itself" if on == HERE else f"this is built on {on} first"
            note = f"{wanted}; once it is built, d deploys it"
            plan = msgspec.structs.replace(first.plan, warnings=(*first.plan.warnings, note))
            self._firsts.add(first.identity)
            return self._keep(Prepared(first.identity, plan, first.job))
        await deploying.keep(built)
        candidates = await deploying.examine(hosts, built)
        past = await (await nixtui.journal()).entries(limit=_PAST)
        proposal = await deploying.propose(candidates, Choice(quarantined=quarantined(past)))
        deploy = proposal.deploy
        self._findings[id(deploy.plan)] = (deploy.plan, proposal.known)
        while len(self._findings) > _REMEMBERED:
            self._findings.popitem(last=False)
        return self._keep(deploying.prepare(proposal, CopySettings()))

    def findings(self, plan: Plan, name: str) -> Sequence[str]:
        """Of the last plans; nothing of older ones."""
        _, known = self._findings.get(id(plan), (plan, {}))
        return known.get(name, ())

    @contextmanager
    def _told(self, operation: Operation) -> Iterator[None]:
        self._operations.add(operation)
        yield

    def watch(self, operation: str, building: Building) -> None:
        """A build has begun: its tree is there from now on."""
        self._watched[operation] = building

    def watched(self, operation: str) -> BuildTree | None:
        """It stays when the build has ended."""
        building = self._watched.get(operation)
        return building.tree if building else None

    async def replayed(self, operation: str) -> BuildTree | None:
        """Read in slices, so that the screen goes on."""
        if operation in self._replayed:
            return self._replayed[operation]
        path = folder_of(self._state, operation) / STREAM
        tree = BuildTree()
        intake = Intake(tree, lambda: 0.0, read=partial(read_drv, environ=self._nixtui.surroundings.environ))
        try:
            with path.open("rb") as file:
                while received := await asyncio.to_thread(file.read, _CHUNK):
                    intake.feed(received)
                    await _worked_off(intake)
        except OSError:
            return None
        intake.end()
        await _worked_off(intake)
        tree.finish(None, 0.0)
        self._replayed[operation] = tree
        while len(self._replayed) > _REMEMBERED:
            self._replayed.popitem(last=False)
        return tree

    async def log(self, operation: str, derivation: Derivation) -> Sequence[str]:
        """From its file, where there is one."""
        name = derivation.drv_path.rpartition("/")[2].removesuffix(".drv")
        file = folder_of(self._state, operation) / "logs" / f"{name}.log"

        def read() -> list[str]:
            if operation in self._watched:
                return list(deque(derivation.log.lines(), maxlen=MOST_LINES))
            with file.open(encoding="utf-8", errors="replace") as lines:
                return list(deque((each.removesuffix("\n") for each in lines), maxlen=MOST_LINES))

        try:
            return await asyncio.to_thread(read)
        except OSError:
            return list(derivation.log.tail)

    async def estimates(self) -> Estimates:
        """None where the past cannot be read: a build is not about that."""
        try:
            return Estimates(await BuildHistory(self._state).typical())
        except HistoryUnavailable:
            return Estimates({})

    async def save(self, name: str, lines: Sequence[str]) -> Path:
        """In the working directory, or in the state directory where that cannot be."""
        folders = (self._nixtui.surroundings.cwd, self._state / "logs")
        when = datetime.fromtimestamp(self._nixtui.clock(), UTC)
        return await asyncio.to_thread(save_new, tuple(lines), f"nixtui-build-{when:%Y%m%dT%H%M%SZ}-{name}", folders)

    @property
    def _state(self) -> Path:
        return state_dir(self._nixtui.surroundings.environ)


async def _worked_off(intake: Intake) -> None:
    while intake.work():  # noqa: ASYNC110 - waits for nothing: everybody else gets a turn
        await asyncio.sleep(0)
