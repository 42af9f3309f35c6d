"""What is between two systems besides packages, in lines to read: commits, versions, kernel, units, reboot."""

from collections.abc import Iterator

from nixtui.model.anatomy import SystemDiff, UnitChanges
from nixtui.model.commit import Commit, CommitRange
from nixtui.remote.reboot import reboot_reason
from nixtui.tui.paint import UNKNOWN, Line, Role, clean, fit, line, width, wrap

_LABEL = 9
_COMMITS = 6
_UNITS = 12


def commits_sentence(commits: CommitRange, cells: int) -> Line:
    """`2 commits undone: "nginx: http3", "bump openssl"`, cut where the line ends."""
    if commits.unknown is not None:
        return fit(line((f"commits not known: {clean(commits.unknown)}", Role.FAINT)), cells)
    parts: list[str | tuple[str, Role]] = []
    for word, listed in (("undone", commits.undone), ("added", commits.added)):
        if listed:
            subjects = ", ".join(f'"{clean(each.subject)}"' for each in listed[:_COMMITS])
            parts += [(f"{_count(commits, listed)} {word}: ", Role.STRONG), (f"{subjects}  ", Role.TEXT)]
    if not parts:
        parts = [("no commit in between", Role.MUTED)]
    if commits.dirty:
        parts.append(("  built with uncommitted changes", Role.WARN))
    return fit(line(*parts), cells)


def _count(commits: CommitRange, listed: tuple[Commit, ...]) -> str:
    more = "+" if commits.more else ""
    return f"{len(listed)}{more} commit{'' if len(listed) == 1 and not more else 's'}"


def commit_lines(commits: CommitRange, cells: int) -> Iterator[Line]:
    """The commits, one a line, those that are undone first."""
    if commits.unknown is not None:
        yield from wrap(f"commits not known: {commits.unknown}", cells, Role.FAINT)
        return
    for word, glyph, role, listed in (
        ("undone", "−", Role.BAD, commits.undone),
        ("added", "+", Role.GOOD, commits.added),
    ):
        if not listed:
            continue
        yield fit(line((f"{_count(commits, listed)} {word}", Role.STRONG)), cells)
        for each in listed[:_COMMITS]:
            yield fit(line((f"{glyph} ", role), (f"{each.revision[:8]} ", Role.MUTED), clean(each.subject)), cells)
        if len(listed) > _COMMITS:
            yield line((f"  and {len(listed) - _COMMITS} more", Role.FAINT))
    for revision in commits.dirty:
        yield from wrap(f"! {revision[:8]} was built with uncommitted changes", cells, Role.WARN)


def system_lines(systems: SystemDiff, cells: int) -> Iterator[Line]:
    """Every unit that differs, versions, kernel, what only a boot takes up, specialisations."""
    before, after = systems.before, systems.after
    yield from _units(systems.units, cells)
    for label, old, new in (
        ("revision", _short(before.revision), _short(after.revision)),
        ("NixOS", before.nixos_version, after.nixos_version),
        ("kernel", before.kernel, after.kernel),
    ):
        if old is not None or new is not None:
            yield fit(_between(label, old, new), cells)
    text, role = _reboot(systems)
    yield from wrap(text, cells, role)
    for glyph, names in (("+", systems.specialisations_added), ("−", systems.specialisations_removed)):
        if names:
            yield fit(line(("special. ", Role.MUTED), f"{glyph} {', '.join(map(clean, names))}"), cells)


def _reboot(systems: SystemDiff) -> tuple[str, Role]:
    if systems.boot_parts is None:
        return "whether it takes a reboot is not known", Role.FAINT
    if not systems.boot_parts:
        return "no reboot between them", Role.MUTED
    kernels = (systems.before.kernel or "-", systems.after.kernel or "-")
    return f"◆ reboot for full effect: {reboot_reason(','.join(systems.boot_parts), *kernels)}", Role.WARN


def _units(units: UnitChanges | None, cells: int) -> Iterator[Line]:
    if units is None:
        yield line(("units not known", Role.FAINT))
        return
    if not units.names:
        yield line(("no unit differs", Role.MUTED))
        return
    counts = ((len(units.changed), "changed"), (len(units.added), "added"), (len(units.removed), "removed"))
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    short = line(("units    ", Role.MUTED), (f"{said}: ", Role.STRONG), ", ".join(map(clean, units.names)))
    if width(short) <= cells:
        yield short
        return
    yield line(("units    ", Role.MUTED), (said, Role.STRONG))
    rows = [("~", Role.ACCENT, name) for name in units.changed]
    rows += [("+", Role.GOOD, name) for name in units.added] + [("−", Role.BAD, name) for name in units.removed]
    for glyph, role, name in rows[:_UNITS]:
        yield fit(line((f"{glyph} ", role), clean(name)), cells)
    if len(rows) > _UNITS:
        yield line((f"  and {len(rows) - _UNITS} more", Role.FAINT))


def _between(label: str, before: str | None, after: str | None) -> Line:
    old, new = clean(before or UNKNOWN), clean(after or UNKNOWN)
    if old == new:
        return line((label.ljust(_LABEL), Role.MUTED), old, ("  the same", Role.MUTED))
    return line((label.ljust(_LABEL), Role.MUTED), (old, Role.MUTED), (" → ", Role.FAINT), new)


def _short(revision: str | None) -> str | None:
    return revision[:8] if revision else None
