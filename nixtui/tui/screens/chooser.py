"""A list to choose from by typing: the palette, the keys of a screen, the columns to sort by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from nixtui.tui.messages import RowChosen
from nixtui.tui.paint import Line, Role, cells_of, clean, line
from nixtui.tui.screens.dialog import Dialog
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.field import field
from nixtui.tui.widgets.table import Table


@dataclass(frozen=True, slots=True)
class Item:
    """One line to choose. What cannot be chosen now says why instead of what it is for."""

    id: str
    title: str
    key: str = ""
    about: str = ""
    why_not: str | None = None
    group: str = ""


_HEAD = "\0"
"""Begins the key of a heading."""


class _Items(Table[Item]):
    """Items under the headings of their groups."""

    def heading(self, key: str) -> Line | None:
        """The name of a group."""
        return line((key.removeprefix(_HEAD), Role.HEAD)) if key.startswith(_HEAD) else None


class Chooser(Dialog[str]):
    """Answers with the id of the chosen item. Typing filters; Enter chooses; esc leaves.

    `more` gives items for what was typed, where there are too many to list them all.
    """

    CSS_PATH = "chooser.tcss"

    def __init__(
        self,
        session: Session,
        title: str,
        items: Sequence[Item],
        more: Callable[[str], Sequence[Item]] = lambda _: (),
    ) -> None:
        super().__init__(session)
        self._title = title
        self._all = tuple(items)
        self._items = {item.id: item for item in items}
        self._more = more
        self._table = _Items(_columns(items), self._items.get, headed=False, framed=False)
        self._table.can_focus = False

    def compose(self) -> ComposeResult:
        """The input and the list."""
        with Vertical(classes="dialog chooser") as frame:
            frame.border_title = Content(clean(self._title))
            yield field(placeholder="type to find")
            yield self._table

    def on_mount(self) -> None:
        """Everything is shown until something is typed."""
        order = self._grouped()
        self._table.styles.height = min(len(order), max(3, self.size.height - 6))
        self._table.set_empty([line(("nothing is called that", Role.MUTED))])
        self._table.show(order)
        self._skip_heading(1)
        self.call_after_refresh(self._table.scroll_rows_to, 0)  # it had no height when the cursor was put
        self.query_one(Input).focus()

    def _grouped(self) -> tuple[str, ...]:
        order: list[str] = []
        group = ""
        for item in self._all:
            if item.group != group:
                group = item.group
                order.append(_HEAD + group)
            order.append(item.id)
        return tuple(order)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        text = event.value.strip()
        if not text:
            self._table.show(self._grouped(), from_top=True)
            self._skip_heading(1)
            return
        words = text.lower().split()
        ranked = [(rank, item) for item in self._all if (rank := _rank(item, words)) is not None]
        found = [item for _, item in sorted(ranked, key=lambda each: each[0])]
        further = [item for item in self._more(text) if item.id not in self._items or ":" in item.id]
        self._items.update({item.id: item for item in further})
        self._table.show(tuple(dict.fromkeys(item.id for item in (*found, *further))), from_top=True)
        if self._table.order:
            self._table.go_to(self._table.order[0])

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._choose(self._table.cursor)

    @on(RowChosen)
    def _clicked(self, event: RowChosen) -> None:
        self._choose(event.key)

    def _choose(self, key: str | None) -> None:
        if key is not None and not key.startswith(_HEAD):
            self.dismiss(key)

    def on_key(self, event: events.Key) -> None:
        """The arrow keys move in the list while the keyboard stays with the input."""
        rows = {"down": 1, "up": -1, "pagedown": 10, "pageup": -10}.get(event.key)
        if rows is not None:
            event.prevent_default().stop()
            self._table.move(rows)
            self._skip_heading(1 if rows > 0 or self._table.cursor_row == 0 else -1)

    def _skip_heading(self, step: int) -> None:
        if (self._table.cursor or "").startswith(_HEAD):
            self._table.move(step)


def _rank(item: Item, words: Sequence[str]) -> int | None:
    """How well an item fits what was typed, 0 being best; `None` when some of it is nowhere in it.

    What begins the title is meant before what is in it, that before what is in the description, and last what only has
    the letters in order.
    """
    title, rest = item.title.lower(), f"{item.about} {item.key} {item.group}".lower()
    worst = 0
    for word in words:
        if title.startswith(word) or item.key == word:
            rank = 0
        elif word in title:
            rank = 1
        elif word in rest:
            rank = 2
        elif _has_in_order(title, word):
            rank = 3
        else:
            return None
        worst = max(worst, rank)
    return worst


def _has_in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def _columns(items: Sequence[Item]) -> tuple[Column[Item], ...]:
    keys = max((cells_of(item.key) for item in items), default=0)
    titles = max((cells_of(item.title) for item in items), default=0)
    title: Column[Item] = Column("title", "", min(titles, 24), _title, 0, titles)
    about: Column[Item] = Column("about", "", 20, _about, 1, 60)
    key: Column[Item] = Column("key", "", keys, _key)
    return (key, title, about) if keys else (title, about)


def _key(item: Item) -> Line:
    return line((item.key, Role.FAINT if item.why_not else Role.KEY))


def _title(item: Item) -> Line:
    return line((clean(item.title), Role.FAINT if item.why_not else Role.TEXT))


def _about(item: Item) -> Line:
    return line((clean(item.why_not), Role.WARN)) if item.why_not else line((clean(item.about), Role.MUTED))
