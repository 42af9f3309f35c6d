"""A list to choose from by typing: the palette, the keys of a screen, the columns to sort by."""

from collections.abc import Sequence
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


class Chooser(Dialog[str]):
    """Answers with the id of the chosen item. Typing filters; Enter chooses; esc leaves."""

    CSS_PATH = "chooser.tcss"

    def __init__(self, session: Session, title: str, items: Sequence[Item]) -> None:
        super().__init__(session)
        self._title = title
        self._items = {item.id: item for item in items}
        self._table = Table[Item](_columns(items), self._items.get, headed=False, framed=False)
        self._table.can_focus = False

    def compose(self) -> ComposeResult:
        """The input and the list."""
        with Vertical(classes="dialog chooser") as frame:
            frame.border_title = Content(self._title)
            yield field(placeholder="type to find")
            yield self._table

    def on_mount(self) -> None:
        """Everything is shown until something is typed."""
        self._table.styles.height = min(len(self._items), max(3, self.size.height - 6))
        self._table.show(tuple(self._items))
        self._table.set_empty([line(("nothing is called that", Role.MUTED))])
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        words = event.value.lower().split()
        found = [item for item in self._items.values() if _matches(item, words)]
        self._table.show(tuple(item.id for item in sorted(found, key=lambda item: _rank(item, words))))

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._choose(self._table.cursor)

    @on(RowChosen)
    def _clicked(self, event: RowChosen) -> None:
        self._choose(event.key)

    def _choose(self, key: str | None) -> None:
        if key is not None:
            self.dismiss(key)

    def on_key(self, event: events.Key) -> None:
        """The arrow keys move in the list while the keyboard stays with the input."""
        rows = {"down": 1, "up": -1, "pagedown": 10, "pageup": -10}.get(event.key)
        if rows is not None:
            event.prevent_default().stop()
            self._table.move(rows)


def _matches(item: Item, words: Sequence[str]) -> bool:
    text = f"{item.title} {item.about} {item.key}".lower()
    return all(word in text for word in words)


def _rank(item: Item, words: Sequence[str]) -> bool:
    """What has the words in its title comes before what has them in its description."""
    return not all(word in item.title.lower() for word in words)


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
