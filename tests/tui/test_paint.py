"""Text from hosts is harmless and measured in cells."""

import pytest

from nixtui.tui.paint import Role, Span, clean, fit, line, plain, said, width, wrap

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;cm0gLXJmIC8=\x07clip",
    "\x9b2Jclear",
    "one\ntwo\rthree\x00",
    "\u202egnp.exe",
    "\u2066isolate\u2069",
    "a\u200db\ufe0f",
    "\ud800lone",
    "[bold red]markup[/]",
    "z̸̡̢̡̛̛̛̭̜̳̼̪̮̜͇̬̞͕̲a",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_host_says_reaches_the_terminal_as_a_command(text: str) -> None:
    shown = clean(text)
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    assert not set(shown) & set("\u202e\u2066\u2069\u200d\ufe0f")
    shown.encode()  # what cannot be encoded cannot be written either


def test_markup_is_text() -> None:
    assert clean("[bold red]x[/]") == "[bold red]x[/]"


def test_few_accents_stay_and_towers_of_them_do_not() -> None:
    assert clean("é") == "é"
    assert len(clean("e" + "\u0301" * 60)) <= 6


def test_unknown_is_a_dash_and_never_empty() -> None:
    assert said(None) == Span("–", Role.FAINT)
    assert said("") == Span("–", Role.FAINT)


def test_a_line_is_padded_to_its_cells_on_the_side_it_should() -> None:
    assert plain(fit(line("ab"), 5)) == "ab   "
    assert plain(fit(line("ab"), 5, right=True)) == "   ab"
    assert plain(fit((), 3)) == "   "


def test_a_line_that_is_cut_says_so() -> None:
    assert plain(fit(line("abcdef"), 4)) == "abc…"
    assert plain(fit(line("ab", ("cdef", Role.BAD)), 4)) == "abc…"


@pytest.mark.parametrize("cells", range(1, 12))
def test_wide_characters_never_make_a_line_longer_than_it_may_be(cells: int) -> None:
    assert width(fit(line("日本語ホスト名"), cells)) == cells


def test_the_padding_of_a_badge_has_not_its_ground() -> None:
    padded = fit((Span(" PROD ", Role.BADGE_VIOLET),), 10)
    assert padded == (Span(" PROD ", Role.BADGE_VIOLET), Span("    "))


def test_words_are_wrapped_and_words_too_long_are_cut() -> None:
    lines = wrap("a word and averyveryverylongword", 10, indent="  ")
    assert all(width(each) <= 10 for each in lines)
    assert "".join(plain(each).strip() for each in lines).replace(" ", "") == "awordandaveryveryverylongword"
