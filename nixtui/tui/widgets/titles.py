"""Titles in borders: what it is on the left, how much of it on the right."""

from textual.content import Content
from textual.widget import Widget

from nixtui.tui.paint import Line, Role, fit, width

_FRAME = 6
"""Cells of a border's top line that are not the title's: two corners, and a rule and a blank on either side."""

_STYLES = {
    Role.STRONG: "bold $paint-strong",
    Role.MUTED: "$paint-muted",
    Role.ACCENT: "$paint-accent",
    Role.WARN: "$paint-warn",
    Role.BAD: "$paint-bad",
}


def set_title(widget: Widget, left: Line, right: Line = ()) -> None:
    """Write both into the top border, joined by the rule itself; the right one goes first where room is short.

    The rule takes the border's own colour (`border-title-color`), so that a focused frame is one line around.
    """
    room = max(0, widget.outer_size.width - _FRAME)
    gap = room - width(left) - width(right) - 2
    parts = [(span.text, _STYLES.get(span.role, "$paint-text")) for span in fit(left, min(room, width(left)))]
    if right and gap >= 1:
        parts.append((f" {'─' * gap} ", ""))
        parts += [(span.text, _STYLES.get(span.role, "$paint-text")) for span in right]
    content = Content.assemble(*parts)
    if content.markup != widget.border_title:  # setting it repaints the widget
        widget.border_title = content
