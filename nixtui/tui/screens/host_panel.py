"""The selected host in words: what is wrong and for how long first, then what it runs and how it is."""

from collections.abc import Iterator, Sequence

from nixtui.fleet.since import since
from nixtui.model.generation import Generation, Generations
from nixtui.model.host import Host
from nixtui.model.status import HostFacts, HostState, HostStatus
from nixtui.operations.report import Outcome
from nixtui.tui import units
from nixtui.tui.groups import Group
from nixtui.tui.hosts import HostRow, condition, disk_role, is_old, load_line, natural
from nixtui.tui.last_actions import action_line
from nixtui.tui.machines import machine_facts, machine_warnings
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, clean, fit, line, said, width, wrap
from nixtui.tui.systems import version_of

_LABEL = 10
_BAR = 12
_NAMED_IN_GROUP = 24
_SAME_S = 900
"""An operation that ended this close to the last change of the profile is what changed it."""

_NEXT_STEP = {
    HostState.UNREACHABLE: "ctrl+r asks again",
    HostState.AUTH_FAILED: "check the key and the user in nixtui.toml or ~/.ssh/config",
    HostState.HOST_KEY_CHANGED: "do not connect until you know why: reinstalled, or somebody in between",
    HostState.HOST_KEY_UNKNOWN: "compare the fingerprint, then accept it with ssh-keyscan or ssh",
}


def host_panel(row: HostRow, cells: int, known: Generations | None = None, usual: str | None = None) -> list[Line]:
    """The lines of the panel, each at most `cells` wide.

    `known` are the host's generations if they were asked before, `usual` the revision most of its peers run.
    """
    facts = row.status.facts
    lines = [*_headline(row, cells), EMPTY]
    if warnings := list(machine_warnings(row, cells)):
        lines += [*warnings, EMPTY]
    for label, value in (*_properties(row, known, usual), *_figures(row.status, row.loads)):
        lines.extend(_labelled(label, value, cells))
    if facts.failed_units:
        lines += [EMPTY, line(("failed units", Role.MUTED))]
        lines += [fit(line(("  ▲ ", Role.BAD), clean(unit)), cells) for unit in facts.failed_units[:8]]
        if len(facts.failed_units) > 8:
            lines.append(line((f"  and {len(facts.failed_units) - 8} more", Role.MUTED)))
    lines.append(EMPTY)
    for label, value in (*_identity(row.host), *machine_facts(row)):
        lines.extend(_labelled(label, value, cells))
    return lines


def group_panel(group: Group, cells: int) -> list[Line]:
    """A group under the cursor: which revisions its hosts run, and which hosts those are."""
    lines = [line((f"{len(group.names)} hosts", Role.STRONG))]
    ordered = group.by_revision
    total = sum(len(names) for _, names in ordered)
    for number, (revision, names) in enumerate(ordered):
        is_odd = number > 0 and 2 * len(ordered[0][1]) > total
        glyph = Span("⇅ ", Role.WARN) if is_odd else Span("  ", Role.MUTED)
        lines += [EMPTY, fit(line(glyph, f"{len(names)} on ", (clean(revision), Role.STRONG)), cells)]
        some = sorted(names, key=natural)[:_NAMED_IN_GROUP]
        more = f", and {len(names) - len(some)} more" if len(names) > len(some) else ""
        lines += wrap(", ".join(map(clean, some)) + more, cells, Role.MUTED, indent="  ")
    if silent := len(group.names) - total:
        lines += [EMPTY, line((f"{silent} never said what they run", Role.FAINT))]
    return lines


def _headline(row: HostRow, cells: int) -> Iterator[Line]:
    status, found = row.status, condition(row)
    began = since(row)
    lasted = f", for {units.span(row.now - began)}" if began is not None else ""
    yield from wrap(f"{found.glyph} {found.words}{lasted}", cells, found.role)
    if status.reason and clean(status.reason) != found.words:
        yield from wrap(status.reason, cells, Role.TEXT, indent="  ")
    step = _NEXT_STEP.get(status.state)
    is_refused = status.state in (HostState.HOST_KEY_UNKNOWN, HostState.HOST_KEY_CHANGED)
    if status.remedy is not None and step is not None and (is_refused or row.host.instance is not None):
        step = status.remedy  # it has the very line to type or to remove, or the other ways in
    if step is not None:
        yield from wrap(step, cells, Role.MUTED, indent="  ")
    if is_old(row) and status.observed_at is not None:
        yield from wrap(
            f"seen {units.span(row.now - status.observed_at)} ago; the figures are of then",
            cells,
            Role.WARN,
            indent="  ",
        )


def _labelled(label: str, value: Line, cells: int) -> Iterator[Line]:
    head = Span(label.ljust(_LABEL), Role.MUTED)
    yield fit((head, *value), cells) if width(value) + _LABEL > cells else (head, *value)


