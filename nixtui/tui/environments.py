"""How an environment is shown: always by its name, in a colour of its own that is never the red of trouble."""

from collections.abc import Sequence
from colorsys import rgb_to_hsv

from nixtui.model.environment import Confirmation
from nixtui.operations.policy import Policy
from nixtui.tui.paint import Role, Span, clean

_BY_WORD = {
    "red": Role.BADGE_RED,
    "error": Role.BADGE_RED,
    "amber": Role.BADGE_AMBER,
    "yellow": Role.BADGE_AMBER,
    "orange": Role.BADGE_AMBER,
    "warning": Role.BADGE_AMBER,
    "green": Role.BADGE_GREEN,
    "success": Role.BADGE_GREEN,
    "blue": Role.BADGE_BLUE,
    "cyan": Role.BADGE_BLUE,
    "accent": Role.BADGE_BLUE,
    "primary": Role.BADGE_BLUE,
    "violet": Role.BADGE_VIOLET,
    "magenta": Role.BADGE_VIOLET,
    "purple": Role.BADGE_VIOLET,
    "secondary": Role.BADGE_VIOLET,
    "grey": Role.BADGE_GREY,
}
_BY_HUE = (
    (0.035, Role.BADGE_RED),
    (0.19, Role.BADGE_AMBER),
    (0.44, Role.BADGE_GREEN),
    (0.68, Role.BADGE_BLUE),
    (0.92, Role.BADGE_VIOLET),
    (1.0, Role.BADGE_RED),
)
"""Hues (HSV, the circle being 1) up to which a `#rrggbb` counts as one of ours, so that it suits every theme."""

_MOST_NAMED = 3


def is_guarded(name: str, policy: Policy) -> bool:
    """True where a key press is not enough, or the name says production."""
    environment = policy.environments.get(name)
    return name.lower().startswith("prod") or (environment is not None and environment.confirm is Confirmation.TYPE)


def header_environments(chosen: str | None, present: Sequence[str], policy: Policy) -> list[Span]:
    """The chosen environment as a badge; without one, those that are there, a badge only where one has to take care."""
    if chosen:
        return [badge(chosen, policy)]
    ordered = sorted(present, key=lambda name: (not is_guarded(name, policy), name))
    spans = [
        badge(name, policy) if is_guarded(name, policy) else Span(clean(name), Role.MUTED)
        for name in ordered[:_MOST_NAMED]
    ]
    more = len(ordered) - _MOST_NAMED
    return [*spans, Span(f"+{more}", Role.MUTED)] if more > 0 else spans


def badge(name: str, policy: Policy) -> Span:
    """` PROD ` on its colour: the configured one, or violet for production and grey for the rest."""
    environment = policy.environments.get(name)
    default = Role.BADGE_VIOLET if name.lower().startswith("prod") else Role.BADGE_GREY
    colour = environment.colour if environment else None
    return Span(f" {clean(name).upper()} ", _role(colour) if colour else default)


def _role(colour: str) -> Role:
    if not colour.startswith("#"):
        return _BY_WORD.get(colour, Role.BADGE_GREY)
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, saturation, _ = rgb_to_hsv(red, green, blue)
    return Role.BADGE_GREY if saturation < 0.15 else next(role for limit, role in _BY_HUE if hue <= limit)
