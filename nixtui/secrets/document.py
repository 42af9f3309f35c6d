"""A secret file as anybody can read it, without a key: its keys, their types, and who holds the data key.

Layouts are those that sops 3.11.0 writes; see `sops/stores/stores.go` for the flat ones of dotenv and INI.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePath
from typing import Any, Final

import msgspec

from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.recipient import Recipient, of_metadata
from nixtui.secrets.secret import length_class
from nixtui.secrets.yaml_leaves import Clear, yaml_leaves

MAX_FILE: Final = 8 * 2**20
MAX_LEAVES: Final = 100_000

Path = tuple[str | int, ...]

ENCRYPTED: Final = re.compile(r"ENC\[AES256_GCM,data:([^,\]]*),iv:[^,\]]+,tag:[^,\]]+,type:(\w+)\]")
_CONFLICT: Final = re.compile(rb"^<<<<<<< ", re.MULTILINE)
_LIST_OR_MAP: Final = re.compile(r"__(list|map)_")


class Format(StrEnum):
    """What a file is written in; the first five are sops' own words."""

    YAML = "yaml"
    JSON = "json"
    INI = "ini"
    DOTENV = "dotenv"
    BINARY = "binary"
    AGE = "age"

    @classmethod
    def of(cls, name: str) -> "Format":
        """By the end of the name, as sops decides."""
        endings = {".yaml": cls.YAML, ".yml": cls.YAML, ".json": cls.JSON, ".ini": cls.INI, ".env": cls.DOTENV}
        return endings.get(PurePath(name).suffix, cls.AGE if name.endswith(".age") else cls.BINARY)


class Leaf(msgspec.Struct, frozen=True):
    """One value as it is stored. `kind` is its type: `str`, `int`, `float`, `bool`, `bytes`, `time`, `null`."""

    path: Path
    stored: str
    kind: str
    encrypted: bool

    @property
    def length_class(self) -> str:
        """How long the plaintext is, roughly: GCM keeps lengths."""
        found = ENCRYPTED.fullmatch(self.stored)
        if found is None:
            return length_class(len(self.stored))
        try:
            return length_class(len(base64.b64decode(found[1])))
        except binascii.Error:
            return "unknown"


class Scope(msgspec.Struct, frozen=True):
    """Which values of a file sops encrypts: at most one of them is set."""

    unencrypted_suffix: str | None = None
    encrypted_suffix: str | None = None
    unencrypted_regex: str | None = None
    encrypted_regex: str | None = None
    unencrypted_comment_regex: str | None = None
    encrypted_comment_regex: str | None = None
    mac_only_encrypted: bool = False

    def encrypts(self, path: Path) -> bool:
        """Whether a value at `path` becomes ciphertext; any key on the way decides, as in sops' `Tree.Encrypt`."""
        names = [each for each in path if isinstance(each, str)]
        if self.encrypted_suffix:
            return any(each.endswith(self.encrypted_suffix) for each in names)
        try:
            if self.encrypted_regex:
                return any(re.search(self.encrypted_regex, each) for each in names)
            if self.unencrypted_regex:
                return not any(re.search(self.unencrypted_regex, each) for each in names)
        except re.error:  # Go's syntax knows things that Python's does not; nobody can tell, so it is to be allowed
            return False
        if self.unencrypted_suffix:
            return not any(each.endswith(self.unencrypted_suffix) for each in names)
        return not self.encrypted_comment_regex  # a new value has no comment that would ask for it


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is stored. `groups` are the key groups: of each one recipient, or `threshold` of them, must help."""

    format: Format
    leaves: tuple[Leaf, ...]
    groups: tuple[tuple[Recipient, ...], ...]
    threshold: int | None
    scope: Scope
    documents: int = 1
    version: str | None = None
    last_modified: str | None = None

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Everybody, whatever the groups."""
        return tuple(dict.fromkeys(each for group in self.groups for each in group))

    def at(self, path: Path) -> Leaf | None:
        """The value at exactly this path."""
        return next((leaf for leaf in self.leaves if leaf.path == path), None)

    def below(self, path: Path) -> tuple[Leaf, ...]:
        """The values at and under a path."""
        return tuple(leaf for leaf in self.leaves if leaf.path[: len(path)] == path)


