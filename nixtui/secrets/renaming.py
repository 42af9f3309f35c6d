"""Giving a key another name. What is authenticated with a value is its place, so it is encrypted anew there."""

import json
from pathlib import Path as FilePath

from nixtui.secrets.document import Format, Path, read_document
from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.editing import no_such_key, reveal
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.process import Runner
from nixtui.secrets.safe_file import digest, read_file
from nixtui.secrets.secret import Secret

ALLOWED = ("type",)
"""Objections that a new name does not raise anew: what is no string was none before."""


async def rename_edits(runner: Runner, path: FilePath, name: str, key: Path, to: Path) -> tuple[tuple[Edit, ...], str]:
    """The edits that move `key` with everything below it to `to`, at the end of its map, and the digest of the file
    that they are for: `save` wants both, with `ALLOWED`. Raises `SecretsError`.
    """
    content = read_file(path, name)
    document = read_document(content, name)
    leaf = document.at(key)
    if leaf is None and not document.below(key):
        raise no_such_key(name, key)
    if document.format is Format.BINARY or isinstance(key[-1], int) or isinstance(to[-1], int):
        raise SecretsError(Trouble.BAD_KEY, f"{name}: places of a list have no names", "name a key of a map")
    if document.below(to):
        raise SecretsError(
            Trouble.GUARDED, f"{name}: there is a key {shown_path(to)} already", "choose another name, or unset it"
        )
    if to[: len(key)] == key or key[: len(to)] == to:
        raise SecretsError(Trouble.BAD_KEY, f"{name}: a key cannot move into itself", "choose another name")
    value = await reveal(runner, path, name, key)
    if leaf is not None and leaf.kind == "null":
        value = Secret("null")
    typed = leaf is None or leaf.kind not in ("str", "bytes", "time")
    if typed and leaf is not None and leaf.kind not in ("null", "str"):
        value = _as_json(value, leaf.kind)
    return (Put(to, value, typed), Drop(key)), digest(content)


def _as_json(value: Secret, kind: str) -> Secret:
    """A number or truth as sops prints it, as JSON writes it; what is neither stays text, which the guards refuse."""
    text = value.text().strip()
    if kind == "bool":
        return Secret(text.lower())
    try:
        return Secret(json.dumps(int(text) if kind == "int" else float(text)))
    except ValueError:
        return Secret(text)
