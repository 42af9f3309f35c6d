"""The .drv files of the store: what a derivation needs, what it makes, and what its package is called.

They are ATerms (nix: src/libstore/derivations.cc): `Derive([outputs],[inputs],[sources],system,builder,[args],[env])`,
or `DrvWithVersion("…", …)` around the same since 2.18. `nix derivation show` tells the same as JSON.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from nixtui.model.store_path import STORE_DIR, is_store_path
from nixtui.nix.local_store import on_disk

MAX_BYTES: Final = 4 * 2**20
"""Of one file. A NixOS toplevel has some 100 kB; a derivation with a whole configuration in it, a few hundred."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([\[\](),])|([A-Za-z]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_DEPTH: Final = 8


class Drv(msgspec.Struct, frozen=True):
    """What the build tree needs of a derivation. The path of an output is empty where only the build tells it."""

    outputs: dict[str, str]
    inputs: tuple[str, ...]
    system: str
    pname: str | None = None


def read_drv(path: str, environ: Mapping[str, str] = MappingProxyType({})) -> Drv | None:
    """The .drv file at a store path; `None` when there is none here, or it is no derivation. Never raises.

    `environ` says where the store is, if not where its paths say.
    """
    if not is_store_path(path) or not path.endswith(".drv"):
        return None  # it comes from a stream: only the store may be read
    try:
        with on_disk(path, environ).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return parse_drv(content) if len(content) <= MAX_BYTES else None


def parse_drv(content: bytes) -> Drv | None:
    """The derivation in an ATerm; `None` when it is none."""
    terms = _terms(content.decode(errors="replace"))
    try:
        outputs, inputs, _, system, _, _, env = [each for each in terms if each != "Derive"][-7:]
        environment = {pair[0]: pair[1] for pair in env if len(pair) == 2}
        return Drv(
            {each[0]: each[1] for each in outputs},
            tuple(each[0] for each in inputs),
            str(system),
            _pname(environment),
        )
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def parse_shown(content: bytes) -> dict[str, Drv]:
    """The answer of `nix derivation show`, by store path. Since 2.32 paths have no directory, and inputs are nested."""
    try:
        shown = json.loads(content)
        derivations = shown.get("derivations", shown)
        return {_full(path): _shown(each) for path, each in derivations.items() if isinstance(each, dict)}
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return {}


def _terms(text: str) -> list[Any]:
    """Nested lists of strings; what follows nonsense is left out."""
    stack: list[list[Any]] = [[]]
    for match in _TOKEN.finditer(text):
        sign = match[2]
        if sign is None:
            if match[1] is not None:
                stack[-1].append(_unescaped(match[1]))
        elif sign in "[(":
            if len(stack) > _MAX_DEPTH:
                return []
            stack.append([])
        elif sign in "])" and len(stack) > 1:
            done = stack.pop()
            stack[-1].append(done)
    return stack[0][0] if stack[0] and isinstance(stack[0][0], list) else []


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text) if "\\" in text else text


def _pname(environment: dict[str, Any]) -> str | None:
    name = environment.get("pname")
    if name is None and "__json" in environment:  # __structuredAttrs
        attributes = json.loads(environment["__json"])
        name = attributes.get("pname") if isinstance(attributes, dict) else None
    return name if isinstance(name, str) and name else None


def _shown(derivation: dict[str, Any]) -> Drv:
    inputs = derivation.get("inputDrvs", derivation.get("inputs", {}))
    if "drvs" in inputs:
        inputs = inputs["drvs"]
    outputs = {
        name: _full(output["path"]) if output.get("path") else "" for name, output in derivation["outputs"].items()
    }
    environment = {**derivation.get("env", {}), **(derivation.get("structuredAttrs") or {})}
    return Drv(outputs, tuple(map(_full, inputs)), str(derivation.get("system", "")), _pname(environment))


def _full(path: str) -> str:
    return path if path.startswith("/") else f"{STORE_DIR}/{path}"
