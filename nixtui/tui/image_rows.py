"""Machine images as rows of a table, and one of them in full."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from nixtui.model.image import Image, RegionTrouble
from nixtui.model.image_drift import ImageDrift
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line, said, wrap
from nixtui.tui.widgets.columns import Column

OWNERS = (("self", "own images"), ("427812963091", "NixOS"), ("535002876703", "Determinate Systems"))
"""Accounts that publish AMIs of NixOS: nixos.org/download and determinate.systems name them."""

_LABEL = 12


Drifts = Mapping[str, ImageDrift]
"""How images stand to the flake, by their keys."""


def columns(now: Callable[[], float], drifts: Drifts, *, of_logins: bool = False) -> tuple[Column[Image], ...]:
    """In the order they are read; `drifts` grows as it becomes known. Whose each is where there are several logins."""
    login = (Column[Image]("login", "LOGIN", 8, lambda row: (said(row.login, Role.MUTED),), 1, 20),)
    return (
        Column("name", "NAME", 20, lambda row: (said(row.name, Role.STRONG),), 0, 60),
        *(login if of_logins else ()),
        Column("region", "REGION", 14, lambda row: (said(row.region),), 0),
        Column("age", "AGE", 5, lambda row: line((_age(row.created_at, now()), Role.TEXT)), 1, right=True),
        Column("size", "SIZE", 8, _size, 4, right=True),
        Column("arch", "ARCH", 6, lambda row: (said(row.architecture, Role.MUTED),), 5),
        Column("deprecated", "DEPRECATED", 10, lambda row: deprecation(row, now()), 2),
        Column("visible", "VISIBLE", 7, _visible, 3),
        Column("revision", "REV", 8, _revision, 3),
        Column("flake", "FLAKE", 16, lambda row: _drift(drifts.get(row.key)), 2),
        Column("state", "STATE", 9, _state, 6),
        Column("image", "IMAGE", 21, lambda row: (said(row.identity, Role.MUTED),), 7),
    )


LOG_IN = line((":login", Role.KEY), (" logs in again, in a browser (SSO)", Role.MUTED))
"""What helps where no login tells of anything."""


def login_words(left_s: float, login: str | None) -> str:
    """`login ends in 12m`; of several `login prod ends in 12m`."""
    which = f" {clean(login)}" if login else ""
    if left_s > 0:
        return f"login{which} ends in {units.span(left_s)}"
    return f"login{which} has ended" if login else "the login has ended"


def matches(image: Image, words: Sequence[str]) -> bool:
    """Whether every word is somewhere in what names the image; small letters."""
    named = (image.name, image.identity, image.region, image.revision, image.architecture, image.login, image.account)
    text = " ".join(each for each in named if each).lower()
    return all(word in text for word in words)


def _age(at: float | None, now: float) -> str:
    return UNKNOWN if at is None else units.age(now - at)


def _size(row: Image) -> Line:
    return line((UNKNOWN if row.gib is None else f"{row.gib} GiB", Role.TEXT))


def deprecation(row: Image, now: float) -> Line:
    """`in 30d`, `2d ago`."""
    if row.deprecated_at is None:
        return line((UNKNOWN, Role.FAINT))
    left = row.deprecated_at - now
    return line((f"in {units.age(left)}", Role.TEXT)) if left > 0 else line((f"{units.age(-left)} ago", Role.WARN))


def _visible(row: Image) -> Line:
    return line((clean(row.visibility), Role.WARN if row.visibility == "public" else Role.MUTED))


def _revision(row: Image) -> Line:
    return line((clean(row.revision)[:8] if row.revision else UNKNOWN, Role.MUTED))


def _state(row: Image) -> Line:
    return line((clean(row.state), Role.TEXT if row.state == "available" else Role.WARN))


def _drift(drift: ImageDrift | None) -> Line:
    if drift is None or drift.state == "unknown":
        return line((UNKNOWN if drift is None else drift.short, Role.FAINT))
    role = Role.TEXT if drift.certain else Role.MUTED
    return line((drift.short, role if drift.state == "same" else Role.WARN))


def image_lines(
    row: Image, uses: Sequence[str] | None, problem: str | None, drift: ImageDrift | None, now: float, cells: int
) -> Iterator[Line]:
    """All that is known of one. `uses` is `None` while that is asked."""
    made = UNKNOWN if row.created_at is None else f"{units.moment(row.created_at)}Z, {_age(row.created_at, now)} ago"
    for label, value in (
        ("image", row.identity),
        ("region", row.region),
        ("login", row.login and (f"{row.login}, account {row.account}" if row.account else row.login)),
        ("made", made),
        ("state", row.state),
        ("owner", row.owner),
        ("system", row.store_path),
        ("revision", row.revision),
        ("flake", drift.sentence if drift is not None else None),
        ("boots", row.boot_mode),
        ("snapshots", " ".join(row.snapshots) or None),
        ("protected", "against deregistration" if row.protected else None),
    ):
        if value is not None:
            first, *rest = wrap(value, max(10, cells - _LABEL)) or [EMPTY]
            yield line((label.ljust(_LABEL), Role.MUTED)) + first
            yield from (line(" " * _LABEL) + each for each in rest)
    yield EMPTY
    if problem is not None:
        yield from wrap(f"✖ {problem}", cells, Role.WARN)
    elif uses is None:
        yield line(("asking what uses it …", Role.ACCENT))
    elif not uses:
        yield line(("Nothing in its region uses it.", Role.MUTED))
    else:
        for each in uses:
            yield from wrap(f"• {each}", cells, Role.WARN if each.startswith("not known") else Role.TEXT)


def trouble_lines(troubles: Sequence[RegionTrouble], cells: int) -> Iterator[Line]:
    """Regions that did not tell."""
    for each in troubles:
        yield from wrap(f"✖ {each.region}: {each.reason}", cells, Role.BAD)
        yield from wrap(f"→ {each.remedy}", cells, Role.ACCENT, indent="  ") if each.remedy else ()
