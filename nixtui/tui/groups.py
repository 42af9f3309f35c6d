"""The fleet by tag, environment, revision or state: which hosts belong together, and who among them is odd."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from nixtui.fleet.state import FleetState
from nixtui.model.selector import Subject
from nixtui.tui.hosts import Severity, condition, natural
from nixtui.tui.paint import Line, Role, Span, clean, line

_HEAD = "\0"
"""Begins the key of a heading; no host is called that."""

_NAMED = 3
"""So many hosts that differ are named in a heading; more are counted."""

_COUNTED = (
    ("✖", "key changed", (Severity.KEY_CHANGED,), Role.BAD),
    ("▲", "failing", (Severity.FAILED,), Role.BAD),
    ("✖", "unreachable", (Severity.UNREACHABLE,), Role.BAD),
    ("?", "locked out", (Severity.LOCKED_OUT,), Role.BAD),
    ("◐", "changing", (Severity.CHANGING,), Role.ACCENT),
    ("≠", "drifting", (Severity.DRIFTING,), Role.WARN),
    ("◆", "reboot", (Severity.REBOOT,), Role.WARN),
    ("◌", "connecting", (Severity.UNSEEN,), Role.MUTED),
)
_TROUBLE = frozenset({Severity.KEY_CHANGED, Severity.FAILED, Severity.UNREACHABLE, Severity.LOCKED_OUT})


class Grouping(NamedTuple):
    """What hosts are grouped by; `value_of` is `None` for those that have none."""

    id: str
    title: str
    value_of: Callable[[Subject], str | None]


def groupings(fleet: FleetState) -> list[Grouping]:
    """What this fleet can be grouped by: the tags that are there, and what every host has."""
    tags = sorted({key for host in fleet.hosts().values() for key in host.tags})
    return [grouping(name) for name in ("environment", "revision", "state", *(f"tag:{tag}" for tag in tags))]


def grouping(name: str) -> Grouping:
    """The grouping of that id."""
    match name:
        case "environment":
            return Grouping(name, "environment", lambda row: row.host.environment)
        case "revision":
            return Grouping(name, "configuration revision", _revision)
        case "state":
            return Grouping(name, "state", lambda row: condition(row).severity.name.lower().replace("_", " "))
    tag = name.removeprefix("tag:")
    return Grouping(name, f"tag {clean(tag)}", lambda row: row.host.tags.get(tag))


def _revision(row: Subject) -> str | None:
    revision = row.status.facts.configuration_revision
    return revision[:8] if revision else None


def head_key(value: str | None) -> str:
    """The key of a group's heading."""
    return _HEAD + ("=" + value if value is not None else "")


def is_head(key: str | None) -> bool:
    """True for the key of a heading, false for a host's."""
    return key is not None and key.startswith(_HEAD)


class Group(msgspec.Struct):
    """Hosts of one value, counted as they come and go."""

    value: str | None
    names: set[str] = msgspec.field(default_factory=set)
    severities: Counter[Severity] = msgspec.field(default_factory=Counter)
    revisions: dict[str, set[str]] = msgspec.field(default_factory=dict)

    @property
    def is_troubled(self) -> bool:
        """Somebody should look at one of its hosts."""
        return any(self.severities[each] for each in _TROUBLE)

    @property
    def by_revision(self) -> list[tuple[str, set[str]]]:
        """What its hosts run, what most of them run first."""
        return sorted(self.revisions.items(), key=lambda item: (-len(item[1]), item[0]))

    def heading(self, title: str, *, collapsed: bool, marked: int) -> Line:
        """`▾ web  8 hosts  ▲ 2 failing  ⇅ 1 on 7b1c0de: web-3   7 on 98fe21c`."""
        glyph = "▸" if collapsed else "▾"
        name = clean(self.value) if self.value is not None else f"no {title}"
        count = f"  {len(self.names)} {'host' if len(self.names) == 1 else 'hosts'}"
        marks = f"  {marked} marked" if marked else ""
        return (
            *line((f"{glyph} ", Role.ACCENT), (name, Role.STRONG), (count, Role.MUTED), (marks, Role.KEY)),
            *self._counts(),
            *self._revisions(),
        )

    def _counts(self) -> Iterable[Span]:
        for glyph, word, severities, role in _COUNTED:
            if number := sum(self.severities[each] for each in severities):
                yield Span(f"  {glyph} {number} {word}", role)

    def _revisions(self) -> Iterable[Span]:
        """More than half is what one expects; the others stand out, by name where they are few."""
        ordered = self.by_revision
        if len(ordered) == 1:
            yield Span(f"   all on {clean(ordered[0][0])}", Role.MUTED)
            return
        total = sum(len(names) for _, names in ordered)
        usual = ordered[:1] if ordered and 2 * len(ordered[0][1]) > total else []
        for revision, names in ordered[len(usual) : 4]:
            text = f"{len(names)} on {clean(revision)}"
            who = f": {', '.join(map(clean, sorted(names, key=natural)))}" if usual and len(names) <= _NAMED else ""
            yield Span(f"  ⇅ {text}{who}", Role.WARN) if usual else Span(f"   {text}", Role.MUTED)
        for revision, names in usual:
            yield Span(f"   {len(names)} on {clean(revision)}", Role.MUTED)
        if len(ordered) > 4:
            yield Span(f"  and {len(ordered) - 4} more revisions", Role.MUTED)


