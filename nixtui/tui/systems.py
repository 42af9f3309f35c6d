"""Systems and what is between two of them, in lines to read: for the generations screen and the rollback dialog."""

from collections.abc import Iterator

from nixtui.model.closure import Change, ClosureDiff, PackageChange
from nixtui.model.generation import Generation
from nixtui.model.preview import Preview
from nixtui.model.store_path import system_version
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, Line, Role, Span, cells_of, clean, fit, line, wrap

_GLYPHS = {
    Change.UPGRADED: ("↑", Role.GOOD),
    Change.DOWNGRADED: ("↓", Role.WARN),
    Change.ADDED: ("+", Role.GOOD),
    Change.REMOVED: ("−", Role.BAD),
    Change.CHANGED: ("~", Role.ACCENT),
}
_LONGEST_NAME = 32


def diff_counts(diff: ClosureDiff) -> Line:
    """`2 upgraded  1 added  14 rebuilt`."""
    counts = [(count, change.value) for change, count in diff.counts.items() if count]
    if diff.rebuilt:
        counts.append((diff.rebuilt, "rebuilt"))
    if not counts:
        return line(("no package differs", Role.MUTED))
    return line(*(part for count, word in counts for part in ((f"{count} ", Role.STRONG), (f"{word}  ", Role.MUTED))))


def closure_line(diff: ClosureDiff) -> Line:
    """`closure 1.9 GiB  −4.2 MiB`: the size before as well, rounded, would contradict the difference."""
    grown = units.signed_size(diff.bytes_after - diff.bytes_before)
    return line(("closure ", Role.MUTED), units.size(diff.bytes_after), (f"  {grown}", Role.MUTED))


def diff_lines(diff: ClosureDiff, cells: int) -> list[Line]:
    """Every package that differs, one a line, the names in one column."""
    longest = min(max((cells_of(clean(each.name)) for each in diff.packages), default=0), _LONGEST_NAME)
    packages = [fit(package_line(each, longest), cells) for each in diff.packages]
    return [fit(diff_counts(diff), cells), fit(closure_line(diff), cells), EMPTY, *packages]


def package_line(change: PackageChange, name_cells: int) -> Line:
    """`↑ nginx    1.28.0 → 1.29.0`."""
    glyph, role = _GLYPHS[change.change]
    name = fit((Span(clean(change.name)),), name_cells)
    return (Span(f"{glyph} ", role), *name, Span("  "), *_versions(change))


def _versions(change: PackageChange) -> Line:
    before, after = (", ".join(clean(each) or "unversioned" for each in side) for side in (change.before, change.after))
    if not before:
        return line((after, Role.TEXT))
    if not after:
        return line((before, Role.MUTED))
    return line((before, Role.MUTED), (" → ", Role.FAINT), after)


def diff_sentence(diff: ClosureDiff, cells: int, most: int = 3) -> Iterator[Line]:
    """The counts, and the first few packages with their versions, for a dialog."""
    grown = units.signed_size(diff.bytes_after - diff.bytes_before)
    yield fit(diff_counts(diff) + line(("  closure ", Role.MUTED), grown), cells)
    shown = sorted(diff.packages, key=lambda each: each.change in (Change.ADDED, Change.REMOVED))[:most]
    longest = min(max((cells_of(clean(each.name)) for each in shown), default=0), _LONGEST_NAME)
    for each in shown:
        yield fit(package_line(each, longest), cells)
    if len(diff.packages) > most:
        yield line((f"  and {len(diff.packages) - most} more", Role.FAINT))


def preview_lines(preview: Preview, cells: int) -> Iterator[Line]:
    """What would restart, and what stands against it."""
    if not preview.is_complete:
        yield from wrap(
            f"! the dry run ended with {preview.exit_code}: what it says is not everything", cells, Role.WARN
        )
    for word, names in (
        ("will stop", preview.stopped),
        ("will start", preview.started),
        ("will restart", preview.restarted),
        ("will reload", preview.reloaded),
        ("stays as it is", preview.not_stopped),
    ):
        if names:
            yield fit(line((f"{word.ljust(15)}", Role.MUTED), ", ".join(map(clean, names))), cells)
    if preview.is_complete and not preview.touches_units:
        yield line(("no unit stops, starts or restarts", Role.MUTED))
    for inhibitor in preview.inhibitors:
        yield from wrap(f"✖ not live: {inhibitor}", cells, Role.BAD)
    if preview.reboot_needed:
        yield from wrap(f"◆ {preview.reboot_reason or 'reboot needed for full effect'}", cells, Role.WARN)
    elif preview.reboot_needed is False:
        yield line(("no reboot needed", Role.MUTED))


def version_of(generation: Generation) -> str | None:
    """The NixOS version, from the label or else from the path's name."""
    return generation.nixos_version or system_version(generation.path)
