"""Activity: everything that was done, by whom, with what result."""

from functools import partial

from textual import on
from textual.app import ComposeResult

from nixtui.tui import opening
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.paint import EMPTY, Role, clean, line
from nixtui.tui.records import Record, columns, detail, gather
from nixtui.tui.screens.activity_tabs import next_view, tabs
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session
from nixtui.tui.story import ledger_of, markdown
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

MOST = 500
"""Entries of the journal that are read."""


class ActivityScreen(Place):
    """Screen 7."""

    scopes = (Scope.ACTIVITY, Scope.LISTS, Scope.EVERYWHERE)
    here = "activity"
    CSS_PATH = "activity.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._records: dict[str, Record] = {}
        self._loaded = False
        self._problem: str | None = None
        self._list = Table[Record](columns(session.cockpit.clock), self._records.get, id="records")
        self._detail = Panel(id="record")
        self._is_cut = False

    def body(self) -> ComposeResult:
        """The list and the selected one."""
        with Blank():
            yield self._list
            yield self._detail

    @property
    def table(self) -> Table[Record]:
        """The operations."""
        return self._list

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self._list.focus()

    def on_screen_resume(self) -> None:
        """Read what happened since."""
        super().on_screen_resume()
        self.reload()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def reload(self) -> None:
        """Read the journal again."""
        self.in_background(self._load, group="journal", doing="Reading the journal")

    async def _load(self) -> None:
        operations = self.session.cockpit.operations
        entries, cut_off = await operations.past(MOST + 1), await operations.cut_off()
        entries, self._is_cut = entries[:MOST], len(entries) > MOST
        self._records.clear()
        self._records.update({each.id: each for each in gather(operations.begun(), entries, cut_off)})
        self._loaded = True
        self._show()

    def tick(self, now: float) -> None:
        """Countdowns go down; an operation that ended is read again."""
        ended = any(each.report is None and each.operation and each.operation.report for each in self._records.values())
        if ended:
            self.reload()
        self._list.redraw()
        self._show_detail()
        super().tick(now)

    def _show(self) -> None:
        self._list.show(tuple(self._records))
        self._list.redraw()
        count = f"newest {len(self._records)} of more" if self._is_cut else f"{len(self._records)}"
        self._list.set_title(tabs("activity"), line((count, Role.WARN if self._is_cut else Role.MUTED)))
        self._list.set_empty(
            [
                line("Nothing was done yet."),
                line(
                    ("r", Role.KEY),
                    (" on a host of the fleet (", Role.MUTED),
                    ("1", Role.KEY),
                    (") rolls it back", Role.MUTED),
                ),
            ]
            if self._loaded
            else [line(("reading the journal …", Role.MUTED))]
        )
        self._show_detail()

    def _show_detail(self) -> None:
        cells = self._detail.text_cells
        record = self._records.get(self._list.cursor or "")
        self._detail.set_title(line((clean(record.plan.title), Role.STRONG)) if record else EMPTY)
        self._detail.show(detail(record, cells, self.session.cockpit.clock()) if record else [])

    @on(RowMoved)
    def _moved(self) -> None:
        self._show_detail()
        self.refresh_frame()

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    # What keys do

    def selection(self) -> Selection:
        """The operation under the cursor."""
        return Selection(row=self._list.cursor)

    def turn_view(self, by: int) -> None:
        """The next view of Activity."""
        self.nixtui.visit(next_view("activity", by))

    def scroll_detail(self, rows: int) -> None:
        """Read on in the selected operation."""
        self._detail.scroll_rows(rows)

    def open(self) -> None:
        """The operation with all its events."""
        record = self._records[self._list.cursor or ""]
        self.in_background(partial(self._open, record), group="events", doing="Reading the events of the operation")

    async def _open(self, record: Record) -> None:
        ledger = await ledger_of(record, self.session.cockpit.operations)
        opening.operation(self.nixtui, ledger, record.operation, record.started_at)

    def copy(self) -> None:
        """The whole story, for a ticket."""
        record = self._records[self._list.cursor or ""]
        self.in_background(partial(self._copy, record), group="events", doing="Reading the events of the operation")

    async def _copy(self, record: Record) -> None:
        self.nixtui.copy(
            markdown(await ledger_of(record, self.session.cockpit.operations), record.started_at),
            "the operation as Markdown",
        )
