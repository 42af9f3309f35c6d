"""The timeline of a fleet: what hosts went through, and nixtui's own operations, put together so that one look tells.

The same switch on eight hosts is one line, and so is the unit that failed on all of them afterwards.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from nixtui.fleet.past import Part, parts_of
from nixtui.model.timeline import HostAnswer, HostMoment, Kind, Moment

if TYPE_CHECKING:  # values only; importing the journal would load sqlite
    from nixtui.operations.journal import Entry

TOGETHER_S: Final = 300.0
"""From one host to the next within one line: a wave of a rollout is through by then, a second incident not begun."""

_EARLY_S, _LATE_S = 15.0, 90.0
"""By how much a switch may be outside of its operation's recorded times: clocks differ, and the guard commits alone."""


def timeline(answers: Iterable[HostAnswer], entries: "Sequence[Entry]", since: float, now: float) -> tuple[Moment, ...]:
    """Every moment since a time (Unix seconds), newest first."""
    parts = [part for answer in answers for part in parts_of(answer)]
    by_id = {each.operation: each for each in entries}
    moments = [*_together(_attributed(parts, entries, now), by_id), *_operations(entries, since)]
    return tuple(sorted(moments, key=lambda each: (-each.at, each.key)))


def limited(
    moments: Iterable[Moment],
    *,
    kinds: Collection[Kind] = tuple(Kind),
    hosts: Collection[str] | None = None,
    text: str = "",
) -> tuple[Moment, ...]:
    """The moments of these kinds that have to do with any of these hosts, and have all words of a text in them."""
    words = text.lower().split()
    return tuple(
        each
        for each in moments
        if each.kind in kinds
        and (hosts is None or not set(each.names).isdisjoint(hosts))
        and all(word in _searched(each) for word in words)
    )


def change_before(moments: Iterable[Moment], at: float) -> Moment | None:
    """The last thing that changed what runs somewhere, at or before a moment."""
    return next((each for each in moments if each.is_change and each.at <= at), None)


def targets_before(moment: Moment) -> dict[str, str]:
    """Where each host of a switch would go to be back at what ran before it, as a target; hosts it is not known of are
    left out.

    By store path and not by time: what runs by now, and how often the host switched since, does not matter, and a
    rollback that was itself left again, which `@14:00` cannot see, does not mislead.
    """
    if moment.kind is not Kind.SWITCH:
        return {}
    return {
        each.host: f"path:{each.before.path}"
        for each in moment.hosts
        if each.before is not None and (each.after is None or each.before.path != each.after.path)
    }


def _searched(moment: Moment) -> str:
    said = [moment.unit, moment.operation, moment.operator, moment.title, moment.outcome, moment.kind.value]
    for each in moment.hosts:
        said += [each.host, each.result, each.kernel_after]
        for system in (each.before, each.after):
            if system is not None:
                said += [system.revision, system.version, system.path, str(system.generation or "")]
    return " ".join(each for each in said if each).lower()


def _attributed(parts: Iterable[Part], entries: "Sequence[Entry]", now: float) -> Iterator[Part]:
    """Every switch with the operation that it was part of: by the host's own record, else by the journal's times."""
    acted: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: each.started_at, reverse=True):
        for target in entry.plan.acting_on:
            acted[target.name].append(entry)
    for part in parts:
        moment = part.moment
        if part.kind is Kind.SWITCH and moment.operation is None:
            found = next((each for each in acted[moment.host] if _is_during(moment, each, now)), None)
            moment = msgspec.structs.replace(moment, operation=found.operation if found else None)
        yield Part(part.kind, moment, part.unit)


def _is_during(moment: HostMoment, entry: "Entry", now: float) -> bool:
    ended = now if entry.finished_at is None else entry.finished_at
    return entry.started_at - _EARLY_S <= moment.at <= ended + _LATE_S


def _together(parts: Iterable[Part], by_id: "dict[str, Entry]") -> Iterator[Moment]:
    alike: dict[tuple[object, ...], list[Part]] = defaultdict(list)
    for part in parts:
        alike[_sameness(part)].append(part)
    for group in alike.values():
        ordered = sorted(group, key=lambda each: each.moment.at)
        run = [ordered[0]]
        for part in ordered[1:]:
            if part.moment.at - run[-1].moment.at > TOGETHER_S or part.moment.host in {
                each.moment.host for each in run
            }:
                yield _moment(run, by_id)
                run = []
            run.append(part)
        yield _moment(run, by_id)


def _sameness(part: Part) -> tuple[object, ...]:
    """What parts of several hosts must have in common to be one line."""
    moment = part.moment
    match part.kind:
        case Kind.SWITCH:
            after, before = moment.after, moment.before
            revision = after.revision if after else None
            if revision is None:
                return (part.kind, moment.host, after.path if after else None)
            return (
                part.kind,
                revision,
                before.revision if before else None,
                moment.operation,
                moment.status in (0, None),
                moment.is_profile_only,
            )
        case Kind.REBOOT:
            return (part.kind, moment.kernel_before, moment.kernel_after)
        case _:
            return (part.kind, part.unit)


def _moment(parts: Sequence[Part], by_id: "dict[str, Entry]") -> Moment:
    operation = parts[0].moment.operation
    entry = by_id.get(operation or "")
    return Moment(
        kind=parts[0].kind,
        unit=parts[0].unit,
        hosts=tuple(each.moment for each in parts),
        operation=operation,
        operator=entry.operator if entry else None,
        origin=entry.origin if entry else None,
        title=entry.title if entry else None,
        outcome=_outcome(entry) if entry else None,
        reason=entry.reason if entry else None,
    )


def _operations(entries: "Iterable[Entry]", since: float) -> Iterator[Moment]:
    for entry in entries:
        if entry.started_at >= since:
            yield Moment(
                kind=Kind.OPERATION,
                hosts=tuple(HostMoment(host=each.name, at=entry.started_at) for each in entry.plan.targets),
                operation=entry.operation,
                operator=entry.operator,
                origin=entry.origin,
                title=entry.title,
                outcome=_outcome(entry),
                reason=entry.reason,
                started_at=entry.started_at,
            )


def _outcome(entry: "Entry") -> str | None:
    return entry.outcome.value if entry.outcome else None
