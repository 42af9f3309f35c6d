"""What one host went through, made of what it told: switches, reboots, and units that failed and came back."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from nixtui.model.generation import Generation
from nixtui.model.timeline import Activation, HostAnswer, HostHistory, HostMoment, Kind, System, UnitEvent

SAME_SWITCH_S: Final = 900.0
"""Between a profile's new link and the activation of its system: a guarded switch makes the link last, others first."""

RELAPSE_S: Final = 120.0
"""A unit that fails again so soon did not recover in between: it is one failure, counted."""

_RECORDED_S: Final = 180.0
"""Between an activation's end and the guard's own record: verifying takes at most as long as its window."""


@dataclass(frozen=True, slots=True)
class Part:
    """One host's part in something, before hosts are put together."""

    kind: Kind
    moment: HostMoment
    unit: str | None = None


def parts_of(answer: HostAnswer) -> list[Part]:
    """What happened on a host since the time it was asked about, by our clock, oldest first."""
    history = answer.history
    if history is None:
        return []
    found = [*_Switches(answer.host, history).parts(), *_reboots(answer.host, history), *_units(answer.host, history)]
    return sorted((_by_our_clock(each, answer.skew) for each in found), key=lambda each: each.moment.at)


def _by_our_clock(part: Part, skew: float) -> Part:
    if not skew:
        return part
    moment = part.moment
    until = None if moment.until is None else moment.until - skew
    return Part(part.kind, msgspec.structs.replace(moment, at=moment.at - skew, until=until), part.unit)


class _Switches:
    """The activations that a host logged, and the changes of its profile that no activation explains."""

    def __init__(self, host: str, history: HostHistory) -> None:
        self._host = host
        self._history = history
        self._activations = sorted(history.activations, key=lambda each: each.at)
        self._by_path: dict[str, list[Generation]] = defaultdict(list)
        for link in history.links:
            self._by_path[link.path].append(link)

    def parts(self) -> Iterator[Part]:
        """Each as a part."""
        before: Activation | None = None
        for each in self._activations:
            if each.at >= self._history.since:
                yield Part(Kind.SWITCH, self._activation(each, before))
            before = each
        for link in self._history.links:
            if (at := link.created_at) is not None and at >= self._history.since and not self._explained(link.path, at):
                older = next((each for each in self._history.links if each.number < link.number), None)
                yield self._profile_only(at, older, link)
        yield from self._profile_went_back()

    def _activation(self, this: Activation, before: Activation | None) -> HostMoment:
        after = self._system(this.path, this.at)
        ran = self._ran_before(this, before)
        return HostMoment(
            host=self._host,
            at=this.at,
            until=this.ended_at,
            before=self._system(ran, this.at) if ran else None,
            after=after,
            status=this.status,
            operation=self._recorded(this),
        )

    def _ran_before(self, this: Activation, before: Activation | None) -> str | None:
        """What was activated last, unless a boot came between; then the newest generation there was."""
        booted = any(
            each.is_certain and (before is None or each.at > before.at) and each.at < this.at
            for each in self._history.boots
        )
        if before is not None and not booted:
            return before.path
        made = [each for each in self._history.links if each.created_at is not None and each.created_at <= this.at]
        newest = sorted(made, key=lambda each: (each.created_at or 0.0, each.number), reverse=True)
        return next((each.path for each in newest if each.path != this.path), None)

    def _profile_only(self, at: float, before: Generation | None, after: Generation) -> Part:
        return Part(
            Kind.SWITCH,
            HostMoment(
                host=self._host,
                at=at,
                before=self._system(before.path, at) if before else None,
                after=_system(after),
                is_profile_only=True,
            ),
        )

    def _profile_went_back(self) -> Iterator[Part]:
        """The profile was pointed to a generation that is older than that: links alone tell when, not from where."""
        at, current = self._history.switched_at, self._history.current_system
        if at is None or current is None or at < self._history.since or self._explained(current, at):
            return
        known = self._by_path.get(current, [])
        if known and all(each.created_at is not None and at - each.created_at > SAME_SWITCH_S for each in known):
            newer = next((each for each in self._history.links if (each.created_at or at) < at), None)
            before = newer if newer is not None and newer.path != current else None
            yield self._profile_only(at, before, known[0])

    def _explained(self, path: str, at: float) -> bool:
        """Whether an activation of the system says what the link says, only better."""
        return any(
            each.path == path and each.at - SAME_SWITCH_S <= at <= (each.ended_at or each.at) + SAME_SWITCH_S
            for each in self._activations
        )

    def _system(self, path: str, at: float) -> System:
        """The system, by the generation it had then; one whose link was made a little later is that as well."""
        links = self._by_path.get(path, [])
        then = [each for each in links if (each.created_at or 0.0) <= at + SAME_SWITCH_S]
        return _system((then or links)[0]) if links else System(path=path)

    def _recorded(self, this: Activation) -> str | None:
        end = this.ended_at or this.at
        near = [each for each in self._history.ended if each.current == this.path and 0 <= each.at - end <= _RECORDED_S]
        return min(near, key=lambda each: each.at).operation if near else None


def _system(link: Generation) -> System:
    return System(
        path=link.path,
        generation=link.number,
        revision=link.configuration_revision,
        version=link.nixos_version,
        kernel=link.kernel,
    )


def _reboots(host: str, history: HostHistory) -> Iterator[Part]:
    kernel: str | None = None
    for boot in history.boots:
        if boot.is_certain and boot.at >= history.since:
            moment = HostMoment(host=host, at=boot.at, kernel_before=kernel, kernel_after=boot.kernel)
            yield Part(Kind.REBOOT, moment)
        kernel = boot.kernel


def _units(host: str, history: HostHistory) -> Iterator[Part]:
    by_unit: dict[str, list[UnitEvent]] = defaultdict(list)
    for event in sorted(history.units, key=lambda each: each.at):
        by_unit[event.unit].append(event)
    for unit, events in by_unit.items():
        yield from _of_unit(host, unit, events)


def _of_unit(host: str, unit: str, events: list[UnitEvent]) -> Iterator[Part]:
    """Failures that follow one another closely are one; a recovery is one that lasted."""
    failing: list[UnitEvent] = []
    recovered: UnitEvent | None = None
    for event in events:
        if not event.is_failure:
            recovered = recovered or event
            continue
        if failing and (event.at - failing[-1].at > RELAPSE_S):
            yield from _failure(host, unit, failing, recovered)
            failing = []
        failing.append(event)
        recovered = None
    if failing:
        yield from _failure(host, unit, failing, recovered)


def _failure(host: str, unit: str, failing: list[UnitEvent], recovered: UnitEvent | None) -> Iterator[Part]:
    result = next((each.result for each in failing if each.result and each.result != "failed"), failing[0].result)
    at, until = failing[0].at, failing[-1].at
    count = _attempts(failing)
    yield Part(Kind.FAILED, HostMoment(host=host, at=at, until=until, result=result, count=count), unit)
    if recovered is not None:
        yield Part(Kind.RECOVERED, HostMoment(host=host, at=recovered.at), unit)


def _attempts(failing: list[UnitEvent]) -> int:
    """systemd says twice that a start failed: of the unit, with its result, and of the job (`failed`)."""
    of_unit = sum(each.result not in ("failed", None) for each in failing)
    return max(1, of_unit)
