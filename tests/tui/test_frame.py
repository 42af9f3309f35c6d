"""The line at the top: how long the login at AWS lasts."""

import msgspec
import pytest

from nixtui.tui.widgets.frame import Bearings, _left

NOW = 1_000_000.0
AT = Bearings("shop", (), 7, 7, 2, 0, read_only=False, paused=False, now=NOW, terse=False)


def left(ends: tuple[float, str | None] | None, room: int = 100) -> str:
    at = msgspec.structs.replace(AT, login_ends=ends)
    return "".join(each.text for each in _left(at, room)).rstrip()


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (None, "2 problems"),
        ((NOW + 3 * 3600, None), "2 problems  ·  aws 3h"),
        ((NOW + 3 * 3600, "staging"), "2 problems  ·  aws 3h"),
        ((NOW + 600, "staging"), "2 problems  ·  aws staging 10m"),
        ((NOW - 1, "staging"), "2 problems  ·  aws staging login ended"),
        ((NOW - 1, None), "2 problems  ·  aws login ended"),
    ],
)
def test_how_long_the_login_lasts_is_in_the_header(ends: tuple[float, str | None] | None, words: str) -> None:
    assert left(ends).endswith(words)


def test_where_it_is_narrow_only_one_that_ends_soon_takes_the_room() -> None:
    assert left((NOW + 9 * 3600, None), 32) == " shop  2 problems"
    assert left((NOW + 600, None), 32) == " shop  2 problems  aws 10m"
