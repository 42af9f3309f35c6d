"""What the store of this machine has."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from nixtui.model.closure import Closure
from nixtui.nix.errors import NixBadAnswer
from nixtui.nix.process import run_nix

LIMIT_S = 120.0
"""Ten thousand paths take two seconds from a cold disk."""


def on_disk(path: str, environ: Mapping[str, str]) -> Path:
    """Where a store path is in the file system: elsewhere than it says where NIX_REMOTE chooses a store with a `root`
    (`local?root=DIR`, or just DIR; nix: src/libstore/local-fs-store.hh).
    """
    store = environ.get("NIX_REMOTE", "")
    if store.startswith("/"):
        return Path(store, path.lstrip("/"))
    kind, _, options = store.removeprefix("local://").partition("?")
    roots = parse_qs(options).get("root", []) if kind in ("local", "") else []
    return Path(roots[0], path.lstrip("/")) if roots else Path(path)


class _PathFacts(msgspec.Struct, rename="camel"):
    """One path of `nix path-info --json`, as far as it is needed."""

    nar_size: int
    path: str = ""


async def local_closure(path: str, *, directory: Path, environ: Mapping[str, str]) -> Closure:
    """What `path` needs, with the size of each. Raises `NixError`, also when it is not in the local store."""
    answer = await run_nix(
        ("path-info", "--recursive", "--json", path), directory=directory, environ=environ, time_limit=LIMIT_S
    )
    return Closure(path, _sizes(answer))


async def keep(path: str, link: Path, *, environ: Mapping[str, str]) -> None:
    """Root `path` against garbage collection here by `link`, which is replaced. Raises `NixError`."""
    await run_nix(("build", path, "--out-link", str(link)), directory=link.parent, environ=environ, time_limit=LIMIT_S)


def _sizes(answer: bytes) -> dict[str, int]:
    """An array until Nix 2.18, from 2.19 on an object by path, since 2.33 with names without the store's directory."""
    try:
        if answer.lstrip().startswith(b"["):
            listed = msgspec.json.decode(answer, type=list[_PathFacts])
            return {each.path: each.nar_size for each in listed}
        facts = msgspec.json.decode(answer, type=dict[str, _PathFacts])
    except msgspec.DecodeError as error:
        raise NixBadAnswer(f"nix path-info answered something unexpected: {error}") from error
    return {name if name.startswith("/") else f"/nix/store/{name}": each.nar_size for name, each in facts.items()}
