"""The build tree as rows of a table, and its counts as a line: what failed first, what is done in numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nixtui.builds.derivation import Derivation, State
from nixtui.builds.durations import span
from nixtui.builds.estimates import Estimates
from nixtui.builds.transfer import Leg, Transfer, Way
from nixtui.builds.tree import BuildTree
from nixtui.builds.view import rows as tree_rows
from nixtui.builds.view import state_word
from nixtui.tui import units
from nixtui.tui.paint import UNKNOWN, Line, Role, Span, clean, line
from nixtui.tui.widgets.columns import Column

MOST_ROWS: Final = 300
"""Rows of a build: as many as anybody scrolls through; the rest is in the counts."""

_MOST_TRANSFERS: Final = 8

LOOKS: Final = {
    State.FAILED: ("✖", Role.BAD),
    State.FAILED_DEPENDENCY: ("✖", Role.WARN),
    State.CUT_OFF: ("■", Role.WARN),
    State.RUNNING: ("▶", Role.ACCENT),
    State.PLANNED: ("⏸", Role.FAINT),
    State.BUILT: ("✔", Role.GOOD),
}
"""Glyph and role of each state; the word stands beside it."""


@dataclass(frozen=True, slots=True)
class BuildRow:
    """A derivation, or a transfer that runs; `folded` counts inputs without a row."""

    derivation: Derivation | None = None
    transfer: Transfer | None = None
    depth: int = 0
    folded: dict[State, int] = field(default_factory=dict)


def rows(tree: BuildTree, *, everything: bool = False) -> dict[str, BuildRow]:
    """The rows by key, in their order: what failed and runs with the way to it, then what is fetched now."""
    drawn = tree_rows(tree, MOST_ROWS)
    if not everything:
        drawn = [each for each in drawn if each.derivation.state not in (State.BUILT, State.PLANNED) or each.folded]
    found = {each.derivation.drv_path: BuildRow(each.derivation, None, each.depth, each.folded) for each in drawn}
    if everything:
        for each in list(tree.by_state[State.BUILT].values())[::-1]:
            if len(found) >= 10 * MOST_ROWS:
                break
            found.setdefault(each.drv_path, BuildRow(each))
    running = [each for each in tree.transfers if each.state is Leg.RUNNING and each.way is not Way.FETCH]
    running.sort(key=lambda each: each.started_at)
    found |= {f"{each.way.value} {each.path}": BuildRow(transfer=each) for each in running[:_MOST_TRANSFERS]}
    return found


def columns(now: Callable[[], float | None], estimates: Callable[[], Estimates]) -> tuple[Column[BuildRow], ...]:
    """`now` is by the clock of the tree; `None` for a recording, which has no times."""
    return (
        Column("name", "DERIVATION", 22, _name, 0, 56),
        Column("state", "STATE", 16, _state, 0, 40),
        Column("time", "TIME", 6, lambda row: _time(row, now()), 1, right=True),
        Column("left", "LEFT", 7, lambda row: _left(row, now(), estimates()), 2, right=True),
        Column("where", "ON", 6, _where, 3, 24),
    )


def _name(row: BuildRow) -> Line:
    if row.transfer is not None:
        up = row.transfer.is_upload
        return line((("↑ " if up else "↓ "), Role.ACCENT), clean(row.transfer.name))
    assert row.derivation is not None
    glyph, role = LOOKS[row.derivation.state]
    name = Role.STRONG if row.derivation.state in (State.FAILED, State.RUNNING) else Role.MUTED
    return line(("  " * min(row.depth, 8), Role.FAINT), (f"{glyph} ", role), (clean(row.derivation.name), name))


def _state(row: BuildRow) -> Line:
    if row.transfer is not None:
        return _bytes(row.transfer)
    each = row.derivation
    assert each is not None
    role = LOOKS[each.state][1]
    match each.state:
        case State.RUNNING:
            return line((clean(each.phase or "building"), role))
        case State.FAILED:
            where = f" in {clean(each.phase)}" if each.phase else ""
            return line((f"{clean(each.reason or 'failed')}{where}", role))
        case State.PLANNED:
            words = clean(each.waits_for) if each.waits_for else "waiting"
            return line((f"{words}{_folded(row)}", role))
        case State.FAILED_DEPENDENCY:
            return line(("not built", role))
        case _:
            return line((f"{state_word(each.state)}{_folded(row)}", Role.MUTED if each.state is State.BUILT else role))


def _folded(row: BuildRow) -> str:
    if not row.folded:
        return ""
    return " for " + ", ".join(f"{count} {state_word(state)}" for state, count in row.folded.items())


def _bytes(transfer: Transfer) -> Line:
    done = units.size(transfer.done) if transfer.done is not None else UNKNOWN
    total = f" of {units.size(transfer.expected)}" if transfer.expected else ""
    return line((f"{done}{total}", Role.ACCENT))


def _time(row: BuildRow, now: float | None) -> Line:
    if now is None:
        return line((UNKNOWN, Role.FAINT))
    if row.transfer is not None:
        speed = row.transfer.bytes_per_second(now)
        return (
            line((span(now - row.transfer.started_at), Role.MUTED))
            if speed is None
            else line((_speed(speed), Role.MUTED))
        )
    seconds = row.derivation.seconds(now) if row.derivation else None
    return line((UNKNOWN, Role.FAINT)) if seconds is None else line((span(seconds), Role.TEXT))


def _speed(bytes_per_second: float) -> str:
    return f"{bytes_per_second / 2**20:.1f}M/s"


def _left(row: BuildRow, now: float | None, estimates: Estimates) -> Line:
    each = row.derivation
    if each is None or now is None or each.state.is_over:
        return line(("", Role.FAINT))
    left = estimates.left_of(each, now)
    return line((UNKNOWN, Role.FAINT)) if left is None else line((f"~{span(left)}", Role.MUTED))


def _where(row: BuildRow) -> Line:
    machine = row.derivation.machine if row.derivation else (row.transfer.source if row.transfer else "")
    return line((clean(machine) or "here", Role.MUTED if machine else Role.FAINT))


def counts(tree: BuildTree, now: float | None, estimates: Estimates) -> Line:
    """`▶ 2 building · ⏸ 18 waiting · ✔ 210 built · ↓ 64 of 80 fetched · at least 40s left`."""
    spans: list[Span] = []

    def add(text: str, role: Role) -> None:
        spans.extend([Span(" · ", Role.FAINT)] if spans else [])
        spans.append(Span(text, role))

    for state in (State.FAILED, State.FAILED_DEPENDENCY, State.CUT_OFF, State.RUNNING, State.PLANNED, State.BUILT):
        count = tree.count(state)
        if state is State.PLANNED and tree.finished_at is None:
            count = max(count, tree.planned_builds - len(tree.derivations) + count)
        if count:
            glyph, role = LOOKS[state]
            add(f"{glyph} {count} {state_word(state)}", role)
    fetched, expected = tree.transfers.count(Way.DOWNLOAD), len(tree.planned.downloads)
    if fetched or expected:
        add(f"↓ {fetched} of {expected} fetched" if expected > fetched else f"↓ {fetched} fetched", Role.MUTED)
    if copied := tree.transfers.count(Way.COPY):
        add(f"↑ {copied} copied", Role.MUTED)
    if now is not None and tree.finished_at is None:
        remaining = estimates.remaining(tree, now)
        if remaining.seconds:
            add(f"{'at least ' if remaining.unknown else '~'}{span(remaining.seconds)} left", Role.TEXT)
    if not spans:
        ended = "nothing had to be built" if tree.succeeded else "nothing was built"
        add("nothing to build yet" if tree.finished_at is None else ended, Role.MUTED)
    return tuple(spans)


def verdict_line(tree: BuildTree, now: float | None) -> Line:
    """`▶ building for 2m14s`, `✔ succeeded in 14s`, `✖ failed after 2m14s`."""
    took = ""
    if now is not None and tree.started_at is not None:
        took = span((tree.finished_at if tree.finished_at is not None else now) - tree.started_at)
    if tree.finished_at is None:
        return line(("▶ building", Role.ACCENT), (f" for {took}" if took else "", Role.MUTED))
    match tree.succeeded:
        case True:
            return line(("✔ succeeded", Role.GOOD), (f" in {took}" if took else "", Role.MUTED))
        case False:
            return line(("✖ failed", Role.BAD), (f" after {took}" if took else "", Role.MUTED))
    return line(("■ how it ended is not known", Role.WARN))
