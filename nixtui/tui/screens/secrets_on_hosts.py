"""Declared, stored, deployed: the secrets of every host, and what is wrong with them, before an activation fails."""

from collections.abc import Sequence
from functools import partial

import msgspec
from textual import on
from textual.app import ComposeResult

from nixtui.secrets.standing import HostSecretsSeen
from nixtui.tui.actions import Scope, Selection
from nixtui.tui.messages import RowMoved
from nixtui.tui.notices import trouble_lines
from nixtui.tui.paint import UNKNOWN, Line, Role, clean, line, wrap
from nixtui.tui.screens.place import Blank, Place
from nixtui.tui.session import Session
from nixtui.tui.widgets.columns import Column
from nixtui.tui.widgets.pane import Panel
from nixtui.tui.widgets.table import Table


class Standing(msgspec.Struct, frozen=True):
    """A secret of a host, or what is to be said of the host as a whole. `is_well` is `None` where nobody knows."""

    host: str
    secret: str | None
    state: str
    is_well: bool | None
    detail: str | None = None
    path: str | None = None
    file: str | None = None
    remedy: str | None = None


class SecretsOnHostsScreen(Place):
    """On top of the Secrets screen; esc goes back there. Values are compared by a keyed hash and never shown."""

    scopes = (Scope.HOST_SECRETS, Scope.LISTS, Scope.EVERYWHERE)
    here = "secrets"
    CSS_PATH = "secret_history.tcss"

    def __init__(self, session: Session, hosts: Sequence[str]) -> None:
        super().__init__(session)
        self._hosts = tuple(hosts)
        self._seen: dict[str, HostSecretsSeen] = {}
        self._rows: dict[str, Standing] = {}
        self._problems_only = self._is_over = False
        self._trouble: Sequence[Line] = ()
        self._table = Table[Standing](_columns(), self._rows.get, id="secrets-on-hosts")
        self._detail = Panel(id="secret-on-host")

    def body(self) -> ComposeResult:
        """The secrets, and all there is to say of one."""
        with Blank():
            yield self._table
            yield self._detail

    @property
    def table(self) -> Table[Standing]:
        """The secrets."""
        return self._table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """What it is about."""
        return ("Secrets on hosts",)

    def on_mount(self) -> None:
        """Ask all of them."""
        self._table.focus()
        self.look()

    def on_resize(self) -> None:
        """Lines are as long as the frames are wide."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def look(self) -> None:
        """Ask anew."""
        self._seen.clear()
        self._is_over, self._trouble = False, ()
        self.in_background(self._look, group="hosts", doing="Comparing secrets")
        self._show()

    async def _look(self) -> None:
        try:
            await self.session.cockpit.secrets.on_hosts(self._hosts, self._told)
        except Exception as error:
            self._trouble = trouble_lines(error)
        self._is_over = True
        self._show()

    def _told(self, host: str, seen: HostSecretsSeen) -> None:
        self._seen[host] = seen
        self.call_later(self._show)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        rows = [row for host in self._hosts if host in self._seen for row in standings(host, self._seen[host])]
        self._rows.clear()
        self._rows.update({f"{row.host} {row.secret}": row for row in rows})
        order = tuple(key for key, row in self._rows.items() if row.is_well is not True or not self._problems_only)
        wrong = sum(row.is_well is False for row in rows)
        counts = line((f"{wrong} wrong  ", Role.BAD) if wrong else "", (self._progress(), Role.MUTED))
        only = "  only problems" if self._problems_only else ""
        self._table.set_title(line(("Secrets on hosts", Role.STRONG), (only, Role.ACCENT)), counts)
        self._table.set_empty(self._trouble or [line((self._progress(), Role.MUTED))])
        self._table.show(order)
        self._table.redraw()
        self._show_detail()

    def _progress(self) -> str:
        if self._is_over:
            return f"{len(self._seen)} of {len(self._hosts)} hosts"
        return f"evaluating, and asking {len(self._hosts) - len(self._seen)} of {len(self._hosts)} hosts …"

    @on(RowMoved)
    def _show_detail(self) -> None:
        row, cells = self._rows.get(self._table.cursor or ""), self._detail.text_cells
        self._detail.set_title(line((clean(f"{row.host} {row.secret or ''}"), Role.STRONG)) if row else ())
        lines = list[Line]()
        if row is not None:
            lines += wrap(row.detail, cells, Role.TEXT) if row.detail else []
            lines += wrap(f"→ {row.remedy}", cells, Role.ACCENT) if row.remedy else []
            lines += wrap(f"on the host {row.path}", cells, Role.MUTED) if row.path else []
            lines += wrap(f"from {row.file}", cells, Role.MUTED) if row.file else []
        self._detail.show(lines, from_top=True)
        self.refresh_frame()

    def selection(self) -> Selection:
        """The host under the cursor."""
        row = self._rows.get(self._table.cursor or "")
        return Selection(hosts=(row.host,) if row else (), row=self._table.cursor)

    def toggle_problems(self) -> None:
        """Only what is not as it should be, or all."""
        self._problems_only = not self._problems_only
        self._show()

    def copy(self) -> None:
        """What is said of the row."""
        if (row := self._rows.get(self._table.cursor or "")) is not None:
            words = [row.host, row.secret or "", row.state, row.detail or ""]
            self.nixtui.copy(" ".join(each for each in words if each), "the line")

    def copy_command(self) -> None:
        """The same without a screen."""
        self.nixtui.copy("nixtui secrets verify --host all", "the command")


def standings(host: str, seen: HostSecretsSeen) -> list[Standing]:
    """The rows of a host: what the next activation would fail for comes before what is there today."""
    if seen.problem is not None:
        return [Standing(host, None, "not reached", None, seen.problem)]
    lacking = {each.secret: each for each in seen.lacks}
    if seen.proofs is None:
        return [Standing(host, None, "declares none", True)]
    rows = []
    for each in seen.proofs.proofs:
        where = partial(Standing, host, each.secret, path=each.path, file=each.file)
        if (lack := lacking.get(each.secret)) is not None:
            rows.append(where("cannot be deployed", False, lack.reason, remedy=lack.remedy))
        else:
            rows.append(where(each.standing.value, each.standing.is_well, each.detail))
    return rows


def _columns() -> tuple[Column[Standing], ...]:
    return (
        Column("host", "HOST", 10, lambda row: line((clean(row.host), Role.STRONG)), 0, 20),
        Column("secret", "SECRET", 16, lambda row: line((clean(row.secret or UNKNOWN), Role.TEXT)), 0, 36),
        Column("state", "STATE", 20, _state, 0, 22),
        Column("detail", "", 20, lambda row: line((clean(row.detail or ""), Role.MUTED)), 1, 90),
    )


def _state(row: Standing) -> Line:
    match row.is_well:
        case True:
            return line((f"✔ {row.state}", Role.GOOD))
        case False:
            return line((f"✖ {row.state}", Role.BAD))
    return line((f"? {row.state}", Role.WARN))
