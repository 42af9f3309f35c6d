"""The end of the host's journal. The Logs screen follows it; this is a look."""

from collections.abc import Sequence

from textual.app import ComposeResult

from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.paint import Line, Role, clean, line
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel


class JournalTab(HostTab):
    """The last lines, the newest at the bottom."""

    title = "Journal"
    short = "Log"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self._known: Asked[Sequence[str]] = Asked()
        self._drawn: Sequence[str] | None = None
        self._panel = Panel(id="host-journal")

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._panel

    @property
    def text(self) -> Panel:
        """The lines."""
        return self._panel

    @property
    def is_wanted(self) -> bool:
        """It should ask."""
        return self._known.is_wanted

    async def ask(self) -> None:
        """The last lines."""
        cockpit = self.session.cockpit
        await self._known.ask(lambda: cockpit.upkeep.journal(self.host), cockpit.clock)

    def draw(self, now: float) -> None:
        """The lines; new ones are shown from their end."""
        lines = self._known.value
        self._panel.set_title(line(("Journal", Role.STRONG)), self._known.age(now, "its last lines"))
        if lines is None:
            self._panel.show(self._known.why_empty(f"asking {self.host} for its journal"))
        elif not lines:
            self._panel.show([line(("The journal is empty, or this login may not read it.", Role.MUTED))])
        elif lines is not self._drawn:
            self._drawn = lines
            self._panel.show([_shown(each) for each in lines])
            self._panel.scroll_rows_to(len(lines))

    def copied(self) -> str | None:
        """All lines."""
        return "\n".join(map(clean, self._known.value or ())) or None


def _shown(text: str) -> Line:
    """Time and host in grey: `Nov 26 03:00:01 web-1 nginx[12]: …`."""
    words = clean(text).split(" ", 4)
    if len(words) < 5 or words[2].count(":") != 2:
        return line((clean(text), Role.TEXT))
    return line((" ".join(words[:3]) + " ", Role.FAINT), words[4])
