"""A pane with what is different between two systems: at once when known, else what is waited for."""

from collections.abc import Callable
from typing import Any

from nixtui.tui import units
from nixtui.tui.knowledge import Knowledge
from nixtui.tui.notices import explain
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.systems import diff_lines
from nixtui.tui.widgets.pane import Panel

REST_S = 0.15
"""Two systems are looked at this long before a host is asked about them: a cursor that flies past asks nothing."""

System = tuple[str, str]
"""What a system is called, and its store path."""


class DiffPane(Panel):
    """Compares two systems of one host. `clock` gives Unix seconds."""

    def __init__(self, knowledge: Knowledge, clock: Callable[[], float]) -> None:
        super().__init__(id="diff")
        self._knowledge = knowledge
        self._clock = clock
        self._host: str | None = None
        self._ends: tuple[System, System] | None = None
        self._asked: tuple[tuple[System, System], float] | None = None
        self._problem: tuple[tuple[System, System], Exception] | None = None

    def compare(self, host: str | None, ends: tuple[System, System] | None) -> None:
        """Show this difference; ask for it when the eye rests on it and it is not known."""
        if (host, ends) != (self._host, self._ends):
            self._host, self._ends = host, ends
            self.scroll_rows_to(0)
            self.set_timer(REST_S, lambda: self._ask(ends))
        self.show_difference()

    def _ask(self, ends: tuple[System, System] | None) -> None:
        if ends is None or ends != self._ends or self._is_known(ends):
            return
        self._asked = (ends, self._clock())
        find: Callable[[], Any] = self._find
        self.run_worker(find, group="diff", exclusive=True, exit_on_error=False)
        self.show_difference()

    def _is_known(self, ends: tuple[System, System]) -> bool:
        (_, old), (_, new) = ends
        return old == new or self._knowledge.known_diff(old, new) is not None

    async def _find(self) -> None:
        ends, host = self._ends, self._host
        if ends is None or host is None:
            return
        (_, old), (_, new) = ends
        try:
            await self._knowledge.diff((host, old), (host, new))
        except Exception as error:
            self._problem = (ends, error)
        self._asked = None
        self.show_difference()

    def show_difference(self) -> None:
        """What is known now; called every second while something is waited for."""
        if self._ends is None:
            self.set_title(line(("Diff", Role.STRONG)))
            self.show([])
            return
        (before, _), (after, _) = self._ends
        self.set_title(line((clean(before), Role.STRONG), (" → ", Role.MUTED), (clean(after), Role.STRONG)))
        self.show(self._text(self._ends))

    def _text(self, ends: tuple[System, System]) -> list[Line]:
        (_, old), (_, new) = ends
        if old == new:
            return [
                line(("This is what runs.", Role.TEXT)),
                *wrap(
                    "Choose another generation to see what is different. Space compares from here.",
                    self.text_cells,
                    Role.MUTED,
                ),
            ]
        if (known := self._knowledge.known_diff(old, new)) is not None:
            return diff_lines(known, self.text_cells)
        if self._problem is not None and self._problem[0] == ends:
            sentence, remedy = explain(self._problem[1])
            return [*wrap(f"✖ {sentence}", self.text_cells, Role.BAD), *wrap(remedy or "", self.text_cells, Role.MUTED)]
        if self._asked is not None and self._asked[0] == ends:
            return [waiting(f"asking {self._host} what is in both", self._clock() - self._asked[1])]
        return []


def waiting(text: str, seconds: float) -> Line:
    """What is waited for, and from one second on for how long."""
    return line((f"{clean(text)} … ", Role.ACCENT), (units.age(seconds) if seconds >= 1 else "", Role.MUTED)) or EMPTY
