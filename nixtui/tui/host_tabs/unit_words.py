"""Units and timers in words, glyphs and colours."""

from collections.abc import Iterator

from nixtui.model.timer import Timer
from nixtui.model.unit import Unit, UnitDetail
from nixtui.tui import units
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, clean, fit, line, said, wrap

_LABEL = 12


def unit_state(unit: Unit) -> Line:
    """`▲ failed (exit-code)`, `● running`, `○ dead`: a glyph and a word."""
    if unit.active == "failed":
        result = f" ({clean(unit.result)})" if unit.result and unit.result != "success" else ""
        return line((f"▲ failed{result}", Role.BAD))
    if unit.is_failed:
        return line(("▲ failing, restarts", Role.BAD))
    if unit.is_changing:
        return line((f"◐ {clean(unit.sub)}", Role.ACCENT))
    if unit.active == "active":
        return line(("● ", Role.GOOD), (clean(unit.sub), Role.MUTED))
    return line(("○ ", Role.FAINT), (clean(unit.load if unit.load != "loaded" else unit.sub), Role.FAINT))


def timer_result(timer: Timer) -> Line:
    """How the last run ended, or that it goes on."""
    if timer.running:
        return line(("◐ runs now", Role.ACCENT))
    if timer.is_failed:
        code = f" {timer.exit_status}" if timer.exit_status else ""
        return line((f"✖ {clean(timer.result or '')}{code}", Role.BAD))
    if timer.result == "success":
        return line(("✔ ", Role.GOOD), ("well", Role.MUTED))
    if timer.last is None:
        return line(("· never ran", Role.FAINT))
    return line(("? not known since the boot", Role.FAINT))


def detail_lines(found: UnitDetail, cells: int) -> list[Line]:
    """A unit with all that systemd knows of it, and the last it said."""
    lines = [fit(line((clean(found.unit.description), Role.STRONG)), cells)] if found.unit.description else []
    for label, value in _facts(found):
        lines.append(fit((Span(label.ljust(_LABEL), Role.MUTED), *value), cells))
    lines.append(EMPTY)
    if not found.journal:
        lines.append(line(("its journal has no lines", Role.FAINT)))
    for text in found.journal:
        lines += wrap(text, cells, Role.TEXT)
    return lines


def _facts(found: UnitDetail) -> Iterator[tuple[str, Line]]:
    unit = found.unit
    since = f", for {units.span(found.clock - unit.since)}" if unit.since is not None else ""
    yield "state", (*unit_state(unit), Span(since, Role.TEXT))
    if unit.exit_status:
        yield "exit", line((str(unit.exit_status), Role.BAD))
    if unit.restarts:
        yield "restarts", line((f"{unit.restarts}", Role.WARN))
    usage = [
        f"memory {units.size(found.memory)}" if found.memory is not None else "",
        f"cpu {units.took(found.cpu_s)}" if found.cpu_s is not None else "",
        f"pid {found.main_pid}" if found.main_pid else "",
        f"{found.tasks} tasks" if found.tasks else "",
    ]
    yield "uses", line(("  ".join(each for each in usage if each) or UNKNOWN, Role.MUTED))
    enabled = clean(found.enabled) if found.enabled else UNKNOWN
    yield "file", line((f"{enabled}  ", Role.TEXT), said(found.path, Role.MUTED))
    if found.stops_with:
        yield "takes along", line((clean(", ".join(found.stops_with)), Role.WARN))
    if found.started_by:
        yield "started by", line((clean(", ".join(found.started_by)), Role.MUTED))
