"""What is wrong with a configuration file, said so that it can be put right without the manual."""

import re
from collections.abc import Sequence

import msgspec

from nixtui.model.naming import printable

KeyPath = tuple[str | int, ...]
"""The keys from the top of the file down to a value; a number is a place in an array, from 0."""

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong in one place, or, as a `warning`, one that is allowed but hardly meant.

    `line` counts from 1 and is `None` where the whole file is meant; `key` is as TOML writes it (`hosts.web-1.port`).
    """

    file: str
    line: int | None
    key: str | None
    reason: str
    remedy: str | None = None
    warning: bool = False

    def __str__(self) -> str:
        """`nixtui.toml:12: hosts.web-1.adress: unknown key, did you mean "address"?`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        told = self.reason if self.remedy is None else f"{self.reason}, {self.remedy}"
        return ": ".join(part for part in (place, "warning" if self.warning else None, self.key, told) if part)


class BadConfiguration(Exception):
    """The file cannot be used; `problems` has everything found wrong in it, in the order of its lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def written(path: KeyPath) -> str:
    """A key path as TOML writes it: `hosts."web 1".tags`, `activation.health[2]`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if BARE_KEY.fullmatch(key) else printable(key))
    return text
