"""Instances as rows of a table, and one of them in full."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from nixtui.aws.instances import Instance
from nixtui.instances.doors import Door
from nixtui.instances.refreshing import Refresh, no_way_back
from nixtui.instances.standing import Standing
from nixtui.model.host import Host
from nixtui.model.image import RegionTrouble
from nixtui.tui import units
from nixtui.tui.hosts import natural
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line, said, wrap
from nixtui.tui.widgets.columns import Column

_LABEL = 12
_SYSTEM = re.compile(r"-(x86_64|aarch64)-linux(?=$|\.)")
"""What names of images end in says nothing that the type does not."""

_STATES = {
    "running": ("●", Role.GOOD),
    "pending": ("◌", Role.ACCENT),
    "stopping": ("◌", Role.WARN),
    "stopped": ("○", Role.WARN),
}


class InstanceRow(msgspec.Struct, frozen=True):
    """An instance with the host that it is, and `text`, in small letters, which a filter looks at."""

    standing: Standing
    host: Host | None
    text: str

    @property
    def instance(self) -> Instance:
        """What it is about."""
        return self.standing.instance

    @property
    def failed_checks(self) -> str | None:
        """Which status checks failed."""
        return self.standing.checks.failed if self.standing.checks is not None else None

    @property
    def is_problem(self) -> bool:
        """One should look at it."""
        checks = self.standing.checks
        return bool(
            self.failed_checks
            or (checks is not None and checks.events)
            or self.standing.drift
            or self.instance.state != "running"
        )


def key_of(standing: Standing) -> str:
    """`prod/eu-central-1/i-0…`: login, region and id."""
    instance = standing.instance
    return "/".join(part for part in (instance.login, instance.region, instance.identity) if part)


def instance_row(standing: Standing, host: Host | None) -> InstanceRow:
    """The row, with everything that names it in its text."""
    instance, group = standing.instance, standing.group
    parts = (
        instance.name, instance.identity, instance.state, instance.kind, instance.zone or instance.region,
        instance.image, standing.image_name, instance.group, group.template_name if group else None,
        instance.private_address, instance.public_address, instance.login, instance.account,
        "drift" if standing.drift else "",
        "event" if standing.checks and standing.checks.events else "", "gone" if _is_gone(standing) else "",
        "impaired" if standing.checks and standing.checks.failed else "",
        *(f"{key}={value}" for key, value in instance.tags.items() if not key.startswith("aws:")),
    )  # fmt: skip
    return InstanceRow(standing, host, " ".join(each for each in parts if each).lower())


def matches(row: InstanceRow, words: Sequence[str]) -> bool:
    """Whether every word (small letters) is in the row's text, and none that has `!` before it."""
    text = row.text
    return all(word[1:] not in text if word[0] == "!" and len(word) > 1 else word in text for word in words)


def columns(now: Callable[[], float], *, of_logins: bool = False) -> tuple[Column[InstanceRow], ...]:
    """In the order they are read; whose each is where there are several logins."""
    login = (Column("login", "LOGIN", 8, _login, 1, 20, sort=lambda row: row.instance.login),)
    return (
        Column("name", "NAME", 14, _name, 0, 20, sort=lambda row: natural(row.instance.name)),
        *(login if of_logins else ()),
        Column("state", "STATE", 9, _state, 0, 10, sort=lambda row: row.instance.state),
        Column("checks", "CHECKS", 10, _checks, 1, 14, sort=_checks_rank),
        Column("zone", "ZONE", 13, lambda row: (said(_zone(row)),), 2, 15, sort=_zone),
        Column("replacement", "REPLACEMENT", 13, _replacement, 2, 13, sort=_replacement_sort),
        Column("image", "IMAGE", 26, image_name, 3, 44, sort=_image_sort),
        Column("type", "TYPE", 11, lambda row: (said(row.instance.kind),), 4, 14, sort=lambda row: row.instance.kind),
        Column("group", "GROUP", 10, lambda row: (said(row.instance.group),), 5, 22, sort=_group_sort),
        Column("template", "TEMPLATE", 11, _template, 6, 24, sort=_template_sort),
        Column("event", "EVENT", 12, _event, 7, 20, sort=lambda row: not _events(row)),
        Column("age", "AGE", 4, lambda row: _age(row, now()), 8, right=True, sort=_age_sort),
        Column("instance", "INSTANCE", 19, _identity, 9, sort=lambda row: row.instance.identity),
    )


def sort_key(column: Column[InstanceRow]) -> Callable[[InstanceRow], Any]:
    """What rows are ordered by: the column, what is not known last, then their names."""
    by = column.sort or (lambda row: row.instance.name)

    def key(row: InstanceRow) -> Any:
        value = by(row)
        return value is None, value if value is not None else 0, natural(row.instance.name), row.instance.identity

    return key


