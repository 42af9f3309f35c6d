"""A file of secrets that git could not merge, key by key: whose value is taken, without showing one."""

from textual import on
from textual.app import ComposeResult

from nixtui.operations.plan import Plan
from nixtui.secrets.document import Path
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.merging import Merge, MergedKey, Side
from nixtui.secrets.repository import Repository
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import Level
from nixtui.tui.paint import UNKNOWN, Line, Role, clean, line, wrap
from nixtui.tui.screens.confirming import PlanQuestion
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.secret_acts import propose
from nixtui.tui.secret_rows import called
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table


class SecretMergeScreen(Place):
    """On top of the Secrets screen; esc goes back there, and nothing is written before somebody says yes."""

    scopes = (Scope.MERGE, Scope.LISTS, Scope.EVERYWHERE)
    here = "secrets"
    CSS_PATH = "secret_history.tcss"

    def __init__(self, session: Session, merge: Merge, repository: Repository) -> None:
        super().__init__(session)
        self._merge, self._repository = merge, repository
        self._choices: dict[Path, Side] = {}
        self._merged = {shown_path(each.path) or "-": each for each in merge.keys}
        self._table = Table[MergedKey](self._columns(), self._merged.get, id="merged-keys")
        self._detail = Panel(id="merge-about")

    def body(self) -> ComposeResult:
        """The keys that are not the same on both sides, and what to know."""
        with Blank():
            yield self._table
            yield self._detail

    @property
    def table(self) -> Table[MergedKey]:
        """The keys."""
        return self._table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What is merged."""
        return (f"Merge of {self._merge.name}",)

    def _columns(self) -> tuple[Column[MergedKey], ...]:
        return (
            Column("key", "KEY", 16, lambda row: line((clean(shown_path(row.path) or "the value"), Role.TEXT)), 0, 50),
            Column("taken", "TAKEN", 12, self._taken, 0, 14),
            Column("base", "BEFORE", 11, lambda row: _side(row.base), 1),
            Column("ours", "OURS", 11, lambda row: _side(row.ours), 1),
            Column("theirs", "THEIRS", 11, lambda row: _side(row.theirs), 1),
        )

    def _taken(self, row: MergedKey) -> Line:
        side = self._choices.get(row.path, row.side)
        if side is None:
            return line(("✖ undecided", Role.BAD))
        return line((f"● {side.value}" if row.path in self._choices else f"✔ {side.value}", Role.GOOD))

    def on_mount(self) -> None:
        """The keys have the keyboard, the first undecided one the cursor."""
        self._table.set_title(line((f"Merge of {clean(self._merge.name)}", Role.STRONG)))
        self._table.set_empty([line("Both sides have the same values."), line(("ctrl+s writes the file", Role.MUTED))])
        self._table.show(tuple(self._merged))
        if self._merge.conflicts:
            self._table.go_to(shown_path(self._merge.conflicts[0].path) or "-")
        self._table.focus()
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    @property
    def _undecided(self) -> list[str]:
        return [
            shown_path(each.path) or "the value" for each in self._merge.conflicts if each.path not in self._choices
        ]

    @on(RowMoved)
    def _show(self) -> None:
        cells, lines = self._detail.text_cells, list[Line]()
        if self._undecided:
            lines += wrap(f"✖ both sides changed {', '.join(self._undecided)}", cells, Role.BAD)
            lines.append(line(("o", Role.KEY), (" takes ours, ", Role.MUTED), ("t", Role.KEY), (" theirs", Role.MUTED)))
        else:
            lines.append(line(("ctrl+s", Role.KEY), (" writes the merged file", Role.MUTED)))
        for word, identities in (("theirs", self._merge.theirs_also), ("ours", self._merge.ours_also)):
            for each in identities:
                name = called(self._repository, each)
                lines += wrap(f"! only {word} is encrypted to {name}; u on the file afterwards", cells, Role.WARN)
        if self._merge.from_markers:
            text = "git has no versions of it, so the sides come from the markers, and their MAC is not checked"
            lines += wrap(f"! {text}", cells, Role.WARN)
        self._detail.show(lines)
        self._table.redraw()
        self.refresh_frame()

    def selection(self) -> Selection:
        """The key under the cursor, and what is still to be decided."""
        forbidden = self.session.cockpit.policy.forbids(Plan(kind="secrets-edit", title="", targets=(), steps=()))
        refusals = {"write": f"undecided: {', '.join(self._undecided)}"} if self._undecided else {}
        return Selection(row=self._table.cursor, forbidden=forbidden, refusals=refusals)

    def take_ours(self) -> None:
        """The key under the cursor gets the value of our side."""
        self._take(Side.OURS)

    def take_theirs(self) -> None:
        """The key under the cursor gets the value of the other side."""
        self._take(Side.THEIRS)

    def _take(self, side: Side) -> None:
        """And the cursor goes on to what is not decided."""
        key = self._merged.get(self._table.cursor or "")
        if key is not None:
            self._choices[key.path] = side
            rest = [each for each in self._merge.conflicts if each.path not in self._choices]
            if rest:
                self._table.go_to(shown_path(rest[0].path) or "-")
            self._show()

    def save(self) -> None:
        """Propose to write it; when it is begun, go back to the files."""
        merge, choices = self._merge, dict(self._choices)
        taken = [(each, choices.get(each.path, each.side)) for each in merge.keys]
        told = [f"{side.value}: {shown_path(each.path) or 'the value'}" for each, side in taken if side is not None]
        question = PlanQuestion(
            f"Merge {merge.name}",
            "Write",
            lambda: self.session.cockpit.secrets.plan_merge(merge, choices),
            known=lambda _plan, _name: told,
            command=["nixtui", "secrets", "merge", merge.name],
        )
        propose(self, (merge.name,), question, self._written)

    def look(self) -> None:
        """The file is another one now, or could not be written; the screen below reads it anew when it is in front."""

    def cover(self) -> None:
        """Nothing is ever in sight here."""

    def _written(self) -> None:
        self.session.say(Level.DONE, f"Merged {self._merge.name}.", remedy=f"git add {self._merge.name}")
        if self.app.screen is self:
            self.app.pop_screen()


def _side(shown: str | None) -> Line:
    return line((shown or UNKNOWN, Role.MUTED if shown else Role.FAINT))
