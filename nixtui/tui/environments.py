"""How an environment is shown: always by its name, in a colour of its own that is never the red of trouble."""

from nixtui.operations.policy import Policy
from nixtui.tui.paint import Role, Span, clean

_BY_WORD = {
    "red": Role.BADGE_RED,
    "amber": Role.BADGE_AMBER,
    "yellow": Role.BADGE_AMBER,
    "green": Role.BADGE_GREEN,
    "blue": Role.BADGE_BLUE,
    "violet": Role.BADGE_VIOLET,
    "magenta": Role.BADGE_VIOLET,
    "grey": Role.BADGE_GREY,
}


def badge(name: str, policy: Policy) -> Span:
    """` PROD ` on its colour: the configured one, or violet for production and grey for the rest."""
    environment = policy.environments.get(name)
    word = environment.colour if environment else None
    default = Role.BADGE_VIOLET if name.lower().startswith("prod") else Role.BADGE_GREY
    return Span(f" {clean(name).upper()} ", _BY_WORD.get(word or "", default))
