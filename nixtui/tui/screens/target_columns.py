"""The columns of a plan's targets: one row each, with what happens to it or why nothing does."""

from collections.abc import Iterator, Sequence

from nixtui.operations.plan import Target
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, clean, line, said
from nixtui.tui.widgets.columns import Column


def target_columns(rows: Sequence[Target] = (), subject: str = "HOST") -> tuple[Column[Target], ...]:
    """In the order they are read; what none of these rows has needs no column. `subject` is what they are."""
    wave = Column("wave", "WAVE", 4, _wave, right=True)
    name = Column[Target]("name", subject, 12, lambda row: (said(row.name, Role.STRONG),), 0, 20)
    note = Column("note", "", 16, _note, 1, 60)
    if not rows or any(row.before is not None for row in rows):
        change = Column("change", "FROM → TO", 13, _change, 0, 13 if subject == "HOST" else 30)
        return wave, name, change, *_differences(rows), note
    if any(row.after is not None for row in rows):
        return wave, name, Column("after", "SYSTEM", 20, _after, 0, 48), note
    return wave, name, note


def _differences(rows: Sequence[Target]) -> Iterator[Column[Target]]:
    """What tells the hosts of a rollback apart, as far as it differs on any of them."""
    if any("reboot" in row.facts for row in rows):
        yield Column("reboot", "REBOOT", 8, _reboot, 2)
    if any(_between(row, "revision") for row in rows):
        yield Column("revision", "REV", 19, lambda row: _between(row, "revision", 8), 3)
    if any(_between(row, "kernel") for row in rows):
        yield Column("kernel", "KERNEL", 17, lambda row: _between(row, "kernel"), 4, 25)


def _reboot(row: Target) -> Line:
    return line(("◆ needed", Role.WARN)) if row.refused is None and "reboot" in row.facts else EMPTY


def _between(row: Target, what: str, cells: int | None = None) -> Line:
    """`7b1c0dea → 98fe21c4` where both are known and differ."""
    before, after = row.facts.get(f"{what}_before"), row.facts.get(f"{what}_after")
    if row.refused is not None or before is None or after is None or before == after:
        return EMPTY
    return line((clean(before)[:cells], Role.MUTED), (" → ", Role.FAINT), clean(after)[:cells])


def _wave(row: Target) -> Line:
    return line(("", Role.FAINT)) if row.refused is not None else line((str(row.wave), Role.MUTED))


def label(text: str | None) -> str:
    """A generation's number, or the name of a system that is none."""
    return UNKNOWN if text is None else clean(text[44:] if text.startswith("/nix/store/") else text)


def _change(row: Target) -> Line:
    if row.refused is not None:
        return line((label(row.before), Role.MUTED))
    if row.before is None and row.after is None:
        return EMPTY
    return line(label(row.before), (" → ", Role.FAINT), (label(row.after), Role.STRONG))


def _after(row: Target) -> Line:
    return line((label(row.after), Role.MUTED))


def _note(row: Target) -> Line:
    if row.refused is not None:
        return (Span("⊘ ", Role.WARN), said(row.refused, Role.WARN))
    return line(("! " if row.warnings else "", Role.WARN), (clean("; ".join(row.warnings)), Role.MUTED))
