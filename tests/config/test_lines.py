"""The scanner is held against tomllib: it must find the same keys in every document that tomllib reads."""

import random
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomli_w

from nixtui.config.lines import key_lines, line_of
from nixtui.config.problem import KeyPath

DOCUMENTS = {
    "empty": "",
    "only comments": "# [hosts]\n\n   # a = 1",
    "tables": "[a]\nx = 1\n\n[a.b]\ny = 2 # [c]\n[ d . 'e f' ]\n",
    "dotted and quoted keys": 'a.b = 1\n"a c" = 2\n\'d"\'.e = 3\n"\\u0041 \\" ]" = 4\n1.2 = 3\n',
    "keys that look like tables": '[a]\n"[b]" = 1\n"c=d" = "x = 1"\n"#" = 1',
    "strings": 'a = \'C:\\\'\nb = "x\\\\"\nc = "\\""\nd = \'\'\ne = ""\nf = 1',
    "multi-line basic": 'a = """\n[b]\nc = 1\n\\""" ]\n"""\nd = 2',
    "multi-line literal": "a = '''\n[b]\nc = 1\n\\'''\nd = 2",
    "quotes at the end of multi-line strings": 'a = """x"""""\nb = \'\'\'y\'\'\'\'\'\nc = """"q"""\nd = """"""\ne = 1',
    "arrays": 'a = [\n  1, # one ]\n  [2, 3],\n  "],",\n]\nb = []\nc = [ ]\nd = [[], [[]],]\n',
    "inline tables": 'a = { x = 1, "y z" = { }, w.v = "}" }\nb = [ { c = 1 }, { d = [1, 2] } ]\n',
    "arrays of tables": "[[a]]\nx = 1\n[[a]]\nx = 2\n[[b.c]]\ny = 1\n",
    "other values": "a = 1979-05-27 07:32:00\nb = -1_000.5e3\nc = +inf\nd = true\ne = 07:32:00 # x\nf = 0xFF",
    "no newline at the end": "[a]\nb = 1",
    "tabs and blanks": "\t[a]\t\n \tb\t=\t1\t\n",
    "unicode": '"ʎǝʞ" = "値"\n[hosts."𝕨"]\nx = 1',
}


def paths(value: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    match value:
        case dict():
            for key, inner in value.items():
                yield (*above, key)
                yield from paths(inner, (*above, key))
        case list():
            for place, inner in enumerate(value):
                yield (*above, place)
                yield from paths(inner, (*above, place))


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_every_key_of_a_document_has_a_line_and_nothing_else_has(text: str) -> None:
    assert set(key_lines(text)) == set(paths(tomllib.loads(text)))


def random_value(chance: random.Random, depth: int) -> Any:
    alphabet = "ab[]{}=#,.'\"\\\n\t é\x7f"
    match chance.randrange(8 if depth else 5):
        case 0:
            return chance.randrange(-5, 5)
        case 1:
            return chance.random()
        case 2:
            return chance.choice([True, False])
        case 3 | 4:
            return "".join(chance.choices(alphabet, k=chance.randrange(12)))
        case 5:
            return [random_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        case _:
            return random_table(chance, depth - 1)


def random_table(chance: random.Random, depth: int) -> dict[str, Any]:
    keys = ("".join(chance.choices("ab.-_ \"'#[=\\\n", k=chance.randrange(1, 6))) for _ in range(chance.randrange(5)))
    return {key: random_value(chance, depth) for key in keys}


@pytest.mark.parametrize("multiline", [False, True])
def test_documents_nobody_would_write(multiline: bool) -> None:
    chance = random.Random(20261120)  # noqa: S311 - reproducible, not secret
    for _ in range(200):
        text = tomli_w.dumps(random_table(chance, 4), multiline_strings=multiline)
        assert set(key_lines(text)) == set(paths(tomllib.loads(text))), text


def test_lines_are_counted_through_everything_that_spans_several() -> None:
    text = '''\
        # one
        a = """
        three
        """
        b = [
            1,

            { c = 8 },
        ]

        [d]  # eleven
        e = 12
        f.g = 13
        '''
    lines = key_lines(text)
    assert {path: lines[path] for path in lines if path[-1] != 0} == {
        ("a",): 2,
        ("b",): 5,
        ("b", 1): 8,
        ("b", 1, "c"): 8,
        ("d",): 11,
        ("d", "e"): 12,
        ("d", "f"): 13,
        ("d", "f", "g"): 13,
    }


def test_a_table_written_in_several_places_has_the_line_of_the_first() -> None:
    assert key_lines("[a.x]\n[a.y]\n[a]\n")[("a",)] == 1


def test_what_is_not_in_the_file_has_the_line_of_what_is_around_it() -> None:
    lines = key_lines("\n[a]\nb = { c = 1 }")
    assert line_of(lines, ("a", "b", "missing")) == 3
    assert line_of(lines, ("a", "missing", "x")) == 2
    assert line_of(lines, ("missing",)) is None
    assert line_of(lines, ()) is None
