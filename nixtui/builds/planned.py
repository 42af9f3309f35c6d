"""What Nix says beforehand: `these 63 derivations will be built:`, and a path a line below it.

Nix 2.8 does not print it for `nix build`, and a dry run of 2.26 prints it as errors, so neither level nor presence can
be relied on.
"""

import re
from typing import Final

from nixtui.model.store_path import is_store_path

MAX_PATHS: Final = 100_000

_HEADING = re.compile(r"(?:this|these)(?: \d+)? (?:derivations?|paths?) will be (?:built|fetched)")
_IMPOSSIBLE = re.compile(r"(?:this|these)? ?(?:\d+ )?.*don't know how to build")


class PlannedLists:
    """Takes messages and lines; `builds` and `downloads` are the paths that were listed, in order."""

    def __init__(self) -> None:
        self.builds: dict[str, None] = {}
        self.downloads: dict[str, None] = {}
        self._off = False

    def take(self, text: str) -> list[str]:
        """The derivations that a message plans to build and that no message did before."""
        if not text.startswith("  /") and "will be" not in text and "don't know" not in text:
            return []  # nearly every message
        return [path for line in text[: 2**20].split("\n") if (path := self._line(line))]

    def _line(self, line: str) -> str | None:
        if not line.startswith("  /"):
            if _HEADING.match(line):
                self._off = False
            elif _IMPOSSIBLE.match(line):
                self._off = True
            return None
        path = line.strip()
        if self._off or not is_store_path(path):
            return None
        paths = self.builds if path.endswith(".drv") else self.downloads
        if path in paths or len(paths) >= MAX_PATHS:
            return None
        paths[path] = None
        return path if paths is self.builds else None