@lru_cache(maxsize=4)  # a save looks at the same two versions from several sides
def read_document(content: bytes, name: str) -> Document:
    """What `name` holds. Raises `SecretsError` with what is wrong with it; decrypts nothing."""
    if len(content) > MAX_FILE:
        raise SecretsError(Trouble.TOO_LARGE, f"{name}: larger than {MAX_FILE // 2**20} MiB", "secrets are small")
    if not content.strip():
        raise SecretsError(Trouble.EMPTY, f"{name}: the file is empty", "restore it from git, or encrypt it again")
    if _CONFLICT.search(content):
        raise SecretsError(Trouble.CONFLICT, f"{name}: the file has git's conflict markers", "merge it first")
    written = Format.of(name)
    try:
        leaves, metadata, documents = _parsed(written, content.decode())
        return _document(written, leaves, metadata, documents, name)
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise SecretsError(Trouble.SYNTAX, f"{name}: the file is not valid {written}", "restore it from git") from error


def _document(written: Format, leaves: list[Leaf], metadata: Any, documents: int, name: str) -> Document:
    if not isinstance(metadata, dict) or not metadata.get("version") or "lastmodified" not in metadata:
        raise SecretsError(Trouble.NOT_ENCRYPTED, f"{name}: the file is not encrypted", "encrypt it with sops first")
    if not metadata.get("mac"):
        raise SecretsError(
            Trouble.MAC_MISSING, f"{name}: the file has no MAC, so nobody can tell whether it was changed",
            "restore the file from git, or repair it with sops by hand",
        )  # fmt: skip
    fields = {field: metadata[field] for field in Scope.__struct_fields__ if metadata.get(field)}
    fields["mac_only_encrypted"] = str(fields.get("mac_only_encrypted", "")).lower() == "true"
    threshold = str(metadata.get("shamir_threshold") or 0)
    return Document(
        format=written,
        leaves=tuple(leaves),
        groups=of_metadata(metadata),
        threshold=int(threshold) or None,
        scope=Scope(**fields),
        documents=documents,
        version=str(metadata["version"]),
        last_modified=str(metadata["lastmodified"]),
    )


def _parsed(written: Format, text: str) -> tuple[list[Leaf], Any, int]:
    match written:
        case Format.YAML:
            found, metadata, documents = yaml_leaves(text, MAX_LEAVES)
            return [_leaf(path, clear) for path, clear in found], metadata, documents
        case Format.INI:
            return _ini(text)
        case Format.DOTENV:
            return _dotenv(text)
        case _:
            tree = json.loads(text)
            metadata = tree.pop("sops", None)
            return [_leaf(path, clear) for path, clear in _json_leaves(tree, ())], metadata, 1


def _leaf(path: Path, clear: Clear) -> Leaf:
    found = ENCRYPTED.fullmatch(clear.text) if clear.kind == "str" else None
    return Leaf(path, clear.text, found[2] if found else clear.kind, found is not None)


def _json_leaves(tree: Any, path: Path) -> Iterator[tuple[Path, Clear]]:
    match tree:
        case dict():
            for name, below in tree.items():
                yield from _json_leaves(below, (*path, name))
        case list():
            for index, below in enumerate(tree):
                yield from _json_leaves(below, (*path, index))
        case None:
            yield path, Clear("", "null")
        case str():
            yield path, Clear(tree, "str")
        case _:
            yield path, Clear(json.dumps(tree), type(tree).__name__)


def _ini(text: str) -> tuple[list[Leaf], Any, int]:
    """Sections of `key = value`; comments begin with `;` or `#`. Keys above any section belong to `DEFAULT`."""
    leaves, flat, section = list[Leaf](), dict[str, str](), "DEFAULT"
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        name, equals, value = (each.strip() for each in line.partition("="))
        if not equals or line.startswith((";", "#")):
            continue
        if section == "sops":
            flat[name] = value
        else:
            leaves.append(_leaf((section, _unquoted(name)), Clear(_unquoted(value), "str")))
    return leaves, unflattened(flat), 1


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "`\"'" else text


def _dotenv(text: str) -> tuple[list[Leaf], Any, int]:
    leaves, flat = list[Leaf](), dict[str, str]()
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals or line.startswith("#"):
            continue
        if name.startswith("sops_"):
            flat[name.removeprefix("sops_")] = value
        else:
            leaves.append(_leaf((name,), Clear(value, "str")))
    return leaves, unflattened(flat), 1


def unflattened(flat: Mapping[str, str]) -> dict[str, Any]:
    """`age__list_0__map_recipient` as the tree it stands for; lists are dictionaries by index first."""
    root: dict[str, Any] = {}
    for name, value in flat.items():
        first, *rest = _LIST_OR_MAP.split(name)
        node, key = root, first
        for part in rest[1::2]:
            node = node.setdefault(key, {})
            key = part
        node[key] = value.replace("\\n", "\n")
    return {name: _listed(below) for name, below in root.items()}


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    below = {name: _listed(each) for name, each in tree.items()}
    return list(below.values()) if below and all(name.isdecimal() for name in below) else below
