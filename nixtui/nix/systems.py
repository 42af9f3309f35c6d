"""From a flake to one derivation per host: remembered where possible, else evaluated, several at once."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

import msgspec

from nixtui.model.store_path import is_store_path
from nixtui.model.system import System
from nixtui.nix import capacity, eval_jobs
from nixtui.nix.errors import NixBadAnswer, NixError, NixTimedOut
from nixtui.nix.flake import Flake
from nixtui.nix.local_store import on_disk
from nixtui.nix.outputs import Outputs, list_outputs
from nixtui.nix.trace import EvaluationFailed, nearest
from nixtui.nix.wanted import Origin, Wanted

Told = Callable[[str, System | NixError], None]
"""Told of each host as soon as its system is known, or why there is none."""

_Key = TypeVar("_Key", str, tuple[str, str])

FEW = 3
"""For fewer hosts nix-eval-jobs is not worth asking whether it is there."""


class _Derivation(msgspec.Struct):
    """The answer to `Wanted.question`."""

    drv: str
    out: str | None = None


@dataclass(slots=True)
class Evaluation:
    """One evaluation of several systems of a flake. `remembered` counts those that needed none."""

    flake: Flake
    told: Told = lambda _, __: None
    at_once: int | None = None
    found: dict[str, System | NixError] = field(default_factory=dict)
    remembered: int = 0
    _answers: dict[tuple[str, ...], bytes] = field(default_factory=dict)

    async def run(self, wanted: Sequence[Wanted]) -> Mapping[str, System | NixError]:
        """Each host's system, or why there is none; a host that is broken keeps no other from its own. In the order
        of `wanted`. Raises nothing; ends every process when it is cancelled.
        """
        state = await self.flake.state()
        open_still = [each for each in wanted if not await self._recall(state, each)]
        at_once = self.at_once or capacity.here()
        if len(open_still) >= FEW and await eval_jobs.is_usable(self.flake.directory, self.flake.environ):
            await self._ask_jobs(open_still, at_once)
            open_still = [each for each in open_still if each.host not in self.found]
        await self._ask_each(open_still, at_once)
        await self._name_the_nearest(wanted)
        if state is not None and self._answers and self.flake.cache and state == await self.flake.state():
            await self.flake.cache.put(state, self._answers)
        return {each.host: self.found[each.host] for each in wanted}

    async def _recall(self, state: str | None, wanted: Wanted) -> bool:
        """Whether its system is remembered. A derivation that was collected as garbage has to be made again."""
        if state is None or self.flake.cache is None:
            return False
        known = await self.flake.cache.get(state, wanted.question)
        if known is None:
            return False
        try:
            derivation = msgspec.json.decode(known, type=_Derivation)
        except msgspec.DecodeError:
            return False
        if not is_store_path(derivation.drv) or not await asyncio.to_thread(
            on_disk(derivation.drv, self.flake.environ).exists
        ):
            return False
        self.remembered += 1
        self._take(wanted, derivation)
        return True

    async def _ask_each(self, wanted: Sequence[Wanted], at_once: int) -> None:
        """A process for each, so that one that runs out of memory or time takes no other with it."""
        room = asyncio.Semaphore(at_once)

        async def ask(each: Wanted) -> None:
            async with room:
                try:
                    derivation, lasting = await self.flake.ask_lasting(*each.question, _Derivation)
                except NixError as error:
                    self._give(each, error)
                else:
                    self._take(each, derivation, remember=lasting)

        async with asyncio.TaskGroup() as group:
            for each in wanted:
                group.create_task(ask(each))

    async def _ask_jobs(self, wanted: Sequence[Wanted], at_once: int) -> None:
        """What nix-eval-jobs says of each; whom it leaves out, because it breaks or knows no more, is asked for by
        itself.
        """
        kept_mb = capacity.kept_by_worker_here(at_once)
        speakable = [each for each in wanted if eval_jobs.can_be_asked(each.name)]
        for (attribute, path), group in _grouped(speakable, lambda each: each.set_and_path):
            by_name = dict(_grouped(group, lambda each: each.name))
            answers = eval_jobs.evaluate_jobs(self.flake, attribute, path, list(by_name), at_once, kept_mb)
            try:
                async for name, job in answers:
                    for each in by_name.get(name, ()):
                        if isinstance(job, NixError):
                            self._give(each, job)
                        elif job.drv_path is not None:
                            found = _Derivation(job.drv_path, job.outputs.get("out"))
                            self._take(each, found, remember=True)  # it takes no flake that is not locked
            except NixError:
                continue

    async def _name_the_nearest(self, wanted: Sequence[Wanted]) -> None:
        """A host that the flake does not have: say which it may have been. The names are asked for once."""
        missing = [each for each in wanted if _is_missing(self.found[each.host])]
        if not missing:
            return
        try:
            outputs, _ = await list_outputs(self.flake)
        except NixError:
            return
        for each in missing:
            names = _names(outputs, each.origin)
            if each.name not in names:
                reason = f"there is no {each.name} in {each.origin} of the flake"
                remedy = nearest(each.name, names) or "see: nix flake show"
                failure = self.found[each.host]
                assert isinstance(failure, EvaluationFailed)
                self._give(each, EvaluationFailed(reason, remedy, log=failure.log, trace=failure.trace))

    def _take(self, wanted: Wanted, derivation: _Derivation, *, remember: bool = False) -> None:
        if not is_store_path(derivation.drv) or not derivation.drv.endswith(".drv"):
            self._give(wanted, NixBadAnswer(f"{wanted.attribute} is not a derivation of a store in /nix/store"))
            return
        if remember:
            self._answers[wanted.question] = msgspec.json.encode(derivation)
        known = derivation.out if derivation.out and is_store_path(derivation.out) else None
        installable = f"{self.flake.reference}#{wanted.attribute}"
        self._give(wanted, System(wanted.host, installable, derivation.drv, known))

    def _give(self, wanted: Wanted, found: System | NixError) -> None:
        self.found[wanted.host] = found
        self.told(wanted.host, found)


def whence(hosts: Sequence[tuple[str, str]], outputs: Outputs) -> list[Wanted]:
    """Where each host's system is to be had; `hosts` are names with the names they have in the flake.

    `nixosConfigurations` first: what deploy-rs wraps around a system is for its own activation. A host that is in none
    is asked for there as well, and the answer says so.
    """

    def origin(name: str) -> Origin:
        if name in (outputs.configurations or ()):
            return Origin.CONFIGURATION
        if name in (outputs.deploy_nodes or ()):
            return Origin.DEPLOY
        return Origin.HIVE if name in (outputs.hive_nodes or ()) else Origin.CONFIGURATION

    return [Wanted(host, name, origin(name)) for host, name in hosts]


def _grouped(wanted: Iterable[Wanted], key: Callable[[Wanted], _Key]) -> Iterator[tuple[_Key, list[Wanted]]]:
    for value, group in groupby(sorted(wanted, key=key), key=key):
        yield value, list(group)


def _is_missing(found: System | NixError) -> bool:
    """Not there, or out of time: whoever waited five minutes already need not wait for names."""
    return isinstance(found, EvaluationFailed) and not isinstance(found, NixTimedOut) and "has no" in found.reason


def _names(outputs: Outputs, origin: Origin) -> tuple[str, ...]:
    match origin:
        case Origin.CONFIGURATION:
            return outputs.configurations or ()
        case Origin.DEPLOY:
            return outputs.deploy_nodes or ()
        case Origin.HIVE:
            return outputs.hive_nodes or ()
