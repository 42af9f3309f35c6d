"""What widgets tell the screens they are on."""

from dataclasses import dataclass

from textual.message import Message


@dataclass
class RowMoved(Message):
    """The cursor of a table is on another row now; `None` when no row is left."""

    key: str | None


class TableResized(Message):
    """A table has more room or less now: other columns may fit."""


@dataclass
class RowChosen(Message):
    """A row was double-clicked; Enter is an action like any other."""

    key: str


@dataclass
class HeadClicked(Message):
    """The title of a column was clicked."""

    column: str


@dataclass
class KeyClicked(Message):
    """A key of the footer was clicked: the id of its action."""

    action: str


@dataclass
class EnvironmentClicked(Message):
    """An environment of the summary was clicked."""

    name: str
