"""What is on a demo host's disk before it is switched on."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from nixtui.demo.history import MINUTE_S, Commit, History
from nixtui.demo.litter import BROKEN_ON, litter_of
from nixtui.demo.root import Installed, Root
from nixtui.demo.story import Character
from nixtui.demo.system import System, build_system

_ROLLOUT_S: Final = 20.0
"""How long a deploy takes to come from one host to the next."""
_HOTFIX_AGE_S: Final = 26 * 60 * MINUTE_S
REBOOTED_AGO_S: Final = MappingProxyType({"db-1": 63 * MINUTE_S})
"""Hosts that somebody rebooted during the night, and how long ago."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The generations of a host, oldest first, and which system it runs and has booted since when (Unix seconds).

    `under_way` is in the store, but not yet a generation.
    """

    generations: Sequence[Installed]
    running: System
    running_since: float
    booted: System
    booted_at: float
    under_way: System | None


def install(root: Root, who: Character, history: History, place: int, now: float) -> Installation:
    """Fill a host's directory. `place` is its place in a rollout, from 0."""
    root.make()
    generations = [
        _generation(who, history, number, history.commits[commit], place)
        for number, commit in enumerate(who.commits, who.number - len(who.commits) + 1)
    ]
    last = generations[-1]
    running, since = last.system, last.made_at
    if who.hotfix:
        running = _system(who, history, history.commits[who.commits[-1]], hotfix=who.hotfix)
        since = now - _HOTFIX_AGE_S
    under_way = None if who.under_way is None else _system(who, history, history.commits[who.under_way])
    for system in (*(each.system for each in generations), running, under_way):
        if system is not None:
            root.install(system)
    root.litter(litter_of(who.name), broken=int(who.name == BROKEN_ON))
    root.set_generations(generations)
    booted = _booted(who, generations)
    root.link("/run/booted-system", booted.system.path)
    root.link("/run/current-system", running.path)
    _decrypt(root, len(who.commits))
    booted_at = booted.made_at + 5 * MINUTE_S
    if who.name in REBOOTED_AGO_S:
        booted_at = now - REBOOTED_AGO_S[who.name]
        since = max(since, booted_at)
    return Installation(generations, running, since, booted.system, booted_at, under_way)


def _decrypt(root: Root, number: int) -> None:
    """What sops-nix leaves: a numbered folder of secrets, which are none here, and a link to it."""
    root.at(f"/run/secrets.d/{number}").mkdir(parents=True)
    root.link("/run/secrets", f"/run/secrets.d/{number}")


def _generation(who: Character, history: History, number: int, commit: Commit, place: int) -> Installed:
    made_at = commit.deployed_at - who.deployed_earlier_s + place * _ROLLOUT_S
    return Installed(number, commit, _system(who, history, commit), made_at)


def _system(who: Character, history: History, commit: Commit, *, hotfix: str | None = None) -> System:
    return build_system(
        history,
        commit,
        who.name,
        who.role,
        faults=who.faults.get(commit.number, {}),
        fails_to_activate=who.activation_fails == commit.number,
        hotfix=hotfix,
    )


def _booted(who: Character, generations: Sequence[Installed]) -> Installed:
    """The generation that was booted: the first one with the kernel that the last one has, unless the story says."""
    if who.booted is not None:
        return generations[who.commits.index(who.booted)]
    return next(each for each in generations if each.system.links["kernel"] == generations[-1].system.links["kernel"])
