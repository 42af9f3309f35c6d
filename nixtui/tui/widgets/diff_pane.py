"""A pane with what is different between two systems: at once when known, else what is waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from nixtui.tui import units
from nixtui.tui.comparison import commit_lines, system_lines
from nixtui.tui.knowledge import Knowledge
from nixtui.tui.notices import explain
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.systems import diff_lines, preview_lines
from nixtui.tui.widgets.pane import Panel

REST_S = 0.15
"""Two systems are looked at this long before a host is asked about them: a cursor that flies past asks nothing."""


class System(NamedTuple):
    """A system on a host, and what it is called."""

    host: str
    label: str
    path: str


Ends = tuple[System, System]


class DiffPane(Panel):
    """Compares two systems, of one host or of two; or shows what going to the second would do, found out without doing
    it. `clock` gives Unix seconds.
    """

    def __init__(self, knowledge: Knowledge, clock: Callable[[], float]) -> None:
        super().__init__(id="diff")
        self._knowledge = knowledge
        self._clock = clock
        self._ends: Ends | None = None
        self._previewing = False
        self._asked: dict[str, tuple[object, float]] = {}
        self._problems: dict[str, tuple[object, Exception]] = {}
        self._foot: tuple[Line, ...] = ()
        self._nothing: tuple[Line, ...] = ()

    @property
    def ends(self) -> Ends | None:
        """What is compared."""
        return self._ends

    @property
    def is_previewing(self) -> bool:
        """True while it shows what would restart."""
        return self._previewing

    def compare(self, ends: Ends | None, *, foot: tuple[Line, ...] = (), nothing: tuple[Line, ...] = ()) -> None:
        """Show this difference; ask for it when the eye rests on it and it is not known.

        `foot` stands below, `nothing` where there is nothing to compare.
        """
        self._foot, self._nothing = foot, nothing
        if ends != self._ends:
            self._ends = ends
            self.scroll_rows_to(0)
            self.set_timer(REST_S, lambda: self._ask(ends))
        self.show_difference()

    def preview(self, *, on: bool) -> None:
        """Show what going there would do instead of the difference, or the difference again."""
        self._previewing = on
        self.scroll_rows_to(0)
        self._ask(self._ends)
        self.show_difference()

    # Asking

    def _ask(self, ends: Ends | None) -> None:
        if ends is None or ends != self._ends or (ends[0].path == ends[1].path and not self._previewing):
            return
        begun: Callable[[], Any] = self._find_preview if self._previewing else self._find
        self.run_worker(begun, group="diff", exclusive=True, exit_on_error=False)

    async def _find(self) -> None:
        ends = self._ends
        if ends is None:
            return
        sides = tuple((each.host, each.path) for each in ends)
        paths = (ends[0].path, ends[1].path)
        async with asyncio.TaskGroup() as group:
            if self._knowledge.known_diff(*paths) is None:
                group.create_task(self._answered("packages", ends, self._knowledge.diff(*sides)))
            group.create_task(self._find_systems(ends, sides, paths))

    async def _find_systems(self, ends: Ends, sides: tuple[Any, ...], paths: tuple[str, str]) -> None:
        if self._knowledge.known_systems(*paths) is None:
            await self._answered("systems", ends, self._knowledge.systems(*sides))
        systems = self._knowledge.known_systems(*paths)
        if systems is not None:
            await self._knowledge.commits(systems.before.revision, systems.after.revision)
            self.show_difference()

    async def _find_preview(self) -> None:
        if self._ends is not None:
            _, to = self._ends
            if self._knowledge.known_preview(to.host, to.path) is None:
                await self._answered("preview", self._ends, self._knowledge.preview(to.host, to.path))

    async def _answered(self, what: str, ends: Ends, answer: Awaitable[object]) -> None:
        """Wait for an answer, which goes into what is known; what fails is shown in its place."""
        self._asked[what] = (ends, self._clock())
        self.show_difference()
        try:
            await answer
        except Exception as error:
            self._problems[what] = (ends, error)
        finally:
            self._asked.pop(what, None)
        self.show_difference()

    # Showing

    def show_difference(self) -> None:
        """What is known now; called every second while something is waited for."""
        if self._ends is None:
            self.set_title(line(("Diff", Role.STRONG)))
            self.show([*self._nothing, *self._foot])
            return
        before, after = self._ends
        if self._previewing:
            where = clean(f"{after.label} on {after.host}")
            self.set_title(line(("Preview ", Role.STRONG), ("going to ", Role.MUTED), (where, Role.STRONG)))
            found = self._preview_text(self._ends)
        else:
            old, new = _label(before, after), _label(after, before)
            self.set_title(line((old, Role.STRONG), (" → ", Role.MUTED), (new, Role.STRONG)))
            found = self._text(self._ends)
        self.show([*found, *self._foot])

    def _text(self, ends: Ends) -> list[Line]:
        (_, _, old), (_, _, new) = ends
        if old == new:
            return [
                line(("This is what runs.", Role.TEXT)),
                *wrap(
                    "Choose another generation to see what is different. Space compares from here.",
                    self.text_cells,
                    Role.MUTED,
                ),
            ]
        cells = self.text_cells
        packages = self._knowledge.known_diff(old, new)
        found: list[Line] = diff_lines(packages, cells)[:2] if packages is not None else []
        systems = self._knowledge.known_systems(old, new)
        if systems is not None:
            commits = self._knowledge.known_commits(systems.before.revision, systems.after.revision)
            found += commit_lines(commits, cells) if commits is not None else ()
            found += system_lines(systems, cells)
        else:
            found += self._instead("systems", ends, "asking which units differ")
        if packages is not None:
            found += diff_lines(packages, cells)[2:]
        else:
            hosts = ends[0].host if ends[0].host == ends[1].host else "both hosts"
            found += self._instead("packages", ends, f"asking {hosts} what is in both")
        return found

    def _preview_text(self, ends: Ends) -> list[Line]:
        to, cells = ends[1], self.text_cells
        known = self._knowledge.known_preview(to.host, to.path)
        if known is None:
            return self._instead("preview", ends, f"asking {to.host} what would restart")
        found = list(preview_lines(known, cells))
        for each in known.said[:20]:
            found += wrap(each, cells, Role.MUTED)
        return [*found, EMPTY, line(("p", Role.KEY), (" shows the difference again", Role.MUTED))]

    def _instead(self, what: str, ends: Ends, doing: str) -> list[Line]:
        """What stands where an answer will be: why there is none, or since when it is waited for."""
        problem, asked = self._problems.get(what), self._asked.get(what)
        if asked is not None and asked[0] == ends:
            return [waiting(doing, self._clock() - asked[1])]
        if problem is not None and problem[0] == ends:
            sentence, remedy = explain(problem[1])
            return [*wrap(f"✖ {sentence}", self.text_cells, Role.BAD), *wrap(remedy or "", self.text_cells, Role.MUTED)]
        return []


def _label(system: System, other: System) -> str:
    """The number alone within one host, else with whose it is."""
    return clean(system.label if system.host == other.host else f"{system.host}:{system.label}")


def waiting(text: str, seconds: float) -> Line:
    """What is waited for, and from one second on for how long."""
    return line((f"{clean(text)} … ", Role.ACCENT), (units.age(seconds) if seconds >= 1 else "", Role.MUTED)) or EMPTY
