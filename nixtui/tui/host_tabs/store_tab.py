"""The store: how full its disk is, what is in it, and, when asked for, how much of it is garbage."""

from collections.abc import Callable, Iterator
from typing import Any

from textual.app import ComposeResult

from nixtui.model.generation import Generations
from nixtui.model.store import Garbage, Store, keeping
from nixtui.tui import units
from nixtui.tui.host_tabs.tab import Asked, HostTab
from nixtui.tui.hosts import disk_role
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, fit, line, wrap
from nixtui.tui.session import Session
from nixtui.tui.widgets.pane import Panel

_LABEL = 13
_KEYS = (
    ("D", "collect garbage", "asks how old; then shows what goes, what stays, and what it frees"),
    ("m", "measure garbage", "as long as a collection that finds nothing; deletes nothing"),
    ("O", "optimise", "equal files become one; reads every file once"),
    ("V", "verify", "compares every path with its hash; reads every file"),
    ("P", "repair", "verify, and fetch broken paths again"),
)


class StoreTab(HostTab):
    """The store of the host."""

    title = "Store"

    def __init__(self, session: Session, host: str) -> None:
        super().__init__(session, host)
        self._known: Asked[Store] = Asked()
        self._garbage: Asked[Garbage] = Asked()
        self._panel = Panel(id="host-store")

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._panel

    @property
    def text(self) -> Panel:
        """The text."""
        return self._panel

    @property
    def is_wanted(self) -> bool:
        """It should ask."""
        return self._known.is_wanted

    async def ask(self) -> None:
        """What is cheap."""
        cockpit = self.session.cockpit
        await self._known.ask(lambda: cockpit.upkeep.store(self.host), cockpit.clock)
        if self.session.knowledge.known_generations(self.host) is None and self._known.problem is None:
            await Asked[Generations]().ask(lambda: self.session.knowledge.generations(self.host), cockpit.clock)

    def outdate(self) -> None:
        """The host changed; so did what is garbage."""
        self._known.is_old = self._known.value is not None
        self._garbage.is_old = self._garbage.value is not None

    def weigh(self) -> None:
        """Ask how much is garbage."""
        if self._garbage.since is not None:
            return
        cockpit = self.session.cockpit

        async def find() -> None:
            await self._garbage.ask(lambda: cockpit.upkeep.garbage(self.host), cockpit.clock)
            self.draw(cockpit.clock())

        work: Callable[[], Any] = find
        self.run_worker(work, group="garbage", exit_on_error=False)

    def draw(self, now: float) -> None:
        """All of it."""
        self._panel.set_title(line(("Nix store", Role.STRONG)), self._known.age(now, "the store"))
        cells = self._panel.text_cells
        if self._known.value is None:
            self._panel.show(self._known.why_empty(f"asking {self.host} about its store"))
            return
        facts = [fit(_labelled(label, value), cells) for label, value in self._facts(self._known.value, now)]
        known = self.session.knowledge.known_generations(self.host)
        keys = [
            fit(line((f"  {key}  ", Role.KEY), title.ljust(17), (what, Role.MUTED)), cells)
            for key, title, what in _KEYS
        ]
        self._panel.show([*facts, EMPTY, *(_generations(known, cells) if known else ()), EMPTY, *keys])

    def _facts(self, store: Store, now: float) -> Iterator[tuple[str, Line]]:
        fraction = store.used_fraction
        if fraction is None:
            yield "disk", line((UNKNOWN, Role.FAINT))
        else:
            full, rest = units.bar(fraction, 24)
            role = disk_role(fraction)
            free = f" {units.percent(fraction)}  {units.size(store.available or 0)} free of "
            total = units.size((store.used or 0) + (store.available or 0))
            bar_role = role if role is not Role.TEXT else Role.ACCENT
            yield "disk", line((full, bar_role), (rest, Role.FRAME), (f"{free}{total}", role))
        if store.inodes_used is not None and store.inodes_free:
            share = store.inodes_used / (store.inodes_used + store.inodes_free)
            yield "inodes", line((units.percent(share), disk_role(share)), (" used", Role.MUTED))
        paths = UNKNOWN if store.paths is None else f"{store.paths:,}"
        roots = UNKNOWN if store.roots is None else f"{store.roots}"
        yield "paths", line(paths, (f"   {roots} roots of users (result links)", Role.MUTED))
        optimises = {True: "by itself, as paths are added", False: "not by itself; O does it", None: UNKNOWN}
        yield "optimises", line((optimises[store.auto_optimise], Role.MUTED))
        yield "garbage", self._garbage_line(now)

    def _garbage_line(self, now: float) -> Line:
        asked = self._garbage
        if asked.since is not None:
            return asked.age(now, "what is garbage")
        if asked.value is None:
            why = asked.why_empty("")[0] if asked.problem is not None else EMPTY
            return why or line(("not measured; ", Role.MUTED), ("m", Role.KEY), (" measures it", Role.MUTED))
        found = asked.value
        much = f"about {units.size(found.dead_bytes)} in {found.dead_paths:,} paths"
        return line((much, Role.TEXT), "  ", *asked.age(now, ""))

    def command(self) -> tuple[str, ...]:
        """The same without a screen."""
        return ("nixtui", "store", self.host)


def _labelled(label: str, value: Line) -> Line:
    return (Span(label.ljust(_LABEL), Role.MUTED), *value)


def _generations(known: Generations, cells: int) -> Iterator[Line]:
    """How many there are, and what a collection would never delete."""
    kept = keeping(known, older_than=0).kept
    total = len(known.items)
    text = ", ".join(f"{number} ({why})" for number, why in kept)
    yield fit(_labelled("generations", line(str(total))), cells)
    for each in wrap(f"never deleted: {text}", cells - _LABEL, Role.MUTED):
        yield (Span(" " * _LABEL), *each)
