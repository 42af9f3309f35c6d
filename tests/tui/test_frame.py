"""The line at the top: how long the login at AWS lasts."""

import msgspec
import pytest

from nixtui.tui.widgets.frame import Bearings, _access

NOW = 1_000_000.0


def right(ends: tuple[float, str | None] | None) -> list[tuple[str, object]]:
    at = Bearings("shop", (), 1, 1, 0, 0, read_only=False, paused=False, now=NOW, terse=False, login_ends=ends)
    return [(each.text, each.role) for each in _access(at)]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (None, "r/w "),
        ((NOW + 3 * 3600, None), "aws 3h  r/w "),
        ((NOW + 3 * 3600, "staging"), "aws 3h  r/w "),
        ((NOW + 600, "staging"), "aws staging 10m  r/w "),
        ((NOW - 1, "staging"), "aws staging login ended  r/w "),
        ((NOW - 1, None), "aws login ended  r/w "),
    ],
)
def test_how_long_the_login_lasts_is_in_the_header(ends: tuple[float, str | None] | None, words: str) -> None:
    assert "".join(text for text, _ in right(ends)) == words


def test_a_login_that_ends_soon_is_a_warning() -> None:
    assert right((NOW + 600, None))[0][1] != right((NOW + 3 * 3600, None))[0][1]


def test_where_it_is_narrow_only_one_that_ends_soon_takes_the_room() -> None:
    at = Bearings("shop", (), 1, 1, 0, 0, read_only=False, paused=False, now=NOW, terse=False)
    lasting, ending = (msgspec.structs.replace(at, login_ends=(NOW + left, None)) for left in (9000, 600))
    told = ["".join(each.text for each in _access(at, is_narrow=True)) for at in (lasting, ending)]
    assert told == ["r/w ", "aws 10m  r/w "]
