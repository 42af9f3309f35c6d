"""All values of a version of a file, as units that one compares: masked, and never printed.

A version is ciphertext in memory, from git or from a file with conflict markers, so sops gets it on standard input.
"""

import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any

import msgspec

from nixtui.secrets.agenix import decrypt_age
from nixtui.secrets.document import Document, Format, Path, read_document
from nixtui.secrets.edit import Put
from nixtui.secrets.process import Runner
from nixtui.secrets.secret import Secret

_RUN_KEY = secrets.token_bytes(32)


class Unit(msgspec.Struct, frozen=True):
    """A value, or a list as a whole: what was put into a list moves all that comes after it.

    `kind` is the type of a value (`str`, `int`, …) or `list`; `typed` says that `value` is JSON.
    """

    path: Path
    kind: str
    value: Secret
    typed: bool

    @property
    def mark(self) -> bytes:
        """What it is recognised by in this run, and in no other: a plain hash of a short value can be guessed."""
        return hmac.digest(_RUN_KEY, self.kind.encode() + b"\0" + self.value.reveal(), sha256)

    @property
    def length_class(self) -> str:
        """How long it is, roughly."""
        return self.value.length_class

    def as_put(self) -> Put:
        """The edit that gives a file this value."""
        return Put(self.path, self.value, self.typed)


Units = Mapping[Path, Unit]


async def units_of(
    runner: Runner, content: bytes, name: str, *, directory: FilePath, ignore_mac: bool = False
) -> Units:
    """What a version of a sops or age file holds. Raises `SecretsError`.

    `ignore_mac` is for versions that git has merged lines into; their values are still authenticated, each for its
    place, and what is missing or in another order is not.
    """
    if Format.of(name) is Format.AGE:
        return {(): Unit((), "bytes", await decrypt_age(runner.identities, content, name), typed=False)}
    document = read_document(content, name)
    shape = ["--input-type", document.format.value]
    if document.format is not Format.BINARY:
        shape += ["--output-type", "json"]
    words = ["decrypt", *(["--ignore-mac"] if ignore_mac else []), *shape]
    plain = await runner.run(words, directory=directory, file=name, stdin=Secret(content))
    if document.format is Format.BINARY:
        return {("data",): Unit(("data",), "bytes", plain, typed=False)}
    kinds = _kinds(document)
    found = {unit.path: unit for unit in _units(json.loads(plain.reveal()), (), kinds)}
    plain.wipe()
    return found


def _kinds(document: Document) -> dict[Path, str]:
    return {leaf.path: leaf.kind for leaf in document.leaves}


def _units(tree: Any, path: Path, kinds: Mapping[Path, str]) -> Iterator[Unit]:
    match tree:
        case dict() if tree or not path:
            for name, below in tree.items():
                yield from _units(below, (*path, name), kinds)
        case str():
            yield Unit(path, "str", Secret(tree), typed=False)
        case _:
            kind = "list" if isinstance(tree, list) else "map" if isinstance(tree, dict) else kinds.get(path, "null")
            yield Unit(path, kind, Secret(json.dumps(tree)), typed=True)