class Groups:
    """All groups, kept up to date host by host."""

    def __init__(self, by: Grouping) -> None:
        self.by = by
        self.collapsed: set[str] = set()
        self._groups: dict[str, Group] = {}
        self._of: dict[str, tuple[str, Severity, str | None]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def get(self, key: str) -> Group | None:
        """The group under a heading."""
        return self._groups.get(key)

    def key_of(self, name: str) -> str | None:
        """The heading that a host is under."""
        found = self._of.get(name)
        return found[0] if found else None

    def clear(self) -> None:
        """Nobody belongs anywhere; what is collapsed stays so."""
        self._groups.clear()
        self._of.clear()

    def put(self, row: Subject) -> bool:
        """A host is like this now; true when it is in another group than before, or its group is another one."""
        name, value = row.host.name, self.by.value_of(row)
        after = (head_key(value), condition(row).severity, _revision(row))
        before = self._of.get(name)
        if before == after:
            return False
        was_troubled = self._is_troubled(after[0])
        self.drop(name)
        key, severity, revision = self._of[name] = after
        group = self._groups.setdefault(key, Group(value))
        group.names.add(name)
        group.severities[severity] += 1
        if revision:
            group.revisions.setdefault(revision, set()).add(name)
        return before is None or before[0] != key or was_troubled != group.is_troubled

    def _is_troubled(self, key: str) -> bool:
        group = self._groups.get(key)
        return group is not None and group.is_troubled

    def drop(self, name: str) -> bool:
        """A host is not shown any more; true when it was."""
        before = self._of.pop(name, None)
        if before is None:
            return False
        key, severity, revision = before
        group = self._groups[key]
        group.names.discard(name)
        group.severities[severity] -= 1
        if revision:
            group.revisions[revision].discard(name)
            if not group.revisions[revision]:
                del group.revisions[revision]
        if not group.names:
            del self._groups[key]
        return True

    def toggle(self, key: str) -> None:
        """Show only the heading, or its hosts again."""
        self.collapsed ^= {key}

    def arrange(self, names: Iterable[str]) -> tuple[str, ...]:
        """Headings with their hosts under them: groups in trouble first, then by name; hosts in the given order."""
        under: dict[str, list[str]] = {key: [] for key in self._in_order()}
        for name in names:
            under[self._of[name][0]].append(name)
        arranged: list[str] = []
        for key, hosts in under.items():
            arranged.append(key)
            if key not in self.collapsed:
                arranged.extend(hosts)
        return tuple(arranged)

    def _in_order(self) -> Sequence[str]:
        def rank(key: str) -> tuple[bool, bool, tuple[tuple[int, int | str], ...]]:
            group = self._groups[key]
            return not group.is_troubled, group.value is None, natural(group.value or "")

        return sorted(self._groups, key=rank)
