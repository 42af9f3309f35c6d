"""The timeline in words: one sentence a moment, and an incident as Markdown for the ticket. Words of hosts are one line
each and escaped; whoever paints them still has to see to colours and widths.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from nixtui.model.host import Host
from nixtui.model.naming import one_line
from nixtui.model.status import HostStatus
from nixtui.model.store_path import short_name
from nixtui.model.timeline import HostAnswer, HostMoment, Kind, Moment, System

_MOST_NAMED: Final = 2
_REVISION: Final = 7
UNKNOWN: Final = "–"


def hosts_in_words(names: Sequence[str]) -> str:
    """`web-12 web-14`, `web-10 … web-17 (8)`."""
    if len(names) <= _MOST_NAMED:
        return " ".join(one_line(each) for each in names)
    ordered = sorted(names, key=lambda name: (len(name), name))
    return f"{one_line(ordered[0])} … {one_line(ordered[-1])} ({len(names)})"


def sentence(moment: Moment) -> str:
    """What happened, without when and where."""
    match moment.kind:
        case Kind.SWITCH:
            return one_line(_switch(moment))
        case Kind.REBOOT:
            return one_line(_reboot(moment.hosts[0]))
        case Kind.FAILED:
            return one_line(_failed(moment))
        case Kind.RECOVERED:
            return one_line(f"{moment.unit} runs again")
        case Kind.OPERATION:
            return one_line(_operation(moment))


def _switch(moment: Moment) -> str:
    pairs = {(_label(each.before), _label(each.after)) for each in moment.hosts}
    first = moment.hosts[0]
    before, after = _label(first.before), _label(first.after)
    if len(pairs) == 1:
        change = f"generation {before} → {after}" if before != after else f"generation {after} activated again"
    else:
        change = f"{len(moment.hosts)} hosts switched"
    old, new = _revision(first.before), _revision(first.after)
    if new is not None and old != new:
        change += f", rev {old or UNKNOWN} → {new}"
    elif new is not None and len(pairs) > 1:
        change += f", rev {new}"
    failed = sorted({each.status for each in moment.hosts if each.status})
    if failed:
        change += f", exit {', '.join(map(str, failed))}"
    if first.is_profile_only:
        change += " (profile; no activation seen)"
    return change + _attribution(moment)


def _attribution(moment: Moment) -> str:
    if moment.operation is None:
        return ""
    if moment.operator is None:
        return f"  (another operator's nixtui, operation {moment.operation[:8]})"
    kind = (moment.title or "operation").split(" ", 1)[0].lower()
    return f"  ({kind} by {moment.operator}, operation {moment.operation[:8]})"


def _label(system: System | None) -> str:
    if system is None:
        return UNKNOWN
    return str(system.generation) if system.generation is not None else short_name(system.path)


def _revision(system: System | None) -> str | None:
    return system.revision[:_REVISION] if system is not None and system.revision else None


def _reboot(each: HostMoment) -> str:
    if each.kernel_before and each.kernel_after and each.kernel_before != each.kernel_after:
        return f"rebooted (kernel {each.kernel_before} → {each.kernel_after})"
    return f"rebooted (kernel {each.kernel_after})" if each.kernel_after else "rebooted"


def _failed(moment: Moment) -> str:
    times = sum(each.count for each in moment.hosts)
    often = f", {times} times" if times > len(moment.hosts) else ""
    results = sorted({each.result for each in moment.hosts if each.result} - {"exit-code", "failed"})
    why = f" ({', '.join(results)})" if results else ""
    return f"{moment.unit} failed{why}{often}"


def _operation(moment: Moment) -> str:
    ended = moment.outcome or "not ended"
    return f"{moment.title} by {moment.operator}: {ended}  (operation {(moment.operation or '')[:8]})"


def clock(at: float) -> str:
    """`2026-11-26 03:12:05`, in UTC; also for times that hosts made up."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


