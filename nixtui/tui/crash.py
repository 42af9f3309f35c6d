"""What is printed when nixtui itself breaks: where, never with the values that were around."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


def crash_report(error: BaseException) -> "RenderableType":
    """The traceback without local variables: Textual's own prints them, and one of them may be a secret."""
    from rich.console import Group
    from rich.text import Text
    from rich.traceback import Traceback  # 25 ms that only a crash needs

    trace = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=False, width=None)
    return Group(
        trace,
        Text("nixtui broke. Hosts it was changing go back by themselves unless they were committed."),
        Text("`nixtui journal` says what was under way; the next start of nixtui finds and clears what was left."),
    )
