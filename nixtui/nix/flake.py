"""Which flake is meant, and one question to it at a time."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nixtui.nix.errors import NixBadAnswer
from nixtui.nix.process import run_nix

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_REGISTRY_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*(?:/[^?#]*)?")

EVALUATION_LIMIT_S = 300.0
"""Fetching the inputs of a large flake for the first time, and then a hive of a hundred nodes, takes minutes."""


def find_flake(start: Path) -> Path | None:
    """The nearest directory with a `flake.nix`, from `start` upwards."""
    return next((directory for directory in (start, *start.parents) if (directory / "flake.nix").is_file()), None)


def open_flake(reference: str, *, base: Path, environ: Mapping[str, str]) -> "Flake":
    """The flake that `reference` means to somebody in the directory `base`; `~/` is the home in `environ`.

    What is a path follows nix itself: `infra` is a name in the registry, `./infra` is a directory. A directory is
    entered and asked as `.`, because nix (seen with 2.8) takes no path with a space or a `#` in it.
    """
    path, mark, query = reference.partition("?")
    if _URL.match(path) or _REGISTRY_ID.fullmatch(path):
        return Flake(reference, directory=base, environ=environ)
    if path.startswith("~/") and environ.get("HOME"):
        path = f"{environ['HOME']}/{path[2:]}"
    return Flake(f".{mark}{query}", directory=base / path, environ=environ)


class Flake:
    """A flake that can be asked: `reference` (without `#attribute`) as nix understands it in `directory`."""

    def __init__(
        self,
        reference: str,
        *,
        directory: Path,
        environ: Mapping[str, str],
        time_limit: float = EVALUATION_LIMIT_S,
    ) -> None:
        self.reference = reference
        self.directory = directory
        self._environ = environ
        self._time_limit = time_limit

    async def ask(self, attribute: str, function: str, kind: Any) -> Any:
        """The Nix `function` applied to an attribute of the outputs, decoded as `kind`. Raises `NixError`."""
        return await self._evaluate((f"{self.reference}#{attribute}", "--apply", function), kind)

    async def ask_outputs(self, function: str, kind: Any) -> Any:
        """The Nix `function` applied to all outputs, decoded as `kind`. Raises `NixError`.

        The attribute path `""` is empty, but nix tries it below `packages.SYSTEM` first; a system that no flake has
        leaves only the outputs themselves. Seen with Nix 2.8, 2.26 and 2.34. Alternatives are worse:
        `builtins.getFlake` needs impure evaluation for a local flake, and asking for one output after the other cannot
        tell one that is missing from one that is broken but by the words of nix's messages.
        """
        return await self._evaluate(("--option", "system", "none", f'{self.reference}#""', "--apply", function), kind)

    async def _evaluate(self, what: tuple[str, ...], kind: Any) -> Any:
        """No lock file is written: looking at a fleet must not change the repository it is described in."""
        answer = await run_nix(
            ("eval", "--json", "--no-write-lock-file", *what),
            directory=self.directory,
            environ=self._environ,
            time_limit=self._time_limit,
        )
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            raise NixBadAnswer(f"nix answered something unexpected: {error}") from error
