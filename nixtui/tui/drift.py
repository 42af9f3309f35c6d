"""How a host differs from what it should be: from its own profile, from its last boot, from its peers."""

from typing import NamedTuple

from nixtui.model.selector import Subject
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, line


class Drift(NamedTuple):
    """One difference in a glyph and a word; `weight` orders hosts by it."""

    glyph: str
    word: str
    role: Role
    weight: int


NOT_PROFILE = Drift("≠", "profile", Role.WARN, 8)
"""What runs is not what the profile says: somebody tested, or a switch was cut off."""

OUTLIER = Drift("⇅", "revision", Role.WARN, 4)
"""Most hosts of the same role and environment run another configuration revision."""

REBOOT = Drift("◆", "reboot", Role.WARN, 2)

OLD_IMAGE = Drift("⇄", "old image", Role.WARN, 3)
"""A replacement by its auto scaling group would come up on another system than what runs."""

NOT_BOOTED = Drift("↻", "booted", Role.FAINT, 1)
"""What runs is not what was booted, and no reboot is needed for it: so it is after every switch."""


def drifts(row: Subject) -> tuple[Drift, ...]:
    """What differs, what matters most first; nothing where nothing is known."""
    facts = row.status.facts
    found = []
    if row.status.is_drifting:
        found.append(NOT_PROFILE)
    if row.is_outlier:
        found.append(OUTLIER)
    if row.replacement is not None:
        found.append(OLD_IMAGE)
    if facts.reboot_needed:
        found.append(REBOOT)
    elif None not in (facts.booted_system, facts.current_system) and facts.booted_system != facts.current_system:
        found.append(NOT_BOOTED)
    return tuple(found)


def drift_weight(row: Subject) -> int | None:
    """What hosts are ordered by: those that differ most first."""
    return None if row.status.facts.current_system is None else -sum(each.weight for each in drifts(row))


def drift_line(row: Subject) -> Line:
    """`≠ profile`, `≠⇅ profile` where there is more, `=` where all agrees.

    That it did not boot what it runs is said only where nothing else is: it goes for most hosts, and takes room.
    """
    found = drifts(row)
    if len(found) > 1:
        found = tuple(each for each in found if each is not NOT_BOOTED)
    if not found:
        return (Span(UNKNOWN if row.status.facts.current_system is None else "=", Role.FAINT),)
    glyphs = "".join(each.glyph for each in found)
    return line((f"{glyphs} {found[0].word}", found[0].role))