def _name(row: InstanceRow) -> Line:
    return (said(row.instance.name, Role.STRONG if row.host is not None else Role.TEXT),)


def _login(row: InstanceRow) -> Line:
    return (said(row.instance.login, Role.MUTED),)


def _state(row: InstanceRow) -> Line:
    glyph, role = _STATES.get(row.instance.state, ("✖", Role.BAD))
    return line((f"{glyph} {clean(row.instance.state)}", role))


def _checks_rank(row: InstanceRow) -> int | None:
    checks = row.standing.checks
    return None if checks is None else 0 if checks.failed else 1 if checks.odd else 2


def _checks(row: InstanceRow) -> Line:
    checks = row.standing.checks
    if checks is None:
        return line((UNKNOWN, Role.FAINT))
    event = (" ◷" if checks.events else "", Role.WARN)
    if checks.failed:
        return line((f"✖ {'both' if ' and ' in checks.failed else checks.failed}", Role.BAD), event)
    if checks.odd is None:
        return line(("ok", Role.GOOD), event)
    return line((clean(checks.odd), Role.MUTED if row.instance.state != "running" else Role.WARN), event)


def _identity(row: InstanceRow) -> Line:
    return (said(row.instance.identity, Role.MUTED),)


def _group_sort(row: InstanceRow) -> str | None:
    return row.instance.group


def _replacement_sort(row: InstanceRow) -> tuple[bool, bool]:
    return row.standing.drift is None, row.instance.group is None


def _age_sort(row: InstanceRow) -> float:
    return -(row.instance.launched_at or 0)


def _events(row: InstanceRow) -> tuple[str, ...]:
    return row.standing.checks.events if row.standing.checks is not None else ()


def _zone(row: InstanceRow) -> str:
    return row.instance.zone or row.instance.region


def _is_gone(standing: Standing) -> bool:
    return standing.image is None and standing.instance.image is not None


def image_name(row: InstanceRow) -> Line:
    """The image by its name, by its id where the name is not known, and whether it is there no longer."""
    standing = row.standing
    name = _SYSTEM.sub("", standing.image_name) if standing.image_name else standing.instance.image
    if not _is_gone(standing):
        return (said(name),)
    word = "gone: " if standing.image_name else "not seen: "
    return line((word, Role.WARN), (clean(name or ""), Role.MUTED))


def _image_sort(row: InstanceRow) -> str | None:
    return row.standing.image_name or row.instance.image


def _template_sort(row: InstanceRow) -> str | None:
    return (row.instance.template or (None,))[0]


def _template(row: InstanceRow) -> Line:
    if (template := row.instance.template) is None:
        return line((UNKNOWN, Role.FAINT))
    group = row.standing.group
    named = group.template_name if group is not None and group.template == template[0] else None
    return line((clean(named or template[0]), Role.MUTED), (f":{clean(template[1])}", Role.TEXT))


def _event(row: InstanceRow) -> Line:
    events = _events(row)
    if not events:
        return line((UNKNOWN, Role.FAINT))
    return line((f"◷ {clean(events[0].partition(' from ')[0].removeprefix('instance-'))}", Role.WARN))


def _replacement(row: InstanceRow) -> Line:
    group = row.standing.group
    if row.standing.drift:
        return line(("◆ other image", Role.WARN))
    if group is None:
        return line((UNKNOWN, Role.FAINT))
    if group.image is None:
        return line(("not known", Role.WARN))
    return line(("same image" if group.starts == row.instance.image else "by parameter", Role.MUTED))


def _age(row: InstanceRow, now: float) -> Line:
    at = row.instance.launched_at
    return line((UNKNOWN if at is None else units.age(now - at), Role.MUTED))


# One in full


def instance_lines(row: InstanceRow, cells: int) -> Iterator[Line]:
    """What it is and how it is."""
    instance, standing = row.instance, row.standing
    host = row.host.name if row.host is not None else "none of this fleet"
    machine = ", ".join(each for each in (instance.kind, instance.architecture, instance.boot_mode) if each)
    gone = "" if not _is_gone(standing) else " (deregistered)" if standing.image_name else " (gone, or not shared)"
    whose = f"{instance.login}{f', account {instance.account}' if instance.account else ''}" if instance.login else None
    image = " ".join(each for each in (standing.image_name, instance.image or UNKNOWN) if each)
    yield from _labelled_all(
        cells,
        ("instance", f"{instance.identity}, {instance.state} in {_zone(row)}", Role.TEXT),
        ("login", whose, Role.TEXT),
        ("host", host, Role.STRONG if row.host is not None else Role.MUTED),
        ("checks", str(standing.checks or "not known"), Role.BAD if row.failed_checks else Role.TEXT),
        *(("event", each, Role.WARN) for each in _events(row)),
        ("machine", machine, Role.TEXT),
        ("image", f"{image}{gone}", Role.WARN if gone else Role.TEXT),
    )


