"""On which line of a TOML file each key stands: what tomllib reads past and an error message needs.

Scans only text that tomllib has accepted, so nothing here has to be checked again.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping

from nixtui.config.problem import BARE_KEY, KeyPath

_KEY = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_DOTTED_KEY = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Each key path of a TOML document with its line, from 1; of a table written several times, the first.

    `text` has `\\n` line ends and is valid TOML.
    """
    scan = _Scan(text)
    scan.document()
    return scan.lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of a key, or of the nearest table around it that stands in the file; `None` for the whole file."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


class _Scan:
    """One pass over a document; `at` is the character it has come to, `line` that character's line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self.rows: Counter[KeyPath] = Counter()

    def document(self) -> None:
        table: KeyPath = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
                self.note(table)
            else:
                self.entry(table)
            self.take(_BLANK)

    def header(self) -> KeyPath:
        """The path of the table that begins here: a new row after `[[…]]`, and below a row the last one."""
        new_row = self.accept("[[")
        if not new_row:
            self.accept("[")
        *above, last = self.key()
        path: KeyPath = ()
        for key in above:
            path = self.last_row((*path, key))
        path = (*path, last)
        if new_row:
            self.rows[path] += 1
            self.accept("]]")
        else:
            self.accept("]")
        return self.last_row(path)

    def last_row(self, path: KeyPath) -> KeyPath:
        return (*path, self.rows[path] - 1) if path in self.rows else path

    def entry(self, table: KeyPath) -> None:
        line = self.line
        path = (*table, *self.key())
        self.note(path, line)
        self.take(_BLANK)
        self.accept("=")
        self.take(_BLANK)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        if self.accept("["):
            for place in self.items("]"):
                self.note((*path, place))
                self.value((*path, place))
        elif self.accept("{"):
            for _ in self.items("}"):
                self.entry(path)
        else:
            self.take(_SCALAR)

    def items(self, end: str) -> Iterator[int]:
        """Stops before each item of an array or inline table, and goes on behind the comma after it."""
        place = 0
        self.take(_BLANK)
        while not self.accept(end):
            yield place
            place += 1
            self.take(_BLANK)
            self.accept(",")
            self.take(_BLANK)

    def key(self) -> KeyPath:
        """tomllib itself takes the dots and quotes of a key apart, which few keys have."""
        self.take(_BLANK)
        text = self.take(_DOTTED_KEY)
        self.take(_BLANK)
        if BARE_KEY.fullmatch(text):
            return (text,)
        found: object = tomllib.loads(f"{text} = 0")
        path: list[str] = []
        while isinstance(found, dict):
            ((name, found),) = found.items()
            path.append(name)
        return tuple(path)

    def note(self, path: KeyPath, line: int | None = None) -> None:
        """A table exists as soon as something below it does, so what is above is noted as well."""
        for length in range(len(path), 0, -1):
            self.lines.setdefault(path[:length], line or self.line)

    def accept(self, token: str) -> bool:
        found = self.text.startswith(token, self.at)
        if found:
            self.at += len(token)
        return found

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None, f"valid TOML, yet no {pattern.pattern} at character {self.at}"
        self.at = match.end()
        self.line += match[0].count("\n")
        return match[0]
