"""The generations of many hosts side by side: rows are what was built, columns are hosts."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nixtui.model.generation import Generation, Generations
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, cells_of, clean, line, said, width
from nixtui.tui.systems import version_of
from nixtui.tui.widgets.columns import GAP, Column


@dataclass(frozen=True, slots=True)
class Cell:
    """A build on one host: the generation that matters of those that have it, and how many others do."""

    generation: Generation
    others: int = 0


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One configuration revision; or, where a system does not say which, one system. `first_at` is when the first host
    of these got it (Unix seconds).
    """

    key: str
    revision: str | None
    version: str | None
    first_at: float | None
    cells: Mapping[str, Cell]

    @property
    def running(self) -> int:
        """How many of the hosts run it."""
        return sum(cell.generation.running for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Matrix:
    """`hosts` are those that have told. Rows are newest first. `majority` is the row that most hosts run, when it is
    more than one; `outliers` run another one, or what is no generation.
    """

    hosts: frozenset[str]
    rows: tuple[MatrixRow, ...]
    majority: str | None
    outliers: frozenset[str]

    def row(self, key: str | None) -> MatrixRow | None:
        """The row of that key."""
        return next((row for row in self.rows if row.key == key), None)


def build_matrix(known: Mapping[str, Generations]) -> Matrix:
    """Put the generations of hosts side by side."""
    found: dict[str, dict[str, list[Generation]]] = {}
    for name, generations in known.items():
        for each in generations.items:
            found.setdefault(each.configuration_revision or each.path, {}).setdefault(name, []).append(each)
    rows = [_row(key, hosts) for key, hosts in found.items()]
    rows.sort(key=lambda row: row.first_at or 0.0, reverse=True)
    runs = {name: row.key for row in rows for name, cell in row.cells.items() if cell.generation.running}
    counts = Counter(runs.values()).most_common(1)
    majority = counts[0][0] if counts and counts[0][1] > 1 else None
    outliers = frozenset(name for name in known if majority is not None and runs.get(name) != majority)
    return Matrix(frozenset(known), tuple(rows), majority, outliers)


def _row(key: str, hosts: Mapping[str, Sequence[Generation]]) -> MatrixRow:
    every = [each for listed in hosts.values() for each in listed]
    made = [each.created_at for each in every if each.created_at is not None]
    return MatrixRow(
        key=key,
        revision=every[0].configuration_revision,
        version=version_of(every[0]),
        first_at=min(made, default=None),
        cells={name: Cell(_foremost(listed), len(listed) - 1) for name, listed in hosts.items()},
    )


def _foremost(listed: Sequence[Generation]) -> Generation:
    """What runs before what is otherwise marked before what is newer."""
    marked = (each for each in listed if each.profile or each.booted or each.boot_default)
    return next((each for each in listed if each.running), None) or next(marked, None) or listed[0]


def cell_line(cell: Cell | None, *, known: bool, outlier: bool) -> Line:
    """`412 ●`, `410 ◇`: the number, and glyphs for where it is; what each means is said beside the table.

    Of a host that has not told yet nothing is said.
    """
    if cell is None:
        return line(("·" if known else UNKNOWN, Role.FAINT))
    each = cell.generation
    if not each.path_exists:
        return line((f"{each.number} ✖", Role.FAINT))
    glyphs = "●" if each.running else ""
    if each.running != each.profile or (each.boot_default is not None and each.running != each.boot_default):
        glyphs += "○" if each.profile or each.boot_default else ""
    glyphs += "◇" if each.booted and not each.running else ""
    glyphs += "★" if each.pinned else ""
    role = Role.TEXT if glyphs else Role.MUTED
    mark = Role.WARN if outlier and each.running else Role.GOOD if each.running else Role.ACCENT
    shown = f"{each.number}{f'+{cell.others}' if cell.others else ''}"
    return line((shown, Role.STRONG if each.running else role), (f" {glyphs}" if glyphs else "", mark))


_LEGEND = (("●", "runs"), ("○", "boots next"), ("◇", "booted"), ("★", "pinned"), ("✖", "gone"), ("!", "outlier"))


def legend(cells: int) -> Iterator[Line]:
    """What the glyphs mean, in as many lines as it takes."""
    spans: Line = EMPTY
    for glyph, words in _LEGEND:
        part = line((glyph, Role.ACCENT), (f" {words}", Role.MUTED))
        if spans and width(spans) + 3 + width(part) > cells:
            yield spans
            spans = EMPTY
        spans += (line("   ") if spans else EMPTY) + part
    yield spans


def host_width(name: str) -> int:
    """Cells of a host's column, with room for the sign before its name, and for `▸412+3 ●`."""
    return min(max(cells_of(clean(name)) + 2, 10), 18)


def window(hosts: Sequence[str], selected: int, start: int, cells: int) -> tuple[int, int]:
    """Which hosts fit beside the pinned columns, as a slice that has the selected one in it and moves no more than it
    must.
    """
    start = min(start, selected)
    while True:
        end, left = start, cells
        while end < len(hosts) and host_width(hosts[end]) + GAP <= left:
            left -= host_width(hosts[end]) + GAP
            end += 1
        if selected < end or start >= selected:
            return start, max(end, start + 1)
        start += 1


PINNED_CELLS = 8 + GAP + 4 + GAP + 5 + GAP
"""What the columns take that never scroll away."""


def columns(
    matrix: Matrix, hosts: Sequence[str], selected: str | None, problems: Collection[str], clock: Callable[[], float]
) -> tuple[Column[MatrixRow], ...]:
    """The pinned columns, and those of `hosts`."""
    count = max((len(row.cells) for row in matrix.rows), default=0)

    def age(row: MatrixRow) -> Line:
        return line((UNKNOWN if row.first_at is None else units.age(clock() - row.first_at), Role.MUTED))

    def runs(row: MatrixRow) -> Line:
        role = Role.STRONG if row.running and row.key == matrix.majority else Role.WARN if row.running else Role.FAINT
        return line((f"{row.running}/{len(row.cells)}", role))

    def of_host(name: str) -> Column[MatrixRow]:
        sign = "▸" if name == selected else "✖" if name in problems else "!" if name in matrix.outliers else " "
        outlier = name in matrix.outliers
        return Column(
            f"host:{name}",
            f"{sign}{clean(name)}",
            host_width(name),
            lambda row: (
                line(("▸" if name == selected else " ", Role.ACCENT))
                + cell_line(row.cells.get(name), known=name in matrix.hosts, outlier=outlier)
            ),
        )

    return (
        Column("revision", "REV", 8, _revision),
        Column("first", "AGE", 4, age, right=True),
        Column("runs", "RUN" if count < 100 else "RUNS", 5, runs, right=True),
        *(of_host(name) for name in hosts),
        Column("version", "NIXOS", 14, lambda row: (said(row.version, Role.MUTED),), 1, 24),
    )


def _revision(row: MatrixRow) -> Line:
    if row.revision is not None:
        return line((clean(row.revision[:8]), Role.STRONG))
    return line(("no rev", Role.WARN))
