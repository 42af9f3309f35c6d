"""The three views of screen 4 and how they are told apart: one bar of tabs in the title of each."""

from nixtui.tui.paint import Line
from nixtui.tui.screens import activity_tabs

VIEWS = (("images", "Images"), ("instances", "Instances"), ("bin", "Bin"))
"""Mode of the app, and what the view is called."""


def tabs(here: str) -> Line:
    """`[Images] Instances  Bin`."""
    return activity_tabs.tabs(here, VIEWS)


def next_view(here: str, by: int = 1) -> str:
    """The view after this one, round and round."""
    return activity_tabs.next_view(here, by, VIEWS)
