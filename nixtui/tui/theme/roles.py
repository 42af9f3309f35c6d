"""Roles as styles of the terminal, from a theme's variables."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from rich.style import Style
from textual.color import Color

from nixtui.tui.paint import Role

CURSOR, CURSOR_FAR = "cursor", "cursor-far"
"""The ground of the row under the cursor, with the keyboard and without."""

_BOLD = frozenset({Role.STRONG, Role.KEY})
_LOUD = frozenset({Role.BAD, Role.WARN})
"""Bold where they cannot be red and yellow."""

_COLOURS = {
    Role.STRONG: "strong",
    Role.KEY: "accent",
    Role.HEAD: "muted",
    Role.FRAME: "border",
    Role.FRAME_FOCUS: "border-focus",
}
_TEXT_STYLES = {Role.HEAD: "head-style", Role.MUTED: "muted-style", Role.FAINT: "faint-style"}
_BADGES = {
    Role.BADGE_RED: "bad",
    Role.BADGE_AMBER: "warn",
    Role.BADGE_GREEN: "good",
    Role.BADGE_BLUE: "accent",
    Role.BADGE_VIOLET: "violet",
    Role.BADGE_GREY: "muted",
}


def role_styles(variables: Mapping[str, str], *, no_color: bool) -> Mapping[str, Style]:
    """Every role of `paint.Role`, and the two grounds of a cursor. Without colour, badges are turned round."""
    paint = tuple(sorted((name, value) for name, value in variables.items() if name.startswith("paint-")))
    return _styles(paint, no_color)


@lru_cache(maxsize=8)
def _styles(paint: tuple[tuple[str, str], ...], no_color: bool) -> Mapping[str, Style]:
    values = {name.removeprefix("paint-"): value for name, value in paint}
    found: dict[str, Style] = {}
    for role in Role:
        if role in _BADGES:
            badge = _style(values["badge-text"], values[_BADGES[role]])
            found[role] = badge + Style(bold=True, reverse=True if no_color else None)
        else:
            text_style = Style.parse(values[_TEXT_STYLES[role]]) if role in _TEXT_STYLES else Style()
            bold = Style(bold=True) if role in _BOLD or (no_color and role in _LOUD) else Style()
            found[role] = _style(values[_COLOURS.get(role, role.value)]) + text_style + bold
    found[CURSOR] = _style(ground=values["cursor"]) + Style.parse(values["cursor-style"])
    found[CURSOR_FAR] = _style(ground=values["cursor-far"])
    return MappingProxyType(found)


def _style(text: str | None = None, ground: str | None = None) -> Style:
    return Style.from_color(
        Color.parse(text).rich_color if text else None,
        Color.parse(ground).rich_color if ground else None,
    )
