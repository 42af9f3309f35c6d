"""Generations: what hosts have run and can go back to, for one host or many side by side, and what differs."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.fleet.state import Changes
from nixtui.model.generation import Generation, Generations
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.matrix import PINNED_CELLS, MatrixRow, build_matrix, legend, window
from nixtui.tui.matrix import columns as matrix_columns
from nixtui.tui.messages import RowMoved, TableResized
from nixtui.tui.notices import sentence, trouble_lines
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.generation_acts import GenerationActs
from nixtui.tui.screens.generation_columns import columns
from nixtui.tui.screens.place import Blank
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.diff_pane import DiffPane, System, waiting
from nixtui.tui.widgets.table import GUTTER, Table

_AT_ONCE = 16
"""Hosts that are asked for their generations at the same time."""


class GenerationsScreen(GenerationActs):
    """Screen 2. With several hosts it begins with all of them side by side; `m` shows one of them."""

    scopes = (Scope.GENERATIONS, Scope.LISTS, Scope.EVERYWHERE)
    here = "generations"
    CSS_PATH = "generations.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.hosts: Sequence[str] = ()
        self.side_by_side = False
        self._turned = self._first_column = 0
        self._shown_columns = (0, 0)
        self._untouched = True
        self._ended = 0
        self._known: dict[str, Generations] = {}
        self._problems: dict[str, Exception] = {}
        self._matrix = build_matrix({})
        self._from: System | None = None
        self._from_row: str | None = None
        self._asked_at: dict[str, float] = {}
        clock = session.cockpit.clock
        self._list = Table[Generation](columns(clock), self._row, id="generations")
        self._grid = Table[MatrixRow]((), self._matrix_row, id="matrix")
        self._diff = DiffPane(session.knowledge, clock)

    def body(self) -> ComposeResult:
        """The list, or the hosts side by side, and the diff."""
        with Blank():
            yield self._list
            yield self._grid
            yield self._diff

    @property
    def table(self) -> Table[Generation] | Table[MatrixRow]:
        """The generations, or what was built."""
        return self._grid if self.side_by_side else self._list

    @property
    def host(self) -> str | None:
        """The host that is shown, or whose column is selected."""
        return self.hosts[self._turned] if self.hosts else None

    @property
    def environment(self) -> str | None:
        """That of the host, or of all that are side by side when it is the same."""
        names = self.hosts if self.side_by_side else (self.host or "",)
        found = {host.environment for host in self.session.hosts(names)}
        return found.pop() if len(found) == 1 else None

    @property
    def known(self) -> Generations | None:
        """What the host has told."""
        return self._known.get(self.host or "")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The host, and what of it."""
        return (self.host, "Generations") if self.host else ("Generations",)

    def _row(self, key: str) -> Generation | None:
        return self.known.with_number(int(key)) if self.known else None

    def _matrix_row(self, key: str) -> MatrixRow | None:
        return self._matrix.row(key)

    # What is shown

    def on_mount(self) -> None:
        """The list has the keyboard. Somebody may have said by now which hosts are shown."""
        self._grid.display, self._list.display = self.side_by_side, not self.side_by_side
        self.table.focus()

    def on_screen_resume(self) -> None:
        """Without a host chosen, the one under the cursor of the fleet."""
        if not self.hosts:
            self.show_hosts(self.nixtui.fleet_screen.selection().hosts)
        super().on_screen_resume()
        self._ask_after_operations()
        self.call_after_refresh(self._show)

    def show_hosts(self, hosts: Sequence[str]) -> None:
        """Show these: several side by side."""
        self.hosts, self._turned, self._first_column, self._untouched = tuple(hosts), 0, 0, True
        self._problems.clear()
        self._from = self._from_row = None
        self._known = {
            name: known for name in hosts if (known := self.session.knowledge.known_generations(name)) is not None
        }
        self.session.cockpit.focus(self.hosts)
        self._show_side_by_side(len(self.hosts) > 1)
        self._ask(self.hosts)

    def toggle_matrix(self) -> None:
        """One host, or all of them side by side."""
        self._show_side_by_side(not self.side_by_side)

    def _show_side_by_side(self, on: bool) -> None:
        self.side_by_side = on
        self._grid.display, self._list.display = on, not on
        self.set_class(on, "-side-by-side")
        self._diff.preview(on=False)
        self._list.show(())  # a number means another generation on another host, so the cursor must not stay on it
        self._show()
        self._begin_at_what_runs()
        self.table.focus()

    def turn(self, by: int) -> None:
        """The next host, or the one before."""
        self._turned = (self._turned + by) % len(self.hosts)
        if not self.side_by_side:
            self._list.show(())
        self._show()
        if not self.side_by_side:
            self._begin_at_what_runs()

    def ask_again(self) -> None:
        """Ask the hosts now; what is known stays on the screen meanwhile."""
        self._ask(self.hosts)

    def _ask(self, names: Sequence[str]) -> None:
        if names:
            now = self.session.cockpit.clock()
            self._asked_at.update(dict.fromkeys(names, now))
            whose = names[0] if len(names) == 1 else f"{len(names)} hosts"
            self.in_background(partial(self._load, tuple(names)), group="generations", doing=f"generations of {whose}")
            self._show_titles()

    async def _load(self, names: Sequence[str]) -> None:
        room = asyncio.Semaphore(_AT_ONCE)

        async def load(name: str) -> None:
            async with room:
                await self._load_one(name)

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(load(name))
        if len(names) == 1 and (problem := self._problems.get(names[0])) is not None:
            raise problem

    async def _load_one(self, name: str) -> None:
        try:
            known = await self.session.knowledge.generations(name)
        except Exception as error:
            self._problems[name] = error
        else:
            self._problems.pop(name, None)
            if name in self.hosts:
                self._known[name] = known
        finally:
            self._asked_at.pop(name, None)
        if name in self.hosts:
            was_nowhere = self.table.cursor is None
            self._show()
            if was_nowhere or (self._untouched and name == self.host):
                self._begin_at_what_runs()

    def _begin_at_what_runs(self) -> None:
        running = self.known.running if self.known else None
        if running is not None:
            self._list.go_to(str(running.number))
            self._grid.go_to(running.configuration_revision or running.path)

    def _ask_after_operations(self) -> None:
        """Pins and deleted generations change nothing that the live view would show."""
        ended = sum(each.report is not None for each in self.session.cockpit.operations.begun())
        if ended != self._ended:
            self._ended = ended
            self._ask(self.hosts)

    def fleet_changed(self, changes: Changes) -> None:
        """A host that switched has other generations."""
        switched = [name for name in self.hosts if name in changes.names and self._has_switched(name)]
        if switched:
            self._ask(switched)

    def _has_switched(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None or name in self._asked_at or name not in self.session.cockpit.fleet:
            return False
        facts = self.session.cockpit.fleet.status(name).facts
        there = (facts.current_system, facts.profile_system)
        return facts.current_system is not None and there != (known.current_system, known.profile_system)

    def tick(self, now: float) -> None:
        """Waiting is counted where one looks."""
        self._ask_after_operations()
        self._show_titles()
        self._diff.show_difference()
        super().tick(now)

    def _show(self) -> None:
        if self.side_by_side:
            self._show_matrix()
        else:
            known = self.known
            self._list.show(tuple(str(each.number) for each in known.items) if known else ())
            marked = self._from is not None and self._from.host == self.host
            self._list.set_marks(frozenset({self._from.label} if marked and self._from else ()))
        self.table.set_empty(self._why_empty())
        self.table.redraw()
        self._show_titles()
        self._compare()

    def _show_matrix(self) -> None:
        self._matrix = build_matrix({name: self._known[name] for name in self.hosts if name in self._known})
        room = self._grid.cells - GUTTER - 1 - PINNED_CELLS
        self._first_column, end = window(self.hosts, self._turned, self._first_column, room)
        self._shown_columns = (self._first_column, end)
        shown, clock = self.hosts[self._first_column : end], self.session.cockpit.clock
        self._grid.set_columns(matrix_columns(self._matrix, shown, self.host, self._problems, clock))
        self._grid.show(tuple(row.key for row in self._matrix.rows))
        self._grid.set_marks(frozenset({self._from_row} if self._from_row else ()))

    def _why_empty(self) -> list[Line]:
        if self.host is None:
            back = (("1", Role.KEY), (" shows the fleet, where ", Role.MUTED), ("enter", Role.KEY))
            return [line("No host is chosen."), line(*back, (" on a host comes here", Role.MUTED))]
        problem = self._problems.get(self.host)
        if problem is not None and self.host not in self._asked_at:
            return [*trouble_lines(problem), line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))]
        return [line(("asking the host …" if len(self.hosts) == 1 else "asking the hosts …", Role.MUTED))]

    def _show_titles(self) -> None:
        host = clean(self.host) if self.host else "Generations"
        turned = f"  {self._turned + 1} of {len(self.hosts)}" if len(self.hosts) > 1 else ""
        left = line((host, Role.STRONG), (turned, Role.MUTED))
        right = self._how_many()
        asked = (
            self._asked_at if self.side_by_side else {each: at for each, at in self._asked_at.items() if each == host}
        )
        if asked:
            whom = f"asking {len(asked)} hosts" if len(asked) > 1 else "asking for the generations"
            right = waiting(whom, self.session.cockpit.clock() - min(asked.values()))
        self.table.set_title(left, right)

    def _how_many(self) -> Line:
        if self.side_by_side:
            off = len(self._matrix.outliers)
            first, end = self._shown_columns
            part = f"hosts {first + 1}–{end} of {len(self.hosts)}" if end - first < len(self.hosts) else ""
            said = f"{off} not on what most run" if off else ""
            return line((said, Role.WARN), (f"  {part}" if said and part else part, Role.MUTED))
        if self.known is None:
            return EMPTY
        stray = "runs none of them ─ " if self.known.current_system and self.known.running is None else ""
        paths = {each.path for each in self.known.items}
        kept = sum(path not in paths for path in self.known.pins)
        pinned = f"{kept} pinned besides ─ " if kept else ""
        return line((stray, Role.WARN), (pinned, Role.MUTED), (f"{len(self.known.items)}", Role.MUTED))

    # The diff

    @property
    def chosen(self) -> Generation | None:
        """The generation under the cursor, on the host whose column it is."""
        cursor, host = self.table.cursor, self.host
        if cursor is None or host is None:
            return None
        if not self.side_by_side:
            return self._row(cursor)
        row = self._matrix.row(cursor)
        cell = row.cells.get(host) if row else None
        return cell.generation if cell else None

    @property
    def row_generations(self) -> Mapping[str, Generation]:
        """What keys that take a row act on: a generation of every host that has one there."""
        if not self.side_by_side:
            return {self.host: self.chosen} if self.host and self.chosen else {}
        row = self._matrix.row(self.table.cursor)
        return {name: row.cells[name].generation for name in self.hosts if name in row.cells} if row else {}

    @property
    def _ends(self) -> tuple[System, System] | None:
        """Both systems to compare: from the marked one, or the running one, to the selected one."""
        known, after, host = self.known, self.chosen, self.host
        if known is None or after is None or host is None:
            return None
        there = System(host, str(after.number), after.path)
        if self._from is not None:
            return self._from, there
        if known.current_system is None:
            return None
        running = str(known.running.number) if known.running else "what runs"
        return System(host, running, known.current_system), there

    def _compare(self) -> None:
        foot = (EMPTY, *legend(self._diff.text_cells)) if self.side_by_side and self._matrix.rows else ()
        self._diff.compare(self._ends, foot=foot, nothing=tuple(self._nothing_to_compare()))

    def _nothing_to_compare(self) -> list[Line]:
        host, cells = self.host, self._diff.text_cells
        if host is None or not self.side_by_side:
            return []
        if (problem := self._problems.get(host)) is not None:
            return [line((clean(host), Role.STRONG)), *wrap(f"✖ {sentence(problem)}", cells, Role.BAD)]
        if host in self._known and self.table.cursor is not None:
            return wrap(f"{host} has no generation of this. [ and ] go to another host.", cells, Role.MUTED)
        return []

    @on(RowMoved)
    def _moved(self) -> None:
        self._compare()
        self.refresh_frame()

    @on(TableResized)
    def _table_resized(self) -> None:
        """More hosts fit side by side, or fewer."""
        if self.side_by_side:
            self._show_matrix()

    def on_resize(self) -> None:
        """The titles and lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    # What keys do

    def move(self, rows: int) -> None:
        """From here on the cursor is somebody's, and stays where it was put."""
        self._untouched = False
        super().move(rows)

    def move_pages(self, pages: float) -> None:
        """As `move`."""
        self._untouched = False
        super().move_pages(pages)

    def to_end(self, *, first: bool) -> None:
        """As `move`."""
        self._untouched = False
        super().to_end(first=first)

    def selection(self) -> Selection:
        """The host shown, or those of the row; what their policy forbids."""
        names = tuple(self.row_generations) or ((self.host,) if self.host else ())
        hosts = self.session.hosts(names)
        forbidden = why_unchangeable(self.session.cockpit.policy, hosts)
        row = self.table.cursor if self.chosen is not None or self.side_by_side else None
        return Selection(
            hosts=tuple(host.name for host in hosts), forbidden=forbidden or self._why_not_there(), row=row
        )

    def _why_not_there(self) -> str | None:
        there = self.row_generations
        if not there:
            return "no generation is selected"
        gone = [each for each in there.values() if not each.path_exists]
        return f"generation {gone[0].number} is gone from the store" if len(gone) == len(there) else None

    def mark(self) -> None:
        """Compare from this one, or from what runs again."""
        host, after = self.host, self.chosen
        if host is None or after is None:
            return
        here = System(host, str(after.number), after.path)
        is_marked = self._from == here
        self._from = None if is_marked else here
        self._from_row = None if is_marked else (after.configuration_revision or after.path)
        self._show()

    def step_back(self) -> None:
        """First compare with what runs again, then go to the fleet."""
        if self._diff.is_previewing:
            self._diff.preview(on=False)
        elif self._from is not None:
            self._from = self._from_row = None
            self._show()
        else:
            super().step_back()

    def preview(self) -> None:
        """What going to the selected one would do, or the difference again."""
        self._diff.preview(on=not self._diff.is_previewing)

    def scroll_diff(self, rows: int) -> None:
        """Read on in the diff."""
        self._diff.scroll_rows(rows)

    def copy(self) -> None:
        """The store path."""
        if self.chosen is not None:
            self.nixtui.copy(self.chosen.path, "the path")

    def copy_command(self) -> None:
        """The diff, or without one the list, as a command."""
        ends, host = self._diff.ends, self.host
        words = ["nixtui", "generations", host or ""]
        if ends is not None and host is not None:
            before, after = ends
            label = before.label if before.label.isdecimal() else "current"
            words = ["nixtui", "diff", host, label, after.label]
            if before.host != host:
                words[3] = f"{before.host}:{label}"
        self.nixtui.copy(shlex.join(words), "the command")
