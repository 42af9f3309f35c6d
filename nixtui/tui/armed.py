"""Which hosts go back by themselves, and when: over all running operations, whatever screen is in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nixtui.tui import units
from nixtui.tui.paint import Line, Role, Span, clean, width

if TYPE_CHECKING:
    from nixtui.operations.events import AnyEvent
    from nixtui.operations.operation import Operation

_NO_LONGER = frozenset({"committing", "reverting"})


class ArmedHosts:
    """Follows the operations of this nixtui. Unlike theirs, its memory of a countdown survives a flood."""

    def __init__(self, begun: Callable[[], Sequence[Operation]]) -> None:
        self._begun = begun
        self._followed: set[str] = set()
        self._until: dict[tuple[str, str], float] = {}

    def now(self) -> list[tuple[str, float]]:
        """Hosts and when they go back (Unix seconds), the nearest first."""
        for operation in self._begun():
            if operation.id not in self._followed:
                self._follow(operation)
        return sorted(((name, until) for (_, name), until in self._until.items()), key=lambda each: each[1])

    def _follow(self, operation: Operation) -> None:
        from nixtui.operations.events import Countdown, OperationFinished, StepStarted, TargetFinished

        self._followed.add(operation.id)

        def hear(event: AnyEvent) -> None:
            key = (operation.id, event.target or "")
            match event:
                case Countdown(until=until) if until is not None:
                    self._until[key] = until
                case Countdown() | TargetFinished():
                    self._until.pop(key, None)
                case StepStarted(step=step) if step in _NO_LONGER:
                    self._until.pop(key, None)
                case OperationFinished():
                    for gone in [each for each in self._until if each[0] == operation.id]:
                        del self._until[gone]

        for event in operation.events:
            hear(event)
        if operation.report is None:
            operation.subscribe(hear)
        else:
            self._until = {key: until for key, until in self._until.items() if key[0] != operation.id}


def armed_line(hosts: Sequence[tuple[str, float]], now: float, cells: int) -> Line:
    """` ◔ web-12 goes back in 01:21  web-3 in 01:25  +3 more`, as many as fit."""
    spans = [Span(" ◔ ", Role.WARN)]
    for number, (name, until) in enumerate(hosts):
        more = len(hosts) - number
        words = " goes back in " if number == 0 else " in "
        shown = (
            Span(clean(name), Role.STRONG),
            Span(words, Role.MUTED),
            Span(units.countdown(until - now), Role.WARN),
            Span("  "),
        )
        if number and width(spans) + width(shown) + 9 > cells:
            spans.append(Span(f"+{more} more", Role.MUTED))
            break
        spans.extend(shown)
    return tuple(spans)
