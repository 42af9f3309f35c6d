"""Whatever a host prints, what comes out is plain text of a bounded size."""

import time

import pytest

from nixtui.remote.output import CUT_MARK, MAX_LINE_BYTES, LineSplitter, clean, said


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text, ünïcödé ☃ 🚀\ttab\n", "plain text, ünïcödé ☃ 🚀\ttab\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue colour\x1b[m", "true colour"),
        ("\x1b[38:5:1mcolons\x1b[K", "colons"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x1b[?1049h\x1b[?25lhidden", "hidden"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;Y2xpcGJvYXJk\x07", ""),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b_apc\x1b\\after", "after"),
        ("\x1b^pm\x1b\\\x1bXsos\x1b\\after", "after"),
        ("\x9b31mc1\x9b0m", "c1"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x90dcs\x9cafter", "after"),
        ("\x1b(B\x1b)0\x1b=\x1b>\x1bM\x1b7\x1b8\x1bcreset", "reset"),
        ("bell\x07 back\x08 nul\x00 del\x7f nel\x85", "bell back nul del nel"),
        ("unfinished \x1b[31", "unfinished "),
        ("unfinished \x1b", "unfinished "),
        ("unfinished \x1b]0;title", "unfinished "),
        ("unfinished \x1b]0;title\nnext line", "unfinished \nnext line"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("10%\r50%\r100%\nnext", "100%\nnext"),
        ("10%\r50%\r", "50%"),
        ("\r\x1b[Kcopying 3\r\x1b[Kcopying 4\r\x1b[K", "copying 4"),
        ("\x1b\x1b[31mdouble", "double"),
        ("\x1b[\x1b[31mnested", "nested"),
        ("left\u202eright\u2066inner\u2069", "leftrightinner"),
        ("line\u2028separator\u2029paragraph", "lineseparatorparagraph"),
    ],
)
def test_control_sequences_are_taken_out(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_nothing_that_is_clean_becomes_unclean_when_it_is_cleaned() -> None:
    pieces = ["\x1b", "[", "]", "31m", "\x07", "\\", "\x9b", "P", "x", "\r", "\n"]
    for first in pieces:
        for second in pieces:
            for third in pieces:
                once = clean(first + second + third + "rest")
                assert not any((ord(char) < 32 and char not in "\t\n") or 127 <= ord(char) < 160 for char in once)
                assert clean(once) == once


@pytest.mark.parametrize("hostile", ["\x1b[" * 500_000, "\x1b]" * 500_000, "\x9b" * 500_000, "\r" * 1_000_000])
def test_hostile_text_takes_no_longer_than_long_text(hostile: str) -> None:
    began = time.process_time()
    clean(hostile)
    assert time.process_time() - began < 5


def split(*received: bytes) -> list[str]:
    lines: list[str] = []
    splitter = LineSplitter(lines.append)
    for piece in received:
        splitter.feed(piece)
    splitter.end()
    return lines


def test_lines_come_whole_however_the_bytes_are_cut() -> None:
    text = "one\ntwo ünï\n\nlast without end"
    expected = ["one", "two ünï", "", "last without end"]
    data = text.encode()
    assert split(data) == expected
    assert split(*(data[i : i + 1] for i in range(len(data)))) == expected


def test_invalid_bytes_are_replaced() -> None:
    assert split(b"a\xff\xfeb\n") == ["a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"]


def test_long_lines_are_cut_with_a_mark() -> None:
    lines = split(b"x" * (MAX_LINE_BYTES + 1) + b"\nshort\n", b"y" * MAX_LINE_BYTES + b"\n")
    assert lines == ["x" * MAX_LINE_BYTES + CUT_MARK, "short", "y" * MAX_LINE_BYTES]


def test_a_line_that_never_ends_takes_no_memory_and_no_time() -> None:
    lines: list[str] = []
    splitter = LineSplitter(lines.append)
    began = time.process_time()
    for _ in range(20_000):
        splitter.feed(b"x" * 32_768)
    assert time.process_time() - began < 2
    assert len(splitter._rest) == MAX_LINE_BYTES
    assert lines == []


def test_what_somebody_said_fits_on_one_line() -> None:
    assert said("\x1b[31mno\n way \t out") == "no way out"
    assert len(said("x" * 10_000)) < 400
