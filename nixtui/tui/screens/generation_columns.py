"""The columns of a list of generations."""

from collections.abc import Callable

from nixtui.model.generation import Generation
from nixtui.tui import units
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, line, said
from nixtui.tui.systems import version_of
from nixtui.tui.widgets.columns import Column


def columns(clock: Callable[[], float]) -> tuple[Column[Generation], ...]:
    """In the order they are read; ages are by the clock."""

    def age(row: Generation) -> Line:
        if row.created_at is None:
            return line((UNKNOWN, Role.FAINT))
        return line((units.age(clock() - row.created_at), Role.MUTED))

    return (
        Column("number", "GEN", 5, _number, right=True),
        Column("marks", "WHERE IT IS", 19, _marks, 0, 26),
        Column("age", "AGE", 4, age, 1, right=True),
        Column("created", "CREATED (UTC)", 16, _created, 5),
        Column("version", "NIXOS", 14, _version, 2, 26),
        Column("kernel", "KERNEL", 8, _kernel, 4, 12),
        Column("revision", "REV", 8, _revision, 3),
        Column("special", "SPECIALISATIONS", 15, _special, 6, 30),
    )


def _number(row: Generation) -> Line:
    return line((str(row.number), Role.STRONG if row.running else Role.TEXT if row.path_exists else Role.FAINT))


def _marks(row: Generation) -> Line:
    """A glyph and words. What runs is normally the profile and what boots next, so only the contrary is said."""
    if not row.path_exists:
        return line(("✖ gone from the store", Role.FAINT))
    pinned = " ★ pinned" if row.pinned else ""
    if row.running:
        odd = ", not the profile" if not row.profile else ", not what boots" if row.boot_default is False else ""
        return line(("● ", Role.GOOD), ("running", Role.STRONG), (odd, Role.WARN), (pinned, Role.ACCENT))
    words = (("booted", row.booted), ("profile", row.profile), ("boots next", row.boot_default))
    found = ", ".join(word for word, holds in words if holds)
    if found:
        glyph = "○ " if row.profile or row.boot_default else "◇ "
        return line((glyph, Role.ACCENT), found, (pinned, Role.ACCENT))
    return line((pinned.strip(), Role.ACCENT)) if pinned else line(("·", Role.FAINT))


def _created(row: Generation) -> Line:
    return line((UNKNOWN, Role.FAINT)) if row.created_at is None else line((units.moment(row.created_at), Role.MUTED))


def _version(row: Generation) -> Line:
    return (said(version_of(row)),)


def _kernel(row: Generation) -> Line:
    return (said(row.kernel, Role.MUTED),)


def _revision(row: Generation) -> Line:
    return (said(row.configuration_revision[:8] if row.configuration_revision else None, Role.MUTED),)


def _special(row: Generation) -> Line:
    return (said(", ".join(row.specialisations), Role.MUTED),) if row.specialisations else (Span(""),)
