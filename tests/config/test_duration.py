import random

import pytest

from nixtui.config.duration import parse_limit, parse_pause, write_duration
from nixtui.config.value import BadValue


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h1s", 3601), ("2d", 172800), ("1w", 604800), ("0h5m", 300)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_limit(text) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (90, 'a duration needs its unit, write "90s", "90m" or "90h"'),
        (1.5, 'a duration needs its unit, write "2s", "2m" or "2h"'),
        (float("inf"), 'a duration needs its unit, write "90s", "90m" or "90h"'),
        ("90", '"90" is no duration, write "90s"'),
        ("", '"" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("1.5h", '"1.5h" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("-5s", '"-5s" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("30m1h", '"30m1h" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("10 m", '"10 m" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("10m ", '"10m " is no duration, write for example "90s", "10m" or "1h30m"'),
        ("٣s", '"٣s" is no duration, write for example "90s", "10m" or "1h30m"'),
        ("5S\n", '"5S\\u000A" is no duration, write for example "90s", "10m" or "1h30m"'),
        (True, 'expected a duration, got true, write for example "90s", "10m" or "1h30m"'),
        (["90s"], 'expected a duration, got an array, write for example "90s", "10m" or "1h30m"'),
        ("999999h", '"999999h" is too long, write at most four weeks'),
        ("0s", 'no time at all, write at least "1s"'),
        ("0h0m", 'no time at all, write at least "1s"'),
    ],
)
def test_what_is_no_duration_is_told_with_what_to_write(value: object, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_limit(value)
    assert str(caught.value) == message


def test_a_pause_may_be_none() -> None:
    assert parse_pause("0s") == 0


def test_what_is_written_is_read_back() -> None:
    chance = random.Random(1)  # noqa: S311 - reproducible, not secret
    for seconds in (0, 1, 59, 60, 3600, 86400, 90061, *(chance.randrange(4 * 604800) for _ in range(200))):
        assert parse_pause(write_duration(seconds)) == seconds
    assert write_duration(90) == "1m30s"
