"""The three views of Activity and how they are told apart: one bar of tabs in the title of each."""

from collections.abc import Sequence

from nixtui.tui.paint import Line, Role, Span

VIEWS = (("activity", "Operations"), ("incident", "Incident"), ("messages", "Messages"))
"""Mode of the app, and what the view is called."""


def tabs(here: str, views: Sequence[tuple[str, str]] = VIEWS) -> Line:
    """`[Operations]  Incident  Messages`: the one that is shown has brackets and weight."""
    spans: list[Span] = []
    for view, title in views:
        spans.append(Span(f"[{title}]", Role.STRONG) if view == here else Span(f" {title} ", Role.MUTED))
    return tuple(spans)


def next_view(here: str, by: int = 1, views: Sequence[tuple[str, str]] = VIEWS) -> str:
    """The view after this one, round and round."""
    names = [view for view, _ in views]
    return names[(names.index(here) + by) % len(names)]