def skew_in_words(answer: HostAnswer) -> str | None:
    """`its clock is 42 s ahead of ours; its times are corrected by that`."""
    if not answer.skew:
        return None
    side = "ahead of" if answer.skew > 0 else "behind"
    return f"its clock is {abs(answer.skew):.0f} s {side} ours; its times are corrected by that"


def gaps(answers: Iterable[HostAnswer], unasked: Iterable[str] = ()) -> list[str]:
    """What the timeline may lack, one sentence a host."""
    found = []
    for answer in answers:
        if answer.problem is not None:
            found.append(f"{answer.host}: could not be asked: {answer.problem}")
        elif answer.history is not None:
            found += [f"{answer.host}: incomplete: {why}" for why in answer.history.incomplete]
        if skewed := skew_in_words(answer):
            found.append(f"{answer.host}: {skewed}")
    found += [f"{name}: not asked" for name in unasked]
    return [one_line(each) for each in found]


def markdown(
    moments: Sequence[Moment],
    *,
    fleet: str,
    since: float,
    now: float,
    asked_about: float | None,
    hosts: Mapping[str, tuple[Host, HostStatus]],
    lacking: Sequence[str],
) -> str:
    """The incident for a ticket: the timeline oldest first, the hosts it is about as they are now, the operations."""
    head = [f"**Incident timeline of {_cell(fleet)}** — {clock(since)} to {clock(now)} UTC", ""]
    if asked_about is not None:
        head += [f"Asked: what changed before {clock(asked_about)} UTC?", ""]
    rows = ["| when (UTC) | hosts | what |", "| --- | --- | --- |"]
    marked = asked_about is None
    for moment in sorted(moments, key=lambda each: each.at):
        if not marked and asked_about is not None and moment.at > asked_about:
            rows.append(f"| **{clock(asked_about)}** | | **the moment asked about** |")
            marked = True
        rows.append(f"| {clock(moment.at)} | {_cell(', '.join(moment.names))} | {_cell(sentence(moment))} |")
    if not marked and asked_about is not None:
        rows.append(f"| **{clock(asked_about)}** | | **the moment asked about** |")
    return "\n".join([*head, *rows, *_now(hosts), *_done(moments), *_lacking(lacking)]) + "\n"


def _now(hosts: Mapping[str, tuple[Host, HostStatus]]) -> list[str]:
    if not hosts:
        return []
    rows = [
        "",
        "Hosts now:",
        "",
        "| host | state | generation | revision | failed units |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, (_, status) in hosts.items():
        facts = status.facts
        revision = (facts.configuration_revision or UNKNOWN)[:8]
        failed = UNKNOWN if facts.failed_units is None else ", ".join(facts.failed_units) or "none"
        cells = (name, status.state.value, str(facts.generation or UNKNOWN), revision, failed)
        rows.append("| " + " | ".join(map(_cell, cells)) + " |")
    return rows


def _done(moments: Iterable[Moment]) -> list[str]:
    operations = [each for each in moments if each.kind is Kind.OPERATION]
    if not operations:
        return []
    lines = ["", "Operations:", ""]
    for each in sorted(operations, key=lambda each: each.at):
        why = f", because: {each.reason}" if each.reason else ""
        lines.append(
            f"- {clock(each.at)} `{_cell(each.operation or UNKNOWN)}` {_cell(each.title or '')} — "
            f"{_cell(each.outcome or 'not ended')}, by {_cell(each.operator or UNKNOWN)}{_cell(why)}"
        )
    return lines


def _lacking(lacking: Sequence[str]) -> list[str]:
    return ["", "Not complete:", "", *(f"- {_cell(each)}" for each in lacking)] if lacking else []


def _cell(text: str) -> str:
    """One line that Markdown takes for text, whatever a host called its unit."""
    escaped = one_line(text).replace("\\", "\\\\")
    for sign in "|`<[":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
