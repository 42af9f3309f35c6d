"""What lies in the recycle bin as rows of a table, and one of them in full."""

from collections.abc import Callable, Iterator, Sequence

from nixtui.model.binned import Binned
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, line, said, wrap
from nixtui.tui.widgets.columns import Column

_LABEL = 12
_SOON_S = 2 * 86400.0
"""What is gone for good so soon is worth a warning."""


def columns(now: Callable[[], float]) -> tuple[Column[Binned], ...]:
    """In the order they are read."""
    return (
        Column("name", "NAME", 20, lambda row: (said(row.called, Role.STRONG),), 0, 60),
        Column("gone", "GONE IN", 8, lambda row: gone_in(row, now()), 0, right=True),
        Column("region", "REGION", 14, lambda row: (said(row.region),), 1),
        Column("kind", "KIND", 8, lambda row: line((row.kind, Role.TEXT if row.is_image else Role.MUTED)), 0),
        Column("for", "IN IT FOR", 9, lambda row: line((_since(row, now()), Role.TEXT)), 3, right=True),
        Column("what", "WHAT", 22, lambda row: (said(row.identity, Role.MUTED),), 4),
    )


def matches(row: Binned, words: Sequence[str]) -> bool:
    """Whether every word is somewhere in what names it; small letters."""
    text = f"{row.called} {row.description or ''} {row.identity} {row.region} {row.kind}".lower()
    return all(word in text for word in words)


def gone_in(row: Binned, now: float) -> Line:
    """`12d`, warned of where that is soon."""
    if row.gone_at is None:
        return line((UNKNOWN, Role.FAINT))
    left = row.gone_at - now
    return line((units.age(left), Role.TEXT if left > _SOON_S else Role.WARN))


def _since(row: Binned, now: float) -> str:
    return UNKNOWN if row.entered_at is None else units.age(now - row.entered_at)


def binned_lines(row: Binned, image: Binned | None, now: float, cells: int) -> Iterator[Line]:
    """All that is known of one; `image` is the one that a snapshot belongs to, where it lies in the bin as well."""
    gone = None if row.gone_at is None else f"{units.moment(row.gone_at)}Z, in {units.age(row.gone_at - now)}"
    came = None if row.entered_at is None else f"{units.moment(row.entered_at)}Z, {_since(row, now)} ago"
    for label, value in (
        (row.kind, row.identity),
        ("region", row.region),
        ("described", row.description if row.description != row.called else None),
        ("removed", came),
        ("gone", gone),
        ("snapshots", " ".join(row.snapshots) or None),
        ("of image", image.called if image is not None else None),
    ):
        if value is not None:
            first, *rest = wrap(value, max(10, cells - _LABEL)) or [EMPTY]
            yield line((label.ljust(_LABEL), Role.MUTED)) + first
            yield from (line(" " * _LABEL) + each for each in rest)
    yield EMPTY
    yield from wrap(_advice(row, image), cells, Role.MUTED)


def _advice(row: Binned, image: Binned | None) -> str:
    if image is not None:
        return "Its image wants it back first; restoring the image does both."
    if not row.is_image:
        return "Restored, it is a snapshot as before: nixtui image register makes an image of it."
    if row.snapshots:
        return "Restored, it has its id, tags and permissions again; its snapshots come with it."
    return "Restored, it has its id, tags and permissions again, if its snapshots are still there."
