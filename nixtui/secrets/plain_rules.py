"""A `secrets.nix` as nearly everybody writes it, read without Nix: names for keys, and lists of them for files.

Nix evaluates every other one. What is taken here is a `let` of strings and lists, and one set of files with
`publicKeys` and `armor`; with anything else in it (`import`, `with`, `rec`, functions, `${}`) the answer is `None`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"\s+|\#[^\n]*|/\*.*?\*/|(?P<string>\"[^\"\\$]*\")|(?P<name>[A-Za-z_][A-Za-z0-9_'-]*)|(?P<sign>\+\+|[][{}().;=])",
    re.DOTALL,
)
_WORDS: Final = frozenset({"import", "with", "rec", "inherit", "if", "then", "else", "assert", "or", "null"})
_MOST: Final = 200_000

Keys = str | list[str] | bool


def plain_rules(text: str) -> Mapping[str, Mapping[str, Any]] | None:
    """`publicKeys` and `armor` by file, as `nix eval` gives them; `None` for what only Nix understands."""
    try:
        return _Reader(text).file()
    except (_NotPlain, RecursionError):
        return None


class _NotPlain(Exception):
    """Something that is not in the subset."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._bound: dict[str, Keys] = {}

    def file(self) -> dict[str, dict[str, Keys]]:
        if self._takes("let"):
            while not self._takes("in"):
                name = self._name()
                self._wants("=")
                if name in self._bound:
                    raise _NotPlain
                self._bound[name] = self._value()
                self._wants(";")
        rules: dict[str, dict[str, Keys]] = {}
        self._wants("{")
        while not self._takes("}"):
            self._rule(rules)
        if self._at != len(self._tokens):
            raise _NotPlain
        return rules

    def _rule(self, rules: dict[str, dict[str, Keys]]) -> None:
        rule = rules.setdefault(self._string(), {})
        if self._takes("."):
            self._field(rule)
            return
        self._wants("=")
        self._wants("{")
        while not self._takes("}"):
            self._field(rule)
        self._wants(";")

    def _field(self, rule: dict[str, Keys]) -> None:
        name = self._name()
        self._wants("=")
        if name in rule or name not in ("publicKeys", "armor"):
            raise _NotPlain
        rule[name] = self._value()
        if isinstance(rule[name], list) != (name == "publicKeys"):
            raise _NotPlain
        self._wants(";")

    def _value(self) -> Keys:
        value = self._term()
        while self._takes("++"):
            more = self._term()
            if not isinstance(value, list) or not isinstance(more, list):
                raise _NotPlain
            value = [*value, *more]
        return value

    def _term(self) -> Keys:
        if self._takes("("):
            value = self._value()
            self._wants(")")
            return value
        if self._takes("["):
            found: list[str] = []
            while not self._takes("]"):
                each = self._atom()
                if not isinstance(each, str):
                    raise _NotPlain
                found.append(each)
            return found
        return self._atom()

    def _atom(self) -> Keys:
        word = self._next()
        if word.startswith('"'):
            return word[1:-1]
        if word in ("true", "false"):
            return word == "true"
        if word not in self._bound:
            raise _NotPlain
        return self._bound[word]

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise _NotPlain
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, wanted: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == wanted:
            self._at += 1
            return True
        return False

    def _wants(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise _NotPlain

    def _name(self) -> str:
        word = self._next()
        if not word[0].isalpha() and word[0] != "_":
            raise _NotPlain
        return word

    def _string(self) -> str:
        word = self._next()
        if not word.startswith('"'):
            raise _NotPlain
        return word[1:-1]


def _tokens(text: str) -> list[str]:
    if len(text) > _MOST:
        raise _NotPlain
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match["name"] in _WORDS:
            raise _NotPlain
        at = match.end()
        if match.lastgroup is not None:
            found.append(match[0])
    return found
