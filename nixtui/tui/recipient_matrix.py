"""Files × people and hosts: who reads what, who would by the rules, and who should not."""

from collections.abc import Mapping

import msgspec

from nixtui.secrets.found import SecretsFound
from nixtui.tui.paint import Line, Role, cells_of, clean, line
from nixtui.tui.secret_rows import FileRow, called, drift_words
from nixtui.tui.widgets.columns import Column


class MatrixRow(msgspec.Struct, frozen=True):
    """A file, and who stands how to it: `reads`, `would` (by its rule), `should not`, by identity."""

    row: FileRow
    marks: Mapping[str, str]


_MARKS = {"reads": ("●", Role.GOOD), "would": ("+", Role.WARN), "should not": ("−", Role.BAD)}


def matrix_rows(rows: Mapping[str, FileRow]) -> dict[str, MatrixRow]:
    """By the name of the file."""
    return {name: MatrixRow(row, _marks(row)) for name, row in rows.items()}


def _marks(row: FileRow) -> dict[str, str]:
    marks = {each.identity: "reads" for each in row.file.recipients}
    if row.drift is not None:
        marks |= dict.fromkeys(row.drift.missing, "would")
        marks |= dict.fromkeys(row.drift.extra, "should not")
    return marks


def recipients_of(found: SecretsFound, rows: Mapping[str, FileRow]) -> list[str]:
    """Everybody who reads anything or would, by identity: you first, then who reads most."""
    count: dict[str, int] = {}
    for row in rows.values():
        for identity in _marks(row):
            count[identity] = count.get(identity, 0) + 1
    names = {each: called(found.repository, each) for each in count}
    return sorted(count, key=lambda each: (each not in found.mine, -count[each], names[each]))


def matrix_columns(found: SecretsFound, rows: Mapping[str, FileRow]) -> tuple[Column[MatrixRow], ...]:
    """The file and its state stay; the recipients are moved past."""
    first = (
        Column[MatrixRow]("file", "FILE", 16, _file, 0, 34),
        Column[MatrixRow]("drift", "DRIFT", 12, _drift, 0, 20),
    )
    return (*first, *(_column(found, each) for each in recipients_of(found, rows)))


def _column(found: SecretsFound, identity: str) -> Column[MatrixRow]:
    title = called(found.repository, identity) + (" (you)" if identity in found.mine else "")

    def cell(row: MatrixRow) -> Line:
        text, role = _MARKS.get(row.marks.get(identity, ""), ("·", Role.FAINT))
        return line((text, role))

    return Column(identity, title, max(3, cells_of(title)), cell)


def _file(row: MatrixRow) -> Line:
    return line((clean(row.row.file.name), Role.STRONG if row.row.is_problem else Role.TEXT))


def _drift(row: MatrixRow) -> Line:
    if row.row.file.problem is not None:
        return line(("✖ cannot be read", Role.BAD))
    drift = row.row.drift
    if drift is None or not drift.is_any:
        return line(("✔ none", Role.GOOD))
    return line((f"≠ {drift_words(drift)}", Role.WARN))
