"""Messages: everything nixtui said in this run, newest first, each with all it had to say."""

from textual import on
from textual.app import ComposeResult

from nixtui.tui import opening, units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import MAX_NOTICES, Notice, page
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.screens.activity_tabs import next_view, tabs
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table


class MessagesScreen(Place):
    """A view of Activity."""

    scopes = (Scope.MESSAGES, Scope.LISTS, Scope.EVERYWHERE)
    here = "activity"
    CSS_PATH = "message_list.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._notices: dict[str, Notice] = {}
        self._list = Table[Notice](_columns(), self._notices.get, id="messages")
        self._detail = Panel(id="message")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """A view of Activity."""
        return ("Messages",)

    def body(self) -> ComposeResult:
        """The list and the selected one."""
        with Blank():
            yield self._list
            yield self._detail

    @property
    def table(self) -> Table[Notice]:
        """The messages."""
        return self._list

    def on_mount(self) -> None:
        """The list has the keyboard."""
        self._list.focus()

    def on_screen_resume(self) -> None:
        """What was said meanwhile."""
        super().on_screen_resume()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def show_notice(self) -> None:
        """A new message is in the list as well."""
        super().show_notice()
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        kept = list(self.session.notices)
        first = self.session.notices.said - len(kept)
        self._notices.clear()
        self._notices.update({str(first + number): each for number, each in enumerate(kept)})
        self._list.show(tuple(reversed(self._notices)))
        self._list.redraw()
        older = f", {first} older not kept" if first else ""
        self._list.set_title(tabs("messages"), line((f"{len(kept)} of at most {MAX_NOTICES}{older}", Role.MUTED)))
        self._list.set_empty([line("Nothing was said yet."), line(("What nixtui tells you stays here.", Role.MUTED))])
        self._show_detail()

    def _show_detail(self) -> None:
        notice = self.chosen
        self._detail.set_title(line((units.clock(notice.at), Role.STRONG)) if notice else ())
        self._detail.show(notice.in_full(self._detail.text_cells) if notice else [])

    @property
    def chosen(self) -> Notice | None:
        """The message under the cursor."""
        return self._notices.get(self._list.cursor or "")

    @on(RowMoved)
    def _moved(self) -> None:
        self._detail.scroll_rows_to(0)
        self._show_detail()
        self.refresh_frame()

    @on(RowChosen)
    def _chosen(self) -> None:
        self.action_act("open")

    def selection(self) -> Selection:
        """The message under the cursor."""
        return Selection(row=self._list.cursor)

    def open(self) -> None:
        """The message on a page of its own."""
        opening.notice(self, self.chosen)

    def copy(self) -> None:
        """All it has to say."""
        if (notice := self.chosen) is not None:
            self.nixtui.copy(page(notice), "the message")

    def scroll_detail(self, rows: int) -> None:
        """Read on in the selected message."""
        self._detail.scroll_rows(rows)

    def turn_view(self, by: int) -> None:
        """The next view of Activity."""
        self.nixtui.visit(next_view("messages", by))


def _columns() -> tuple[Column[Notice], ...]:
    return (
        Column("when", "WHEN (UTC)", 10, lambda row: line((units.clock(row.at), Role.MUTED))),
        Column("level", "", 1, lambda row: line((row.level.glyph, row.level.role))),
        Column("text", "MESSAGE", 40, _text, 0, 160),
    )


def _text(row: Notice) -> Line:
    remedy = f"  {clean(row.remedy)}" if row.remedy else ""
    return line(clean(row.text), (remedy, Role.MUTED))
