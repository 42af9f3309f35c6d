"""Rows of logs: columns that fit, colours that can be read, text that cannot steer a terminal."""

import pytest
from textual.color import Color

from nixtui.logs.line import Kind, LogLine
from nixtui.tui.log_rows import HOST_ROLES, Times, lay_out, rows_of
from nixtui.tui.paint import Role, plain, width
from nixtui.tui.theme.house import themes
from nixtui.tui.theme.roles import role_styles

NOW = 1_795_230_761.0
LINE = LogLine(1, NOW - 61.5, "web-1", "GET /cart took 42 ms", "nginx.service", "nginx", "7", 4)


def layout(cells: int = 118, needle: str = "", times: Times = Times.UTC, hosts: tuple[str, ...] = ("web-1", "db-1")):
    roles = dict(zip(hosts, HOST_ROLES, strict=False))
    return lay_out(cells, hosts, times=times, needle=needle, now=NOW, roles=roles)


def one(line: LogLine, **options: object) -> str:
    (row,) = rows_of(line, layout(**options), wrapped=False, shift=0)
    return plain(row)


def test_columns_at_each_width() -> None:
    assert one(LINE) == "03:11:39 web-1 nginx              ▲ warn  GET /cart took 42 ms"
    assert one(LINE, cells=78) == "03:11:39 web-1 nginx      ▲ GET /cart took 42 ms"
    assert one(LINE, cells=198).startswith("03:11:39.500 web-1 nginx ")
    assert one(LINE, hosts=("web-1",)).startswith("03:11:39 nginx ")
    assert one(LINE, times=Times.OFF).startswith("web-1 nginx")
    assert one(LINE, times=Times.AGE).startswith(" 61s web-1")


def test_a_line_of_another_day_says_so() -> None:
    yesterday = LogLine(1, NOW - 86400, "web-1", "x")
    assert one(yesterday).startswith("Fri03:12 ")
    assert one(yesterday, cells=198).startswith("Fri 03:12:41 ")
    assert one(LogLine(1, 0.0, "web-1", "x")).startswith("70-01-01 ")
    assert one(LogLine(1, NOW + 86400 * 3, "web-1", "x")).startswith("26-11-24 ")


@pytest.mark.parametrize("cells", [58, 78, 118, 198])
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("message", ["", "x" * 4000, "宽" * 300, "\x1b[2J\x07\nevil\u202e", "a\tb"])
def test_no_row_is_wider_than_the_screen(cells: int, kind: Kind, message: str) -> None:
    line = LogLine(1, NOW, "a-host-with-a-long-name.example.org", message, "u" * 200, priority=3, kind=kind)
    for wrapped in (False, True):
        rows = rows_of(line, layout(cells), wrapped=wrapped, shift=0)
        assert all(width(row) <= cells for row in rows)
        assert all(plain(row).isprintable() for row in rows)


def test_wrapped_rows_have_all_of_the_message() -> None:
    line = LogLine(1, NOW, "web-1", "  indented " + "word " * 60, "nginx.service", priority=6)
    rows = rows_of(line, layout(78), wrapped=True, shift=0)
    assert len(rows) > 3
    assert "".join(plain(row)[26:] for row in rows).count("word") == 60


def test_what_is_sought_stands_out_in_either_case() -> None:
    line = LogLine(1, NOW, "web-1", "Slow slow SLOW", priority=6)
    (row,) = rows_of(line, layout(needle="slow"), wrapped=False, shift=0)
    assert [span.text for span in row if span.role is Role.BADGE_AMBER] == ["Slow", "slow", "SLOW"]
    (row,) = rows_of(line, layout(needle="Slow"), wrapped=False, shift=0)
    assert [span.text for span in row if span.role is Role.BADGE_AMBER] == ["Slow"]


def test_colours_of_hosts_can_be_read_in_every_theme() -> None:
    for theme in themes():
        if theme.ansi:
            continue
        ground = Color.parse(theme.background or "")
        for role in HOST_ROLES:
            colour = Color.parse(theme.variables[f"paint-{role.value}"])
            assert contrast(colour, ground) >= 4.5, (theme.name, role)
        assert len({theme.variables[f"paint-{role.value}"] for role in HOST_ROLES}) == len(HOST_ROLES)


def test_without_colours_there_are_styles_for_all_of_them() -> None:
    for theme in themes():
        styles = role_styles(theme.variables, no_color=True)
        assert all(role in styles for role in HOST_ROLES)


def contrast(one: Color, other: Color) -> float:
    """As the Web Content Accessibility Guidelines have it."""

    def luminance(colour: Color) -> float:
        parts = [each / 255 for each in (colour.r, colour.g, colour.b)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
