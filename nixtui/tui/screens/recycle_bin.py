"""The recycle bin: images and snapshots that were removed, until when they can be had back, and having them back."""

from collections.abc import Sequence

from textual import on

from nixtui.model.binned import Bin, Binned
from nixtui.operations.plan import Plan
from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.bin_rows import binned_lines, columns, matches
from nixtui.tui.image_rows import trouble_lines
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import sentence
from nixtui.tui.paint import EMPTY, Line, Role, clean, line, wrap
from nixtui.tui.screens.confirming import PlanQuestion
from nixtui.tui.screens.image_tabs import tabs
from nixtui.tui.screens.marked_list import MarkedList
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table


class RecycleBinScreen(MarkedList):
    """The third view of screen 4."""

    scopes = (Scope.BIN, Scope.LISTS, Scope.EVERYWHERE)
    here = "bin"
    view = "bin"
    CSS_PATH = "recycle_bin.tcss"

    def __init__(self, session: Session) -> None:
        self._binned: dict[str, Binned] = {}
        super().__init__(
            session, Table[Binned](columns(session.cockpit.clock), self._binned.get, id="bin"), Panel(id="binned")
        )
        self._found: Bin | None = None
        self._problem: str | None = None
        self._asking = False

    @property
    def table(self) -> Table[Binned]:
        """What lies in the bin."""
        return self._table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """A view of Images."""
        return ("Recycle bin",)

    @property
    def chosen(self) -> list[Binned]:
        """The marked ones, or the one under the cursor."""
        return [self._binned[key] for key in self.marked_or_cursor(tuple(self._binned))]

    # Asking

    def on_mount(self) -> None:
        """What is there is asked at each visit."""
        self._table.focus()

    def on_screen_resume(self) -> None:
        """Who comes back has mostly restored or retired something."""
        super().on_screen_resume()
        self.ask_again()

    def ask_again(self) -> None:
        """Ask all regions now; what is known stays on the screen meanwhile."""
        self._asking, self._problem = True, None
        self.in_background(self._ask, group="bin", doing="Asking AWS for the recycle bin")
        self.call_after_refresh(self.show)

    async def _ask(self) -> None:
        try:
            found = await self.session.cockpit.images.bin()
        except Exception as error:
            self._problem, self._asking = sentence(error), False
        else:
            self._found, self._asking = found, False
            self._binned.clear()
            self._binned.update({each.key: each for each in found.binned})
            self._marks &= self._binned.keys()
        self.show()

    # Showing

    def tick(self, now: float) -> None:
        """Time runs out."""
        self._table.redraw()
        super().tick(now)

    def show(self) -> None:
        """The list as it is known."""
        if not self.is_mounted:
            return
        words = self._filter.lower().split()
        order = [key for key, each in self._binned.items() if matches(each, words)]
        self._table.set_marks(self._marks)
        self._table.set_empty(self._why_empty())
        self._table.show(tuple(order))
        self._table.redraw()
        only = f"  {clean(self._filter)}" if self._filter else ""
        marked = f"  {len(self._marks)} marked" if self._marks else ""
        self._table.set_title((*tabs("bin"), *line((only + marked, Role.ACCENT))), self._right_title(len(order)))
        self._show_selected()
        self.refresh_frame()

    def _right_title(self, count: int) -> Line:
        if self._asking:
            return line(("asking every region …", Role.ACCENT))
        if self._found is None:
            return EMPTY
        regions, silent = len(self._found.regions), len(self._found.troubles)
        where = self._found.regions[0] if regions == 1 else f"{regions} regions"
        trouble = line((f"  ✖ {silent} did not tell", Role.BAD)) if silent else EMPTY
        of = f" of {len(self._binned)}" if count != len(self._binned) else ""
        return line((f"{count}{of} in {clean(where)}", Role.MUTED)) + trouble

    def _why_empty(self) -> list[Line]:
        cells = max(20, self._table.cells - 4)
        again = line(("ctrl+r", Role.KEY), (" asks again", Role.MUTED))
        if self._problem is not None:
            return [*wrap(f"✖ {self._problem}", cells, Role.BAD), again]
        if self._found is None or self._asking:
            return [line(("asking AWS …", Role.MUTED))]
        if self._binned:
            return [line(f"Nothing matches {clean(self._filter)}"), line(("esc shows all", Role.MUTED))]
        why = "Images and snapshots come here where a rule of AWS's recycle bin keeps them; what no rule keeps is gone."
        return [
            line("The recycle bin is empty."),
            *trouble_lines(self._found.troubles, cells),
            *wrap(why, cells, Role.MUTED),
            again,
        ]

    def _show_selected(self) -> None:
        row, cells = self._binned.get(self._table.cursor or ""), self._panel.text_cells
        self._panel.set_title(line((clean(row.called), Role.STRONG)) if row else EMPTY)
        told: list[Line] = []
        if row is not None:
            owner = next((each for each in self._binned.values() if row.identity in each.snapshots), None)
            told = list(binned_lines(row, owner, self.session.cockpit.clock(), cells))
        if self._found is not None and self._found.troubles and self._binned:
            told += [EMPTY, *trouble_lines(self._found.troubles, cells)]
        self._panel.show(told)

    @on(RowMoved)
    def _moved(self, _: RowMoved) -> None:
        self._panel.scroll_rows_to(0)
        self._show_selected()
        self.refresh_frame()

    # What keys do

    def selection(self) -> Selection:
        """The marked ones, or the one under the cursor; what forbids changes forbids these as well."""
        forbidden = "nixtui runs read-only" if self.session.cockpit.policy.read_only else None
        return Selection(
            hosts=tuple(each.called for each in self.chosen),
            marked=len(self._marks),
            hidden=len(self._marks.difference(self._table.order)),
            row=self._table.cursor,
            forbidden=forbidden,
        )

    def copy(self) -> None:
        """The ids."""
        chosen = self.chosen
        what = "the id" if len(chosen) == 1 else f"{len(chosen)} ids"
        self.nixtui.copy("\n".join(each.identity for each in chosen), what)

    def copy_command(self) -> None:
        """What lists them without a screen."""
        self.nixtui.copy("nixtui image bin", "the command")

    def restore(self) -> None:
        """Propose to have them back, an image with its snapshots."""
        chosen, images = self.chosen, self.session.cockpit.images
        regions = list(dict.fromkeys(each.region for each in chosen))
        identities = [each.identity for each in chosen]
        command = ["nixtui", "image", "restore", *identities, "--region", *regions] if len(regions) == 1 else []
        called = clean(chosen[0].called) if len(chosen) == 1 else f"{len(chosen)} things"
        question = PlanQuestion(
            f"Restore {called}",
            "Restore",
            lambda: images.plan_restore(chosen),
            asking="asking AWS",
            command=command,
            known=_change,
            of_many="Restore ({})",
            subject="WHAT",
        )
        opening.plan(self.nixtui, [each.called for each in chosen], question)


def _change(plan: Plan, name: str) -> Sequence[str]:
    """`in the recycle bin until … → registered`."""
    row = next((each for each in plan.targets if each.name == name or len(plan.targets) == 1), None)
    return () if row is None or row.refused is not None else (f"{row.before} → {row.after}",)
