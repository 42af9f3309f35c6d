"""How the lines of a terminal are shared out in a dialog: what one decides with is always seen, the rest gives way."""

from dataclasses import dataclass

ALWAYS = 9
"""Frame, title, keys and choices, a blank line before each, and one that is left."""

BLANKS = 3
"""Of those, blank lines that a short terminal does without."""

SHORT = 20
_WIDTH = 92
_MOST_HOSTS, _LEAST_HOSTS, _TITLES = 12, 6, 2


def text_cells(width: int) -> int:
    """Cells a line of a dialog's text has in a terminal of that width."""
    return max(20, min(_WIDTH, int(width * 0.96)) - 6)


@dataclass(frozen=True, slots=True)
class Room:
    """Lines for the text and for a table of hosts, its titles included; `is_short` where blank lines are left out."""

    text: int
    hosts: int
    is_short: bool


def share_out(height: int, *, questions: int, text: int, hosts: int) -> Room:
    """The room in a terminal of so many lines, with so many questions, lines of text and hosts to show (or none)."""
    is_short = height < SHORT
    room = height - (ALWAYS - BLANKS + questions if is_short else ALWAYS + 2 * questions)
    for_text = max(3, room - _LEAST_HOSTS if hosts else room)
    rows = min(hosts, _MOST_HOSTS, room - min(text, for_text) - _TITLES)
    return Room(for_text, max(1, rows) + 1, is_short)
