"""Activity: everything that was done, by whom, with what result; and everything nixtui said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from nixtui.operations.plan import Plan
from nixtui.operations.report import Report
from nixtui.tui import units
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.ledger import Ledger, outcome_line
from nixtui.tui.notices import Notice, explain
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, clean, line, said, wrap
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.screens.rollback_columns import label
from nixtui.tui.session import Session
from nixtui.tui.story import markdown
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table

if TYPE_CHECKING:
    from nixtui.operations.journal import Entry
    from nixtui.operations.operation import Operation

MOST = 500


@dataclass(frozen=True, slots=True)
class Record:
    """One operation, of this process or of the journal."""

    id: str
    plan: Plan
    report: Report | None
    started_at: float
    finished_at: float | None
    operator: str | None
    origin: str | None
    reason: str | None
    operation: "Operation | None"
    is_cut_off: bool = False
