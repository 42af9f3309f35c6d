"""What one asks for, typed by people and given to hosts."""

from datetime import UTC, datetime

import pytest

from nixtui.logs.line import LogLine, as_json, text_line
from nixtui.logs.query import BadQuery, LogQuery, parse_moment, parse_priority, written

NOW = datetime(2026, 11, 26, 3, 12, 41, tzinfo=UTC)
LINE = LogLine(1, 100.0, "web-1", "slow Query", "nginx.service", "nginx", "812", 4, "c")


@pytest.mark.parametrize(("text", "number"), [("err", 3), ("ERROR", 3), ("3", 3), ("warn", 4), ("0", 0), ("debug", 7)])
def test_priorities(text: str, number: int) -> None:
    assert parse_priority(text) == number


@pytest.mark.parametrize("text", ["8", "", "loud", "-1", "33"])
def test_what_is_no_priority_names_those_there_are(text: str) -> None:
    with pytest.raises(BadQuery, match="emerg, alert"):
        parse_priority(text)


@pytest.mark.parametrize(
    ("text", "ago"), [("10m", 600), ("@2h", 7200), ("03:00", 761), ("@03:12:41", 0), ("04:00", 83561)]
)
def test_moments(text: str, ago: float) -> None:
    assert NOW.timestamp() - parse_moment(text, NOW) == ago


def test_a_moment_is_written_as_it_is_read() -> None:
    assert parse_moment(written(1_795_000_000), NOW) == 1_795_000_000


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2027-01-01"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadQuery):
        parse_moment(text, NOW)


def test_lines_that_are_known_are_taken_as_the_host_would() -> None:
    assert LogQuery().takes(LINE)
    assert LogQuery(units=("nginx",), priority=4, since=99, until=101, grep="query").takes(LINE)
    for query in (
        LogQuery(units=("db",)),
        LogQuery(priority=3),
        LogQuery(since=101),
        LogQuery(until=99),
        LogQuery(grep="QUERY"),
    ):
        assert not query.takes(LINE)


def test_narrower_or_not() -> None:
    narrow = LogQuery(units=("a",), priority=3, since=5, grep="x")
    assert narrow.narrows(LogQuery())
    assert narrow.narrows(LogQuery(units=("a", "b"), priority=4))
    assert not LogQuery().narrows(narrow)
    assert not LogQuery(units=("c",)).narrows(LogQuery(units=("a",)))


def test_as_the_options_of_the_command() -> None:
    query = LogQuery(units=("a.service",), priority=3, since=1_795_000_000, grep="it's")
    assert query.words() == [
        *("--unit", "a.service", "--priority", "err", "--since", "2026-11-18T11:06:40+00:00", "--grep", "it's")
    ]


def test_text_and_json_of_a_line() -> None:
    assert text_line(LINE) == "1970-01-01T00:01:40.000Z web-1 nginx.service[812] warn: slow Query"
    assert as_json(LINE) == {
        "at": "1970-01-01T00:01:40.000Z",
        "host": "web-1",
        "unit": "nginx.service",
        "identifier": "nginx",
        "pid": 812,
        "priority": 4,
        "message": "slow Query",
        "cursor": "c",
    }
    hostile = LogLine(1, 0.0, "web-1", "a\nb\x1b[2J\u202e")
    assert text_line(hostile).isprintable()