def _properties(row: HostRow, known: Generations | None, usual: str | None) -> Iterator[tuple[str, Line]]:
    facts = row.status.facts
    yield "running", _running(facts)
    if (before := _before(known)) is not None:
        yield "before", _generation(before.number, version_of(before), before.configuration_revision)
    if row.is_outlier and usual is not None:
        yield "peers", line(("⇅ ", Role.WARN), "most run rev ", (clean(usual)[:8], Role.STRONG))
    yield "booted", _booted(facts)
    if row.status.is_drifting:
        yield "profile", line(("≠ ", Role.WARN), said(facts.profile_system and facts.profile_system[44:]))
    last = row.last
    is_ours = last is not None and abs(last.at - (facts.switched_at or 0)) < _SAME_S
    if facts.switched_at is not None:
        who = f" by {clean(last.operator)}: {clean(last.verb)}" if last and is_ours and last.operator else ""
        moment = "" if who else f"  {units.moment(facts.switched_at)}Z"
        yield "changed", line(f"{units.span(row.now - facts.switched_at)} ago{who}", (moment, Role.FAINT))
    if last is not None and not (is_ours and last.outcome is Outcome.COMMITTED):
        yield "last", action_line(last, row.now)
    if facts.lock is not None:
        held = f"{clean(facts.lock.operator)}, operation {clean(facts.lock.operation)[:8]}"
        yield "locked", line(("◐ ", Role.ACCENT), f"{held}, {units.span(row.now - facts.lock.since)}")
        until = _until(row.status, row.now)
        yield "", line((until, Role.WARN), ("L", Role.KEY), (" breaks it", Role.MUTED))
    if facts.leftovers:
        yield "left over", line(("! ", Role.WARN), f"{len(facts.leftovers)} from operations that ended")


def _until(status: HostStatus, now: float) -> str:
    """When a host that somebody armed goes back by itself, as far as it says so."""
    if status.facts.lock_deadline is None or status.booted_at is None:
        return ""
    return f"goes back in {units.countdown(status.booted_at + status.facts.lock_deadline - now)}  "


def _running(facts: HostFacts) -> Line:
    return _generation(facts.generation, facts.nixos_version, facts.configuration_revision)


def _generation(number: int | None, version: str | None, revision: str | None) -> Line:
    """`gen 412  25.11.20261120  rev 98fe21c4`."""
    return line(
        (f"gen {number}  " if number is not None else "", Role.STRONG),
        said(version),
        (f"  rev {clean(revision)[:8]}" if revision else "", Role.MUTED),
    )


def _before(known: Generations | None) -> Generation | None:
    """What a rollback would go to: the newest one that is older than what runs and still there."""
    running = known.running if known else None
    if known is None or running is None:
        return None
    return next((each for each in known.items if each.number < running.number and each.path_exists), None)


def _booted(facts: HostFacts) -> Line:
    kernel = f"  kernel {clean(facts.kernel_running)}" if facts.kernel_running else ""
    if facts.booted_system is None:
        return line((UNKNOWN, Role.FAINT), (kernel, Role.MUTED))
    same = facts.booted_system == facts.current_system
    first = Span("what runs", Role.TEXT) if same else Span("another system", Role.TEXT)
    reason = clean(facts.reboot_reason) if facts.reboot_reason else "reboot needed"
    reboot = Span(f"  ◆ {reason}", Role.WARN) if facts.reboot_needed else Span("")
    return line(first, (kernel, Role.MUTED), reboot)


def _figures(status: HostStatus, loads: Sequence[float | None]) -> Iterator[tuple[str, Line]]:
    facts = status.facts
    if facts.load is not None:
        figures = "  ".join(f"{each:.2f}" for each in facts.load)
        yield "load", line((f"{load_line(loads, _BAR)} ", Role.ACCENT), f" {figures}")
    if facts.memory is not None and facts.memory.total:
        used = facts.memory.total - facts.memory.available
        text = (
            f" {units.percent(facts.memory.used_fraction):>4}  {units.size(used)} of {units.size(facts.memory.total)}"
        )
        yield "memory", line(*gauge(facts.memory.used_fraction, Role.ACCENT), text)
    for disk in facts.disks or ():
        role = disk_role(disk.used_fraction)
        text = f" {units.percent(disk.used_fraction):>4}  {units.size(disk.available)} free"
        colour = role if role is not Role.TEXT else Role.ACCENT
        yield f"{clean(disk.mount)[: _LABEL - 1]}", line(*gauge(disk.used_fraction, colour), (text, role))
    if facts.uptime_s is not None:
        state = clean(facts.systemd_state) if facts.systemd_state else UNKNOWN
        yield "up", line(units.span(facts.uptime_s), (f"  systemd {state}", Role.MUTED))


def gauge(fraction: float, role: Role) -> tuple[Span, Span]:
    """A thin bar on a thinner rule: read at a glance, and not louder than the words beside it."""
    full, rest = units.bar(fraction, _BAR)
    return Span(full, role), Span(rest, Role.FRAME)


def _identity(host: Host) -> Iterator[tuple[str, Line]]:
    user = f"{host.user}@" if host.user else ""
    port = f":{host.port}" if host.port else ""
    yield "address", (said(f"{user}{host.address}{port}"),)
    if host.tags:
        yield "tags", (said("  ".join(f"{key}={value}" for key, value in host.tags.items())),)
    if host.sources:
        yield "source", (said(", ".join(host.sources), Role.MUTED),)


def why_empty(known: int, filtered_by: str, notes: Sequence[str]) -> list[Line]:
    """Why no host is shown, and what to do about it."""
    if known:
        return [
            line(("No host matches ", Role.TEXT), (clean(filtered_by), Role.ACCENT)),
            line(
                ("esc", Role.KEY), (" shows more, ", Role.MUTED), ("/", Role.KEY), (" changes the filter", Role.MUTED)
            ),
        ]
    return [
        line("No host is known yet."),
        line(
            (
                "They come from nixtui.toml, from a flake's nixosConfigurations, or from EC2; sources that are slow",
                Role.MUTED,
            )
        ),
        line(
            ("show up here by themselves. ", Role.MUTED),
            ("nixtui init", Role.KEY),
            (" proposes a configuration.", Role.MUTED),
        ),
        EMPTY,
        *(line(("! ", Role.WARN), clean(note)) for note in notes),
    ]
