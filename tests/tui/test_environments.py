"""Environments are always named; their colours suit every theme."""

import pytest

from nixtui.model.environment import Confirmation, Environment
from nixtui.operations.policy import Policy
from nixtui.tui.environments import badge, header_environments
from nixtui.tui.paint import Role, Span


def policy(**environments: Environment) -> Policy:
    return Policy(environments=environments)


@pytest.mark.parametrize(
    ("colour", "role"),
    [
        (None, Role.BADGE_VIOLET),
        ("warning", Role.BADGE_AMBER),
        ("red", Role.BADGE_RED),
        ("#ff0000", Role.BADGE_RED),
        ("#d08770", Role.BADGE_AMBER),
        ("#00aa44", Role.BADGE_GREEN),
        ("#3366ff", Role.BADGE_BLUE),
        ("#ff00aa", Role.BADGE_VIOLET),
        ("#808080", Role.BADGE_GREY),
        ("chartreuse-ish", Role.BADGE_GREY),
    ],
)
def test_every_colour_one_can_configure_is_one_of_ours(colour: str | None, role: Role) -> None:
    prod = Environment(name="prod", match="all", colour=colour)
    assert badge("prod", policy(prod=prod)) == Span(" PROD ", role)


def test_one_that_nobody_configured_is_named_all_the_same() -> None:
    assert badge("lab", policy()) == Span(" LAB ", Role.BADGE_GREY)


def test_the_header_warns_of_those_where_one_has_to_take_care() -> None:
    careful = policy(eu=Environment(name="eu", match="all", confirm=Confirmation.TYPE))
    shown = header_environments(None, ["archive", "eu", "lab", "test"], careful)
    assert [span.text for span in shown] == [" EU ", "archive", "lab", "+1"]
    assert header_environments("lab", ["eu", "lab"], careful) == [Span(" LAB ", Role.BADGE_GREY)]
