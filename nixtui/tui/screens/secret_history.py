"""What became of a secret from commit to commit: which key, of what type and rough length, and never a value."""

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from nixtui.secrets.history import Entry, KeyChange, What
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.repository import Repository
from nixtui.tui import units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowMoved
from nixtui.tui.paint import Line, Role, clean, line, wrap
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.secret_rows import called
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

_LOOKS = {What.ADDED: ("+", Role.GOOD), What.CHANGED: ("~", Role.WARN), What.REMOVED: ("−", Role.BAD)}


class SecretHistoryScreen(Place):
    """On top of the Secrets screen; esc goes back there."""

    scopes = (Scope.VERSIONS, Scope.LISTS, Scope.EVERYWHERE)
    here = "secrets"
    CSS_PATH = "secret_history.tcss"

    def __init__(self, session: Session, name: str, entries: Sequence[Entry], repository: Repository) -> None:
        super().__init__(session)
        self._what, self._repository = name, repository
        self._entries = {each.commit: each for each in entries}
        self._table = Table[Entry](self._columns(), self._entries.get, id="secret-commits")
        self._detail = Panel(id="secret-commit")

    def body(self) -> ComposeResult:
        """The commits, and what the selected one did."""
        with Blank():
            yield self._table
            yield self._detail

    @property
    def table(self) -> Table[Entry]:
        """The commits."""
        return self._table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Whose history it is."""
        return (f"History of {self._what}",)

    def _columns(self) -> tuple[Column[Entry], ...]:
        now = self.session.cockpit.clock
        return (
            Column("when", "WHEN", 6, lambda row: line((units.age(now() - row.at), Role.MUTED)), 0, right=True),
            Column("keys", "KEYS", 12, _counts, 0, 16),
            Column("subject", "SUBJECT", 20, lambda row: line((clean(row.subject), Role.TEXT)), 0, 80),
            Column("author", "AUTHOR", 8, lambda row: line((clean(row.author), Role.MUTED)), 1, 20),
            Column("commit", "COMMIT", 10, lambda row: line((row.commit[:10], Role.FAINT)), 2),
        )

    def on_mount(self) -> None:
        """The commits have the keyboard."""
        self._table.set_title(line((f"History of {clean(self._what)}", Role.STRONG)))
        self._table.set_empty([line("No commit of git changed it."), line(("values are never shown here", Role.MUTED))])
        self._table.show(tuple(self._entries))
        self._table.focus()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    @on(RowMoved)
    def _show(self) -> None:
        entry = self._entries.get(self._table.cursor or "")
        self._detail.set_title(line((entry.commit[:10], Role.STRONG)) if entry is not None else ())
        self._detail.show(self._lines(entry) if entry is not None else [], from_top=True)
        self.refresh_frame()

    def _lines(self, entry: Entry) -> list[Line]:
        cells = self._detail.text_cells
        lines = [change_line(each) for each in entry.changes]
        for words, identities in (
            ("may read it from here on", entry.recipients_added),
            ("may not any more", entry.recipients_removed),
        ):
            lines += [line((called(self._repository, each), Role.STRONG), f" {words}") for each in identities]
        if entry.problem:
            lines += wrap(f"! {entry.problem}", cells, Role.WARN)
        return lines or [line(("no value and no reader changed", Role.MUTED))]

    def selection(self) -> Selection:
        """The commit under the cursor."""
        return Selection(row=self._table.cursor)

    def copy(self) -> None:
        """The commit, for git show."""
        if self._table.cursor is not None:
            self.nixtui.copy(self._table.cursor, "the commit")

    def scroll_detail(self, rows: int) -> None:
        """Read on."""
        self._detail.scroll_rows(rows)


def change_line(change: KeyChange) -> Line:
    """`~ db/password  str short → str medium`."""
    glyph, role = _LOOKS[change.what]
    kinds = " → ".join(dict.fromkeys(each for each in (change.before, change.after) if each))
    doubt = "" if change.is_certain else "  or only encrypted anew: none of your keys tells"
    name = clean(shown_path(change.path) or "the value")
    return line((f"{glyph} ", role), f"{name}  ", (change.what.value, role), (f"  {kinds}{doubt}", Role.MUTED))


def _counts(row: Entry) -> Line:
    counts = [(what, sum(each.what is what for each in row.changes)) for what in What]
    parts = [(f"{_LOOKS[what][0]}{count} ", _LOOKS[what][1]) for what, count in counts if count]
    return (
        line(*parts)
        if parts
        else line(("readers" if row.recipients_added or row.recipients_removed else "–", Role.MUTED))
    )
