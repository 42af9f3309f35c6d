"""What the Logs screen asks when lines are to be narrowed, and what it says when there are none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nixtui.logs.follower import FeedState
from nixtui.logs.line import Kind
from nixtui.logs.query import PRIORITIES, BadQuery, LogQuery, parse_moment
from nixtui.logs.tail import LogTail
from nixtui.tui import opening
from nixtui.tui import units as figures
from nixtui.tui.paint import EMPTY, Line, Role, clean, line
from nixtui.tui.widgets.prompt import Question, trouble

if TYPE_CHECKING:
    from nixtui.tui.screens.logs import LogsScreen

_PRIORITY_TITLES = {3: "errors and worse", 4: "warnings and worse", 5: "notices and worse", 6: "all but debug"}


def units(screen: "LogsScreen") -> None:
    """Some units by name; those that were seen complete."""
    query = screen.query_now
    lines = screen.tail.buffer.lines if screen.tail else []
    seen = sorted({each.unit for each in lines if each.unit and each.kind is Kind.ENTRY})

    def submitted(text: str) -> None:
        screen.stop_asking()
        wanted = tuple(text.split())
        if wanted != query.units:
            screen.ask_for(replace(query, units=wanted))

    def edited(text: str) -> Line:
        last = text.rsplit(" ", 1)[-1]
        like = [clean(unit.removesuffix(".service")) for unit in seen if last in unit][:4]
        return line((" ".join(like) if like else "none seen is called that; it is asked for", Role.FAINT))

    def complete(text: str) -> list[str]:
        before, _, last = text.rpartition(" ")
        return [f"{before} {unit}".strip() for unit in seen if unit.startswith(last)]

    screen.ask(Question("units ", " ".join(query.units), edited, submitted, screen.stop_asking, complete))


def priorities(screen: "LogsScreen") -> None:
    """The least urgent that is wanted."""
    query = screen.query_now

    def chosen(identity: str) -> None:
        priority = None if identity == "all" else int(identity)
        if priority != query.priority:
            screen.ask_for(replace(query, priority=priority))

    options = [("all", "everything")]
    options += [
        (str(number), _PRIORITY_TITLES.get(number, f"{PRIORITIES[number]} and worse")) for number in (3, 4, 5, 6)
    ]
    options += [(str(number), f"{PRIORITIES[number]} and worse") for number in (2, 1, 0)]
    opening.choice(screen, "Priority", options, chosen)


def since(screen: "LogsScreen") -> None:
    """From a moment on, in UTC as the clock of the header is."""
    query = screen.query_now

    def moment(text: str) -> float | None:
        now = datetime.fromtimestamp(screen.session.cockpit.clock(), UTC)
        return parse_moment(text, now) if text.strip() else None

    def edited(text: str) -> Line:
        try:
            found = moment(text)
        except BadQuery:
            return trouble("write 10m, 2h, 03:00 or 2026-11-20T14:00") if len(text) > 1 else EMPTY
        if found is None:
            return line(("10m, 2h, 03:00 (UTC); empty: the newest lines", Role.FAINT))
        return line((f"→ {figures.moment(found)}Z", Role.GOOD))

    def submitted(text: str) -> None:
        screen.stop_asking()
        try:
            screen.ask_for(replace(query, since=moment(text), until=None))
        except BadQuery as error:
            screen.session.confess(error, "Since")

    screen.ask(Question("since ", "", edited, submitted, screen.stop_asking))


def why_empty(hosts: Sequence[str], tail: LogTail) -> Sequence[Line]:
    """Why there is no line, and what to do next."""
    if not hosts:
        return [
            line("No host is chosen."),
            line(
                ("l", Role.KEY),
                (" in the fleet (", Role.MUTED),
                ("1", Role.KEY),
                (") opens the logs of the marked hosts, or of the one under the cursor", Role.MUTED),
            ),
        ]
    waiting = tail.states[FeedState.CONNECTING] + tail.states[FeedState.READING]
    if waiting:
        whose = clean(hosts[0]) if len(hosts) == 1 else f"{waiting} of {len(hosts)} hosts"
        return [line((f"reading the journal of {whose} …", Role.MUTED))]
    if tail.query != LogQuery():
        return [
            line("No line is like that."),
            line(("esc", Role.KEY), (" takes the filters away; new lines appear by themselves", Role.MUTED)),
        ]
    return [line("The journals are empty, or not shown to this login."), line(("ctrl+r", Role.KEY), " asks again")]