def placing_lines(row: InstanceRow, now: float, cells: int) -> Iterator[Line]:
    """Where it is, and since when."""
    instance = row.instance
    up = UNKNOWN if instance.launched_at is None else f"{units.moment(instance.launched_at)}Z"
    age = "" if instance.launched_at is None else f", {units.span(now - instance.launched_at)} ago"
    addresses = (instance.private_address, f"public {instance.public_address}" if instance.public_address else None)
    tags = "  ".join(f"{key}={value}" for key, value in sorted(instance.tags.items()) if not _is_shown(key))
    yield from _labelled_all(
        cells,
        ("addresses", ", ".join(each for each in addresses if each), Role.TEXT),
        ("launched", f"{up}{age}", Role.TEXT),
        ("key pair", instance.key_pair, Role.TEXT),
        ("profile", (instance.profile or "").rpartition("/")[2], Role.TEXT),
        ("subnet", instance.subnet, Role.TEXT),
        ("security", " ".join(instance.security_groups), Role.TEXT),
        ("tags", tags, Role.MUTED),
    )


def _labelled_all(cells: int, *told: tuple[str, str | None, Role]) -> Iterator[Line]:
    for label, value, role in told:
        if value:
            yield from labelled(label, value, cells, role)


def _is_shown(tag: str) -> bool:
    return tag == "Name" or tag.startswith("aws:")


def labelled(label: str, value: str, cells: int, role: Role = Role.TEXT) -> Iterator[Line]:
    """`label       value`, the value over as many lines as it takes."""
    first, *rest = wrap(value, max(10, cells - _LABEL), role) or [EMPTY]
    yield line((label.ljust(_LABEL), Role.MUTED)) + first
    yield from (line(" " * _LABEL) + each for each in rest)


def group_lines(row: InstanceRow, refresh: Refresh | None, problem: str | None, cells: int) -> Iterator[Line]:
    """Its auto scaling group: what it would start instead, whether a roll could be taken back, and one that runs."""
    group = row.standing.group
    if group is None:
        if row.instance.group:
            yield from labelled("group", f"{row.instance.group}, of which nothing could be seen", cells, Role.WARN)
        return
    template = group.template_name or group.template or "no launch template"
    number = f" ({group.number})" if group.number and group.number != group.version else ""
    yield from labelled("group", f"{group.name}, {len(group.members)} of {group.wanted} instances", cells)
    yield from labelled("starts", f"{template} version {group.version or UNKNOWN}{number}", cells)
    if row.standing.drift and group.starts:
        instead = row.standing.group_image
        name = f"{instead.name} ({group.starts})" if instead is not None else group.starts
        yield from labelled("replacement", f"◆ would come up on {name}", cells, Role.WARN)
    elif group.image is None:
        yield from labelled("replacement", "what it would come up on cannot be seen", cells, Role.WARN)
    else:
        same = "on the same image" if group.starts == row.instance.image else f"on what {group.image} says then"
        yield from labelled("replacement", f"would come up {same}", cells, Role.MUTED)
    why_not = no_way_back(group)
    back = f"no way back: {why_not}" if why_not else "can be rolled back while it runs"
    yield from labelled("a roll", back, cells, Role.WARN if why_not else Role.MUTED)
    if problem is not None:
        yield from labelled("refresh", f"not known: {problem}", cells, Role.WARN)
    elif refresh is not None:
        told = f"{refresh.status}, {refresh.percent} %" + (f": {refresh.reason}" if refresh.reason else "")
        yield from labelled("refresh", told, cells, Role.ACCENT if refresh.is_running else Role.MUTED)


def door_lines(found: Sequence[Door] | None, problem: str | None, cells: int) -> Iterator[Line]:
    """The ways in, in the order in which they can work. `None` while that is asked."""
    yield EMPTY
    yield line(("Ways in", Role.HEAD))
    if problem is not None:
        yield from wrap(f"✖ {problem}", cells, Role.WARN)
        return
    if found is None:
        yield line(("asking …", Role.ACCENT))
        return
    for each in found:
        glyph, role = ("✗", Role.MUTED) if each.closed else ("?", Role.TEXT) if each.doubt else ("✓", Role.GOOD)
        yield line((f"{glyph} ", role), (each.name, Role.FAINT if each.closed else Role.STRONG))
        for reason in filter(None, (each.closed, None if each.closed else each.doubt)):
            yield from wrap(reason, cells, Role.MUTED, indent="  ")
        if not each.closed:
            yield from wrap(each.words, cells, Role.ACCENT, indent="  ")


def trouble_lines(troubles: Sequence[RegionTrouble], cells: int) -> Iterator[Line]:
    """What regions did not tell."""
    for each in troubles:
        yield from wrap(f"✖ {each.region}: {each.reason}", cells, Role.BAD)
        yield from wrap(f"→ {each.remedy}", cells, Role.ACCENT, indent="  ") if each.remedy else ()
