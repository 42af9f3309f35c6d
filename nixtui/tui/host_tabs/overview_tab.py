"""Overview: what is wrong and since when, how the host is, and which systems it runs, booted and would boot."""

import asyncio
from collections.abc import Iterator

import msgspec
from textual.app import ComposeResult

from nixtui.model.generation import Generations
from nixtui.model.status import HostFacts
from nixtui.model.timer import Timer, Timers
from nixtui.tui import units
from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.host_tabs.unit_words import timer_result
from nixtui.tui.hosts import HostRow, condition, host_row
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, clean, fit, line, said, wrap
from nixtui.tui.screens.host_panel import host_panel
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel

_LABEL = 11


class OverviewTab(HostTab):
    """The host in two texts. Everything but jobs and generations comes from the live view and costs nothing."""

    title = "Overview"
    short = "Over"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self._generations: Asked[Generations] = Asked()
        self._jobs: Asked[Timers] = Asked()
        self._state, self._systems = Panel(id="host-state"), Panel(id="host-systems")

    def compose(self) -> ComposeResult:
        """How it is, and what it is."""
        yield self._state
        yield self._systems

    @property
    def text(self) -> Panel:
        """How it is."""
        return self._state if self._state.row_count > self._state.page else self._systems

    @property
    def is_wanted(self) -> bool:
        """It should ask; a host that does not answer is not asked by opening its page."""
        answers = self.host in self.session.cockpit.fleet and self._row.status.state.is_answering
        return answers and (self._jobs.is_wanted or self._generations.is_wanted)

    @property
    def _row(self) -> HostRow:
        cockpit = self.session.cockpit
        row = host_row(cockpit.fleet, self.host, cockpit.clock(), self.session.actions.of(self.host))
        return msgspec.structs.replace(row, loads=cockpit.fleet.load_history(self.host))

    async def ask(self) -> None:
        """Generations and timers, both at once."""
        session, clock = self.session, self.session.cockpit.clock
        await asyncio.gather(
            self._generations.ask(lambda: session.knowledge.generations(self.host), clock),
            self._jobs.ask(lambda: session.cockpit.upkeep.timers(self.host), clock),
        )

    def outdate(self) -> None:
        """The host changed."""
        for asked in (self._generations, self._jobs):
            asked.is_old = asked.value is not None

    def draw(self, now: float) -> None:
        """Both texts."""
        fleet = self.session.cockpit.fleet
        if self.host not in fleet:
            self._state.set_title(line((clean(self.host), Role.STRONG)))
            self._state.show([line(("This host has left the fleet.", Role.WARN)), line(("esc goes back", Role.MUTED))])
            self._systems.show([])
            return
        row, cells = self._row, self._state.text_cells
        self._state.set_title(line((clean(self.host), Role.STRONG)), condition(row).line)
        self._state.show(host_panel(row, cells, self._generations.value, fleet.peers.usual(self.host)))
        self._systems.set_title(line(("Systems and jobs", Role.STRONG)))
        self._systems.show(list(self._right(row.status.facts, now, self._systems.text_cells)))

    def _right(self, facts: HostFacts, now: float, cells: int) -> Iterator[Line]:
        yield from (fit(each, cells) for each in self._backups(now))
        yield EMPTY
        known = self._generations.value
        for label, path in (
            ("runs", facts.current_system),
            ("booted", facts.booted_system),
            ("profile", facts.profile_system),
            ("boots next", known.boot_default if known else None),
        ):
            yield fit(_labelled(label, *_system(path, facts, known)), cells)
        running, current = facts.kernel_running or UNKNOWN, facts.kernel_current or UNKNOWN
        kernel = running if running == current else f"{running}, its system has {current}"
        yield fit(_labelled("kernel", Span(clean(kernel), Role.TEXT if running == current else Role.WARN)), cells)
        yield fit(_labelled("revision", said(facts.configuration_revision)), cells)
        yield fit(_labelled("secrets", said(facts.secrets_generation, Role.MUTED)), cells)
        if facts.memory is not None and facts.memory.swap_total:
            used = facts.memory.swap_total - facts.memory.swap_free
            swap = f"{units.size(used)} of {units.size(facts.memory.swap_total)}"
            yield fit(_labelled("swap", Span(swap, Role.TEXT)), cells)
        yield from self._changes(facts, now, cells)

    def _changes(self, facts: HostFacts, now: float, cells: int) -> Iterator[Line]:
        """Who is at it, what is left over, and when it would go back by itself, if that is ours to know."""
        if facts.lock is not None:
            lock = facts.lock
            words = (
                f"◐ {lock.operator} changes this host, operation {lock.operation[:8]}, {units.span(now - lock.since)}"
            )
            yield from wrap(words, cells, Role.ACCENT)
        for each in facts.leftovers:
            yield from wrap(
                f"! operation {each} ended and left a record; the next one clears it away", cells, Role.WARN
            )

    def _backups(self, now: float) -> Iterator[Line]:
        asked = self._jobs
        if asked.value is None:
            waits = asked.age(now, "timers and backups")
            yield waits or line(("timers and backups: not asked", Role.FAINT))
            return
        at = asked.value.clock + now - (asked.at or now)
        failed = asked.value.failed
        shown = [*failed, *(each for each in asked.value.items if each.is_backup and each not in failed)]
        if not shown:
            yield line(("● ", Role.GOOD), (f"{len(asked.value.items)} timers, none failed; no backup job", Role.MUTED))
        for each in shown[:5]:
            yield _job(each, at)
        if len(shown) > 5:
            yield line((f"and {len(shown) - 5} more on the Timers tab", Role.MUTED))

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        return ("nixtui", "status", self.host)


def _job(timer: Timer, now: float) -> Line:
    last = f"  {units.age(now - timer.last)} ago" if timer.last is not None else ""
    title = Span(f"  {clean(timer.title)}", Role.STRONG if timer.is_failed else Role.TEXT)
    return (*timer_result(timer), title, Span(last, Role.MUTED))


def _labelled(label: str, *value: Span) -> Line:
    return (Span(label.ljust(_LABEL), Role.MUTED), *value)


def _system(path: str | None, facts: HostFacts, known: Generations | None) -> Line:
    """`412  nixos-system-web-1-25.11…`, in yellow where it is not what runs."""
    if path is None:
        return line((UNKNOWN, Role.FAINT))
    number = next((each.number for each in known.items if each.path == path), None) if known else None
    role = Role.TEXT if path == facts.current_system else Role.WARN
    gen = f"{number}  " if number is not None else ""
    return line((gen, Role.STRONG), (clean(path[44:] or path), role))
