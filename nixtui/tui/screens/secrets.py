"""Secrets: files, their keys without values, who reads them; changes that become one, and one value for ten seconds."""

from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical

from nixtui.operations.plan import Plan
from nixtui.secrets.document import Format
from nixtui.secrets.found import SecretsFound
from nixtui.secrets.repository import SecretFile
from nixtui.secrets.secret import Secret
from nixtui.tui import secret_acts
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.exposure import REVEALED_S
from nixtui.tui.messages import RowChosen, RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.pending import Pending
from nixtui.tui.recipient_matrix import MatrixRow, matrix_columns, matrix_rows
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.secret_about import about_file, nothing_here
from nixtui.tui.secret_rows import FileRow, KeyRow, file_columns, file_rows, key_columns, key_rows
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.prompt import Question
from nixtui.tui.widgets.revealed import Revealed
from nixtui.tui.widgets.table import Table

_NO_FILE = [line(("no file is like that, by its name, its format or who reads it", Role.MUTED)),
            line(("esc", Role.KEY), (" shows all", Role.MUTED))]  # fmt: skip


class SecretsScreen(Place):
    """Screen 5. Nothing is decrypted but the one value that is asked for; edits wait here until they are saved."""

    scopes = (Scope.SECRETS, Scope.LISTS, Scope.EVERYWHERE)
    here = "secrets"
    CSS_PATH = "secrets.tcss"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.found: SecretsFound | None = None
        self.pending: dict[str, Pending] = {}
        self.marked: frozenset[str] = frozenset()
        self.problems_only = False
        self._filters = {"files": "", "keys": ""}
        self._rows: dict[str, FileRow] = {}
        self._key_rows: dict[str, KeyRow] = {}
        self._matrix_rows: dict[str, MatrixRow] = {}
        self._keys_of: str | None = None
        self._in_keys = self._is_matrix = False
        self._trouble: Sequence[Line] = ()
        self._hides_at = 0.0
        self._shown_name, self._shown_is_text = "", True
        self._files = Table[FileRow](file_columns(), self._rows.get, id="secret-files")
        self._key_table = Table[KeyRow](key_columns(), self._key_rows.get, id="secret-keys")
        self._matrix = Table[MatrixRow]((), self._matrix_rows.get, id="secret-matrix")
        self._about, self._revealed = Panel(id="secret-about"), Revealed(id="secret-revealed")

    def body(self) -> ComposeResult:
        """Files and keys, or files and recipients; under them what is known of the file, or one value."""
        with Vertical(id="secrets-side"):
            with Blank():
                yield self._files
                yield self._key_table
            yield self._matrix
            yield self._about
            yield self._revealed

    @property
    def table(self) -> Table[Any]:
        """The list that has the keyboard."""
        return self._matrix if self._is_matrix else self._key_table if self._in_keys else self._files

    @property
    def file(self) -> SecretFile | None:
        """The file under the cursor."""
        key = self._matrix.cursor if self._is_matrix else self._files.cursor
        row = self._rows.get(key or "")
        return row.file if row else None

    @property
    def key(self) -> KeyRow | None:
        """The key under the cursor, while the keys have the keyboard."""
        return self._key_rows.get(self._key_table.cursor or "") if self._in_keys and not self._is_matrix else None

    @property
    def crumbs(self) -> tuple[str, ...]:
        """The file, while one is in it."""
        if self._is_matrix:
            return ("Secrets", "Recipients")
        return ("Secrets", self.file.name) if self._in_keys and self.file is not None else ("Secrets",)

    # Looking

    def on_mount(self) -> None:
        """The files have the keyboard."""
        self._files.focus()
        self._files.set_empty([line(("looking for secrets …", Role.MUTED))])
        self._key_table.set_empty([line(("the keys of a file stand here", Role.MUTED))])
        self.app.app_suspend_signal.subscribe(self, lambda _: self.cover())
        self.session.unsaved = lambda: [name for name, pending in self.pending.items() if pending.edits]

    def on_screen_resume(self) -> None:
        """Files may be others by now."""
        super().on_screen_resume()
        self.look()
        self.call_after_refresh(self.show)

    def on_screen_suspend(self) -> None:
        """Nobody looks here any more."""
        self.cover()

    def on_resize(self) -> None:
        """The titles are as long as the frames are wide; a terminal that changes may be another one."""
        super().on_resize()
        self.cover()
        self.call_after_refresh(self.show)

    def look(self) -> None:
        """Find and read everything anew."""
        self.in_background(self._look, group="look", doing="Reading the secrets")

    async def _look(self) -> None:
        try:
            found = await self.session.cockpit.secrets.look()
        except Exception as error:
            self._trouble = nothing_here(error)
            raise
        self._trouble = nothing_here(found)
        before, self.found = self.found, found
        if before is None or tuple(found.troubles) != tuple(before.troubles):
            for each in found.troubles:
                self.session.say(Level.WARNING, each)
        self._follow_files()
        self.show()

    def _follow_files(self) -> None:
        """Edits stay with a file that somebody else changed, and that is said."""
        assert self.found is not None
        by_name = {each.name: each for each in self.found.repository.files}
        for name, pending in self.pending.items():
            seen = self.found.digests.get(name)
            if name not in by_name or seen is None or seen == pending.seen or by_name[name].problem is not None:
                continue
            pending.move_to(by_name[name], seen)
            if pending.edits:
                text = f"{name} was changed by somebody else; your unsaved edits stay"
                self.session.say(Level.WARNING, text, remedy="what is known of the file says more")

    # Showing

    def show(self) -> None:
        """Draw files, keys and what is known of the file."""
        if not self.is_mounted:
            return
        if self.found is not None:
            rows = file_rows(self.found, self.pending.get)
            self._rows.clear()
            self._rows.update(rows)
            self._show_files()
            self._show_matrix()
        elif self._trouble:
            self._files.set_empty(self._trouble)
        self._show_keys()
        self._show_about()
        self.refresh_frame()

    def show_files(self, words: str) -> None:
        """The files of these words: their names, their formats, who reads them."""
        self.cover()
        self._filters["files"] = words
        if self._in_keys:
            self._turn(in_keys=False)
        self.show()

    def _wanted(self, row: FileRow) -> bool:
        words = self._filters["files"].lower().split()
        text = f"{row.file.name} {row.file.format.value}".lower()
        if self.found is not None:
            text += " " + " ".join(self.found.repository.called(each.identity) for each in row.file.recipients).lower()
        return all(each in text for each in words) and (row.is_problem or not self.problems_only)

    def _show_files(self) -> None:
        order = tuple(name for name, row in self._rows.items() if self._wanted(row))
        self.marked &= frozenset(self._rows)
        all_files, limits = len(self._rows), []
        if self._filters["files"]:
            limits.append(f"/{self._filters['files']}")
        if self.problems_only:
            limits.append("only problems")
        of = f"{len(order)} of {all_files}" if len(order) != all_files else str(all_files)
        marks = line((f"{len(self.marked)} marked ─ ", Role.ACCENT)) if self.marked else EMPTY
        title = line(("Files", Role.STRONG), (f"  {clean('  '.join(limits))}" if limits else "", Role.ACCENT))
        for table in (self._files, self._matrix):
            table.set_empty(self._trouble if not self._rows else _NO_FILE)
            table.show(order)
            table.set_marks(self.marked)
        self._files.set_title(title, (*marks, *line((of, Role.MUTED))))
        self._matrix.set_title(line(("Who reads what", Role.STRONG), *title[1:]), self._files_legend(marks))
        self._files.redraw()

    def _files_legend(self, marks: Line) -> Line:
        return (*marks, *line(("● reads  ", Role.MUTED), ("+ would  ", Role.WARN), ("− should not", Role.BAD)))

    def _show_matrix(self) -> None:
        assert self.found is not None
        self._matrix_rows.clear()
        self._matrix_rows.update(matrix_rows(self._rows))
        columns = matrix_columns(self.found, self._rows)
        if [each.id for each in columns] != [each.id for each in self._matrix.columns]:
            self._matrix.set_columns(columns)
            self._matrix.set_wide(True)
        self._matrix.redraw()

    def _show_keys(self) -> None:
        file = self.file
        self._key_rows.clear()
        if file is not None:
            self._key_rows.update(key_rows(file, self.pending.get(file.name)))
        words = self._filters["keys"].lower().split()
        order = tuple(key for key in self._key_rows if all(each in key.lower() for each in words))
        name, another = (file.name if file else None), (file.name if file else None) != self._keys_of
        self._keys_of = name
        if file is not None and file.problem is not None:
            self._key_table.set_empty([line(("what is wrong with it stands below", Role.MUTED))])
        else:
            self._key_table.set_empty([line(("no key is like that" if words else "the file has no keys", Role.MUTED))])
        limit = f"  /{self._filters['keys']}" if words else ""
        count = f"{len(order)} of {len(self._key_rows)}" if len(order) != len(self._key_rows) else f"{len(order)}"
        self._key_table.set_title(
            line((clean(name or "Keys"), Role.STRONG), (clean(limit), Role.ACCENT)), line((count, Role.MUTED))
        )
        self._key_table.show(order, from_top=another)
        if another and order:
            self._key_table.go_to(order[0])
        self._key_table.redraw()

    def _show_about(self) -> None:
        file = self.file
        self._about.set_title(line(("About the file", Role.STRONG)))
        if file is None or self.found is None:
            self._about.show([])
            return
        cells = self._about.text_cells
        self._about.show(about_file(self.found, self._rows[file.name], self.pending.get(file.name), cells))

    @on(RowMoved)
    def _moved(self) -> None:
        self.cover()
        if self._keys_of != (self.file.name if self.file else None):
            self._filters["keys"] = ""
            self._show_keys()
        self._show_about()
        self.refresh_frame()

    @on(RowChosen)
    def _row_chosen(self) -> None:
        self.action_act("open")

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        """A click into the other list."""
        in_keys = self.focused is self._key_table
        if self.focused in (self._key_table, self._files) and in_keys != self._in_keys:
            self._turn(in_keys=in_keys)

    # One value in sight

    def reveal(self, value: Secret, name: str) -> None:
        """Show it for ten seconds; it is hidden as soon as anything happens."""
        self._shown_name, self._shown_is_text = name, value.is_text
        self._hides_at = monotonic() + REVEALED_S
        self.session.exposure.open(self.cover)
        self.add_class("-revealing")
        self._revealed.show_value(value)
        self._count_down()
        self.refresh_frame()

    def _count_down(self) -> None:
        if not self._revealed.is_showing:
            return
        left = self._hides_at - monotonic()
        if left <= 0:
            self.cover()
            return
        self._revealed.tell(clean(self._shown_name), int(left) + 1, is_text=self._shown_is_text)
        self.set_timer(min(1.0, left - int(left) + 0.01), self._count_down)

    @property
    def is_revealing(self) -> bool:
        """Whether a value is in sight."""
        return self._revealed.is_showing

    def cover(self) -> None:
        """Hide the value."""
        self.session.exposure.close(self.cover)
        if self._revealed.is_showing:
            self._revealed.hide()
            self.remove_class("-revealing")
            self.refresh_frame()

    # What keys do

    def selection(self) -> Selection:
        """The file, and what stands against each thing one can do with it."""
        forbidden = self.session.cockpit.policy.forbids(Plan(kind="secrets-edit", title="", targets=(), steps=()))
        refusals = secret_acts.refusals(self)
        row = self.table.cursor or (self.file.name if self.file is not None else None)
        return Selection(row=row, forbidden=forbidden, marked=len(self.marked), refusals=refusals)

    def open(self) -> None:
        """The keys of the file; of a key, its value in the editor."""
        if self._is_matrix:
            self.turn_view()
        elif not self._in_keys:
            self._turn(in_keys=True)
        else:
            self.action_act("edit")

    def _turn(self, *, in_keys: bool) -> None:
        self.cover()
        self._in_keys = in_keys
        self.set_class(in_keys, "-keys")
        self.table.focus()
        self.call_after_refresh(self.table.refit)
        self.show()

    def step_back(self) -> None:
        """What is revealed, the filter, the keys, the recipients; then the screen."""
        which = "keys" if self._in_keys else "files"
        if self.is_revealing:
            self.cover()
        elif self._filters[which]:
            self._filters[which] = ""
            self.show()
        elif self._is_matrix:
            self.turn_view()
        elif self._in_keys:
            self._turn(in_keys=False)
        elif self.problems_only:
            self.toggle_problems()
        else:
            super().step_back()

    def turn_view(self) -> None:
        """Who reads what, and back to the keys."""
        self.cover()
        name = self.file.name if self.file else None
        self._is_matrix = not self._is_matrix
        self.set_class(self._is_matrix, "-matrix")
        to = self._matrix if self._is_matrix else self._files
        if name is not None:
            to.go_to(name)
        self.table.focus()
        self.call_after_refresh(self.table.refit)
        self.show()

    def shift(self, columns: int) -> None:
        """Recipients that do not fit; otherwise from the files to their keys, and back."""
        if self._is_matrix:
            self._matrix.shift(columns)
        elif self._in_keys != (columns > 0):
            self._turn(in_keys=columns > 0)

    def filter(self) -> None:
        """Files, or keys of a file, as one types."""
        which = "keys" if self._in_keys and not self._is_matrix else "files"
        before = self._filters[which]

        def edited(text: str) -> Line:
            self._filters[which] = text
            self.show()
            return line((f"{len(self.table.order)} shown", Role.MUTED))

        def left() -> None:
            self._filters[which] = before
            self.stop_asking()
            self.show()

        self.ask(Question("/ ", before, edited, lambda _: self.stop_asking(), left, kept_as=f"secrets {which}"))

    def toggle_problems(self) -> None:
        """Only files one should look at, or all."""
        self.problems_only = not self.problems_only
        self.show()

    def mark(self) -> None:
        """The file, for what is done with several."""
        if (file := self.file) is not None:
            self.marked ^= {file.name}
            self.show()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked = frozenset()
        self.show()

    def scroll_about(self, rows: int) -> None:
        """Read on below."""
        (self._revealed if self.is_revealing else self._about).scroll_rows(rows)

    def perform_soon(self, act: Any, *, doing: str) -> None:
        """Something that asks sops or files."""
        self.in_background(partial(act, self), group="act", doing=doing)

    @property
    def is_age(self) -> bool:
        """Whether the file is agenix's, and one value."""
        return self.file is not None and self.file.format is Format.AGE
