"""Which flake is meant, and one question to it at a time."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from nixtui.nix.errors import NixBadAnswer, NixFailed
from nixtui.nix.evaluation_cache import EvaluationCache
from nixtui.nix.fingerprint import fingerprint
from nixtui.nix.process import clean_line
from nixtui.nix.revision import flake_revision
from nixtui.nix.streaming import stream_nix
from nixtui.nix.trace import Transcript, explain

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_REGISTRY_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*(?:/[^?#]*)?")

EVALUATION_LIMIT_S = 300.0
"""Fetching the inputs of a large flake for the first time, and then a hive of a hundred nodes, takes minutes."""


def find_flake(start: Path) -> Path | None:
    """The nearest directory with a `flake.nix`, from `start` upwards."""
    return next((directory for directory in (start, *start.parents) if (directory / "flake.nix").is_file()), None)


_NOT_LOCKED = "not writing modified lock file"
"""Then an input is fetched anew with every evaluation, and the answer may be another one tomorrow."""


def open_flake(
    reference: str, *, base: Path, environ: Mapping[str, str], cache: EvaluationCache | None = None
) -> "Flake":
    """The flake that `reference` means to somebody in the directory `base`; `~/` is the home in `environ`.

    What is a path follows nix itself: `infra` is a name in the registry, `./infra` is a directory. A directory is
    entered and asked as `.`, because nix (seen with 2.8) takes no path with a space or a `#` in it.
    """
    path, mark, query = reference.partition("?")
    if _URL.match(path) or _REGISTRY_ID.fullmatch(path):
        return Flake(reference, directory=base, environ=environ, cache=cache)
    if path.startswith("~/") and environ.get("HOME"):
        path = f"{environ['HOME']}/{path[2:]}"
    return Flake(f".{mark}{query}", directory=base / path, environ=environ, cache=cache)


class Flake:
    """A flake that can be asked: `reference` (without `#attribute`) as nix understands it in `directory`.

    With a `cache`, the same question is evaluated once for each state of the flake. `options` go to every nix command;
    with any of them nothing is remembered, for they may change the answer (`--override-input`, `--impure`).
    """

    def __init__(
        self,
        reference: str,
        *,
        directory: Path,
        environ: Mapping[str, str],
        time_limit: float = EVALUATION_LIMIT_S,
        cache: EvaluationCache | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self.reference = reference
        self.directory = directory
        self.environ = environ
        self.options = options
        self.time_limit = time_limit
        self.cache = cache if not options else None

    def with_options(self, options: tuple[str, ...]) -> "Flake":
        """The same flake, asked with options of nix."""
        return Flake(
            self.reference,
            directory=self.directory,
            environ=self.environ,
            time_limit=self.time_limit,
            cache=self.cache,
            options=(*self.options, *options),
        )

    async def ask(self, attribute: str, function: str, kind: Any) -> Any:
        """The Nix `function` applied to an attribute of the outputs, decoded as `kind`. Raises `NixError`."""
        return await self._evaluate((f"{self.reference}#{attribute}", "--apply", function), kind)

    async def recall(self, state: str, attribute: str, function: str, kind: Any) -> Any:
        """What `ask` would answer without evaluating, as it was remembered of this state; `None` where nothing was."""
        if self.cache is None:
            return None
        known = await self.cache.get(state, (f"{self.reference}#{attribute}", "--apply", function))
        if known is not None:
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(known, type=kind)
        return None

    async def ask_lasting(self, attribute: str, function: str, kind: Any) -> tuple[Any, bool]:
        """The same without the cache, and whether the answer will be the same while the flake is. Raises `NixError`,
        `EvaluationFailed` with the whole trace.
        """
        answer, lasting = await self._run((f"{self.reference}#{attribute}", "--apply", function), traced=True)
        return _decoded(answer, kind), lasting

    async def ask_outputs(self, function: str, kind: Any) -> Any:
        """The Nix `function` applied to all outputs, decoded as `kind`. Raises `NixError`.

        The attribute path `""` is empty, but nix tries it below `packages.SYSTEM` first; a system that no flake has
        leaves only the outputs themselves. Seen with Nix 2.8, 2.26 and 2.34. Alternatives are worse:
        `builtins.getFlake` needs impure evaluation for a local flake, and asking for one output after the other cannot
        tell one that is missing from one that is broken but by the words of nix's messages.
        """
        return await self._evaluate(("--option", "system", "none", f'{self.reference}#""', "--apply", function), kind)

    async def state(self) -> str | None:
        """What the flake is made of now; `None` where that cannot be said, or nothing is remembered."""
        if self.cache is None:
            return None
        return await fingerprint(self.reference, self.directory, self.environ)

    async def revision(self) -> str | None:
        """The commit that it is at, `-dirty` where files differ; `None` where there is none. Raises nothing."""
        return await flake_revision(self.reference, self.directory, self.environ)

    async def _evaluate(self, what: tuple[str, ...], kind: Any) -> Any:
        state = await self.state()
        if state is not None and self.cache is not None:
            known = await self.cache.get(state, what)
            if known is not None:
                with suppress(msgspec.DecodeError):
                    return msgspec.json.decode(known, type=kind)
        answer, lasting = await self._run(what)
        decoded = _decoded(answer, kind)
        if lasting and state is not None and self.cache is not None and state == await self.state():
            await self.cache.put(state, {what: answer.strip()})
        return decoded

    async def _run(self, what: tuple[str, ...], *, traced: bool = False) -> tuple[bytes, bool]:
        """The answer, and whether it will be the same tomorrow.

        No lock file is written: looking at a fleet must not change the repository it is described in.
        """
        told = Transcript(clean_line)
        trace = ("--show-trace",) if traced else ()
        try:
            answer = await stream_nix(
                ("eval", "--json", "--no-write-lock-file", *trace, *self.options, *what),
                directory=self.directory,
                environ=self.environ,
                hear=told.take,
                time_limit=self.time_limit,
                silence_limit=self.time_limit,
            )
        except NixFailed as failure:
            raise explain(failure.status, told.lines) from failure
        return answer, not any(_NOT_LOCKED in line for line in told.lines)


def _decoded(answer: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise NixBadAnswer(f"nix answered something unexpected: {error}") from error
