"""Instances: EC2 over regions, with what is around each; ways in, and what may be done to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from textual import on

from nixtui.fleet.state import Changes
from nixtui.instances.belonging import hosts_of
from nixtui.instances.doors import Door
from nixtui.instances.refreshing import Refresh
from nixtui.instances.standing import Instances
from nixtui.model.host import Host
from nixtui.tui import instance_acts, opening, units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.image_acts import where
from nixtui.tui.image_rows import LOG_IN, login_words
from nixtui.tui.instance_rows import (
    InstanceRow,
    columns,
    door_lines,
    group_lines,
    instance_lines,
    instance_row,
    key_of,
    matches,
    placing_lines,
    sort_key,
    trouble_lines,
)
from nixtui.tui.messages import HeadClicked, RowChosen, RowMoved
from nixtui.tui.notices import Level, sentence
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.image_tabs import tabs
from nixtui.tui.screens.marked_list import MarkedList
from nixtui.tui.session import Session, why_unchangeable
from nixtui.tui.widgets.frame import LOGIN_ENDS_SOON_S
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

RESTS_AFTER_S = 0.4
"""A cursor that rests this long is looked at; one that flies past ten instances asks about none."""

ASK_EVERY_S = 60.0
"""How old what is shown becomes while the screen is in front."""

ASK_BACK_S = 3.0
"""How old it may be for somebody who comes back, mostly from something that changed it."""

ASK_SOON_S = 5.0
"""The same while an instance comes or goes, or a group is rolled."""

_STALE_S = 90.0


@dataclass(slots=True)
class _Looked:
    """What was found out about the instance under the cursor. `at` is when."""

    at: float
    doors: Sequence[Door] | None = None
    refresh: Refresh | None = None
    problems: dict[str, str] = field(default_factory=dict)


class InstancesScreen(MarkedList):
    """A view of screen 4."""

    scopes = (Scope.INSTANCES, Scope.LISTS, Scope.EVERYWHERE)
    here = "images"
    view = "instances"
    CSS_PATH = "instances.tcss"

    def __init__(self, session: Session) -> None:
        self._rows: dict[str, InstanceRow] = {}
        super().__init__(
            session,
            Table[InstanceRow](columns(session.cockpit.clock), self._rows.get, id="instances"),
            Panel(id="instance"),
        )
        self._order: list[str] = []
        self._sort, self._descending = "name", False
        self._found: Instances | None = None
        self._asked_at = self._seen_at = 0.0
        self._problem: str | None = None
        self._asking = False
        self._under_way = 0
        self._only_problems = False
        self._looked: dict[str, _Looked] = {}

    @property
    def table(self) -> Table[InstanceRow]:
        """The instances."""
        return self._table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """A view of Images."""
        return ("Instances",)

    @property
    def under_cursor(self) -> InstanceRow | None:
        """The instance that the pane is about."""
        return self._rows.get(self._table.cursor or "")

    @property
    def chosen(self) -> list[InstanceRow]:
        """The marked instances, or the one under the cursor."""
        return [self._rows[key] for key in self.marked_or_cursor(self._order)]

    # Asking

    def on_mount(self) -> None:
        """Ask at the first look, and not before."""
        self._table.focus()
        self.ask_again()

    def ask_again(self) -> None:
        """Ask all regions now; what is known stays on the screen meanwhile."""
        self._asking, self._problem = True, None
        self._looked.clear()
        self._ask_soon()
        self.call_after_refresh(self.show)

    def _ask_soon(self) -> None:
        self._asked_at = self.session.cockpit.clock()
        self.in_background(self._ask, group="instances", doing="Asking EC2 for instances")

    async def _ask(self) -> None:
        self._under_way += 1
        try:
            self._found = await self.session.cockpit.instances.survey()
            self.session.knows_login(self._found.expires_at, self._found.ends_first)
        except Exception as error:
            self._problem = sentence(error)
        else:
            self._problem, self._seen_at = None, self.session.cockpit.clock()
            self._looked = {key: each for key, each in self._looked.items() if self._seen_at - each.at < ASK_EVERY_S}
            self._take_in()
        finally:
            self._under_way -= 1
        self._asking = False
        self.show()
        self._look_at(self._table.cursor)

    def _take_in(self) -> None:
        """Rows of what was found, each with the host that it is now."""
        standings = self._found.standings if self._found is not None else ()
        hosts: Mapping[str, Host] = hosts_of(
            [each.instance for each in standings], self.session.cockpit.fleet.hosts().values()
        )
        of_logins = bool(self._found is not None and self._found.logins)
        self._table.set_columns(columns(self.session.cockpit.clock, of_logins=of_logins))
        self._rows.clear()
        self._rows.update({key_of(each): instance_row(each, hosts.get(each.instance.identity)) for each in standings})
        self._marks &= self._rows.keys()
        self._sort_rows()

    def _sort_rows(self) -> None:
        column = next(each for each in self._table.columns if each.id == self._sort)
        by = sort_key(column)
        self._order = sorted(self._rows, key=lambda key: by(self._rows[key]), reverse=self._descending)

    def fleet_changed(self, changes: Changes) -> None:
        """Another instance may be a host now."""
        if changes.membership and self._rows:
            self._take_in()
            self.show()

    async def _look(self, row: InstanceRow) -> None:
        work, key = self.session.cockpit.instances, key_of(row.standing)
        looked = self._looked[key] = _Looked(self.session.cockpit.clock())
        if (group := row.standing.group) is not None:
            try:
                looked.refresh = await work.refresh(group)
            except Exception as error:
                looked.problems["refresh"] = sentence(error)
        try:
            looked.doors = await work.doors(row.standing)
        except Exception as error:
            looked.problems["doors"] = sentence(error)
        self._show_instance()
        self.refresh_frame()

    # Showing

    def on_screen_resume(self) -> None:
        """As it was left; what is old is asked anew."""
        super().on_screen_resume()
        if self._seen_at and not self._under_way and self.session.cockpit.clock() - self._asked_at >= ASK_BACK_S:
            self._looked.clear()
            self._ask_soon()
        self.call_after_refresh(self.show)

    def tick(self, now: float) -> None:
        """Ages grow; what is old is asked anew."""
        looked = self._looked.get(self._table.cursor or "")
        rolls = looked is not None and looked.refresh is not None and looked.refresh.is_running
        moves = any(row.instance.state in ("pending", "stopping") for row in self._rows.values())
        if not self._under_way and now - self._asked_at >= (ASK_SOON_S if rolls or moves else ASK_EVERY_S):
            self._ask_soon()
        if rolls and looked is not None and now - looked.at >= ASK_SOON_S:
            self._look_at(self._table.cursor, anew=True)
        self._table.redraw()
        self._show_title()
        super().tick(now)

    def show(self) -> None:
        """The list as it is known."""
        if not self.is_mounted:
            return
        words, rows = self._filter.lower().split(), self._rows
        order = [key for key in self._order if matches(rows[key], words)] if words else list(self._order)
        if self._only_problems:
            order = [key for key in order if rows[key].is_problem]
        self._table.set_marks(self._marks)
        self._table.set_empty(self._why_empty())
        self._table.show(tuple(order), sorted_by=(self._sort, self._descending))
        self._table.redraw()
        self._show_title()
        self._show_instance()
        self.refresh_frame()

    def _show_title(self) -> None:
        only = f"  {clean(self._filter)}" if self._filter else ""
        only += "  only problems" if self._only_problems else ""
        marked = f"  {len(self._marks)} marked" if self._marks else ""
        self._table.set_title((*tabs("instances"), *line((only + marked, Role.ACCENT))), *self._right_titles())

    def _right_titles(self) -> Iterator[Line]:
        """The longest first; where room is short, what is wrong matters more than where was asked."""
        if self._asking:
            yield line(("asking every region …", Role.ACCENT))
        if self._asking or self._found is None:
            return
        now, regions, count = self.session.cockpit.clock(), self._found.regions, len(self._table.order)
        place = regions[0] if len(regions) == 1 else f"{len(regions)} regions"
        place += f" of {len(self._found.logins)} logins" if self._found.logins else ""
        of = f" of {len(self._rows)}" if count != len(self._rows) else ""
        told = EMPTY
        if impaired := sum(row.failed_checks is not None for row in self._rows.values()):
            told += line((f"  ✖ {impaired} impaired", Role.BAD))
        if self._found.troubles:
            told += line((f"  ✖ {len(self._found.troubles)} not told", Role.BAD))
        if self._problem is not None or now - self._seen_at >= _STALE_S:
            told += line((f"  seen {units.span(now - self._seen_at)} ago", Role.WARN))
        if (ends := self._found.expires_at) is not None:
            words = f"  {login_words(ends - now, self._found.ends_first)}"
            told += line((words, Role.MUTED if ends - now > LOGIN_ENDS_SOON_S else Role.WARN))
        for asked in (f" in {clean(place)}", ""):
            yield line((f"{count}{of}{asked}", Role.MUTED)) + told

    def _why_empty(self) -> list[Line]:
        cells = max(20, self._table.cells - 4)
        again = line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))
        if self._problem is not None:
            return [*wrap(f"✖ {self._problem}", cells, Role.BAD), again, LOG_IN]
        if self._found is None or self._asking:
            return [line(("asking EC2 …", Role.MUTED))]
        if self._rows:
            what = f"matches {clean(self._filter)}" if self._filter else "has a problem"
            return [line(f"No instance {what}."), line(("esc", Role.KEY), (" shows all", Role.MUTED))]
        troubles = trouble_lines(self._found.troubles, cells)
        if not self._found.regions:
            return [line("No login tells of its instances."), *troubles, again, LOG_IN]
        told = [line("There are no instances here."), *troubles]
        return [*told, line(("n", Role.KEY), (" on an image launches the first one, ", Role.MUTED)) + again]

    def _show_instance(self) -> None:
        row, cells = self.under_cursor, self._panel.text_cells
        self._panel.set_title(line((clean(row.instance.name), Role.STRONG)) if row else EMPTY)
        told: list[Line] = []
        if row is not None:
            looked = self._looked.get(key_of(row.standing)) or _Looked(0.0)
            told += instance_lines(row, cells)
            told += group_lines(row, looked.refresh, looked.problems.get("refresh"), cells)
            told += placing_lines(row, self.session.cockpit.clock(), cells)
            told += door_lines(looked.doors, looked.problems.get("doors"), cells)
        if self._found is not None and self._found.troubles and self._rows:
            told += [EMPTY, *trouble_lines(self._found.troubles, cells)]
        if self._problem is not None and self._rows:
            told = [*wrap(f"✖ {self._problem}", cells, Role.BAD), EMPTY, *told]
        self._panel.show(told)

    @on(RowMoved)
    def _moved(self, event: RowMoved) -> None:
        self._panel.scroll_rows_to(0)
        self._show_instance()
        self.refresh_frame()
        if event.key is not None:
            self.set_timer(RESTS_AFTER_S, lambda: self._look_at(event.key))

    @on(RowChosen)
    def _row_chosen(self) -> None:
        self.action_act("open")

    @on(HeadClicked)
    def _head_clicked(self, event: HeadClicked) -> None:
        self.sort_by(event.column)

    def _look_at(self, key: str | None, *, anew: bool = False) -> None:
        row = self._rows.get(key or "")
        if row is None or key != self._table.cursor or (key in self._looked and not anew):
            return

        async def look() -> None:
            await self._look(row)

        self.in_background(look, group="doors", doing="Asking about the instance")

    # What keys do

    def selection(self) -> Selection:
        """The marked instances, or the one under the cursor, and what stands against each thing."""
        chosen, shown = self.chosen, set(self._table.order)
        hosts = [each.host for each in chosen if each.host is not None]
        refusals = instance_acts.refusals(self)
        return Selection(
            hosts=tuple(each.instance.identity for each in chosen),
            marked=len(self._marks),
            hidden=len(self._marks - shown),
            forbidden=why_unchangeable(self.session.cockpit.policy, hosts),
            row=self._table.cursor,
            refusals=refusals,
        )

    def looked_refresh(self) -> Refresh | None:
        """The newest refresh of the group of the instance under the cursor, as far as it is known."""
        looked = self._looked.get(self._table.cursor or "")
        return looked.refresh if looked is not None else None

    def looked_doors(self) -> Sequence[Door]:
        """The ways into the instance under the cursor, as far as they are known."""
        looked = self._looked.get(self._table.cursor or "")
        return looked.doors or () if looked is not None else ()

    def toggle_problems(self) -> None:
        """Only instances one should look at, or all."""
        self._only_problems = not self._only_problems
        self.show()

    def choose_sort(self) -> None:
        """Ask for the column."""
        options = [(each.id, each.title) for each in self._table.columns if each.sort]
        opening.choice(self, "Sort by", options, self.sort_by)

    def sort_by(self, column: str) -> None:
        """By this column; the same again: the other way round."""
        self._descending = column == self._sort and not self._descending
        self._sort = column
        self._sort_rows()
        self.show()

    def toggle_wide(self) -> None:
        """All columns, or those that fit."""
        self._table.set_wide(not self._table.is_wide)

    def shift(self, columns: int) -> None:
        """Move sideways, while all columns are shown."""
        self._table.shift(columns)

    @property
    def is_narrowed(self) -> bool:
        """By the filter, or to what is a problem."""
        return super().is_narrowed or self._only_problems

    def widen(self) -> None:
        """All instances."""
        super().widen()
        self._only_problems = False

    def open_host(self) -> None:
        """The page of the host that the instance is."""
        row = self.under_cursor
        if row is not None and row.host is not None:
            opening.host_page(self.nixtui, row.host.name)

    def copy(self) -> None:
        """The ids of the instances."""
        chosen = self.chosen
        what = "the instance's id" if len(chosen) == 1 else f"{len(chosen)} ids"
        self.nixtui.copy("\n".join(each.instance.identity for each in chosen), what)

    def copy_command(self) -> None:
        """What shows it without a screen."""
        row = self.under_cursor
        words = ["list"] if row is None else ["show", row.instance.identity, *where(row.instance)]
        self.nixtui.copy(" ".join(["nixtui instance", *words]), "the command")

    def for_one(self, act: "Callable[[InstancesScreen], None]") -> None:
        """What is done for one instance at a time."""
        if len(self.chosen) == 1:
            act(self)
        else:
            self.session.say(Level.WARNING, "This is done for one instance at a time; esc takes the marks away.")
