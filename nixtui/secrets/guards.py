"""What is checked before a change: traps of sops that succeed today and hurt when the host activates."""

import json
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from nixtui.secrets.document import Document, Format, Path
from nixtui.secrets.edit import Edit, Put
from nixtui.secrets.key_path import shown_path

LARGEST_INTEGER: Final = 2**53


class Objection(NamedTuple):
    """`code` is what `--allow` takes; without one nothing can allow it."""

    code: str | None
    reason: str
    remedy: str


def objections(document: Document, edits: Sequence[Edit]) -> list[Objection]:
    """Everything that speaks against these edits; pure, needs no key."""
    found = [objection for edit in edits for objection in _of_edit(document, edit)]
    if document.documents > 1:
        found.append(
            Objection(None, f"the file has {document.documents} YAML documents, and sops edits only the first",
                      "split it into files")
        )  # fmt: skip
    return found


def _of_edit(document: Document, edit: Edit) -> list[Objection]:
    path, shown = edit.path, shown_path(edit.path)
    return [
        each
        for each in (
            _reserved(document, path),
            _unreachable(path, shown),
            _container(document, path),
            _too_deep(document, path, shown),
            *(_value(document, edit, shown) if isinstance(edit, Put) else ()),
        )
        if each is not None
    ]


def _reserved(document: Document, path: Path) -> Objection | None:
    first = str(path[0])
    if first == "sops" or (document.format is Format.DOTENV and first.startswith("sops_")):
        return Objection(None, f"the key {first} is where sops keeps its own block; the file would be lost",
                         "choose another name")  # fmt: skip
    return None


def _unreachable(path: Path, shown: str) -> Objection | None:
    if any(isinstance(each, str) and "[" in each for each in path):
        return Objection(None, f"sops cannot address a key with [ in it: {shown}", "rename it with sops edit")
    if any(isinstance(each, str) and ('"' in each and "'" in each) for each in path):
        return Objection(None, f"sops cannot address a key with both kinds of quotes: {shown}", "choose another name")
    return None


def _container(document: Document, path: Path) -> Objection | None:
    """sops replaces a value on the way by a map, without a word, and crashes on a name where a list is."""
    for length in range(1, len(path)):
        above, part = path[:length], path[length]
        if document.at(above) is not None:
            return Objection(None, f"{shown_path(above)} is a value and has no keys; sops would replace it",
                             "choose another key, or unset that one first")  # fmt: skip
        below = document.below(above)
        if below and isinstance(below[0].path[length], int) != isinstance(part, int):
            what = "a list, whose places are numbers" if isinstance(part, str) else "a map, which has names"
            return Objection(None, f"{shown_path(above)} is {what}", "nixtui secrets list FILE shows the keys")
        places = {each.path[length] for each in below}
        if isinstance(part, int) and part > len(places):
            return Objection(None, f"{shown_path(above)} has {len(places)} places", f"the next is {len(places)}")
    return None


def _too_deep(document: Document, path: Path, shown: str) -> Objection | None:
    deepest = {Format.DOTENV: 1, Format.INI: 2, Format.BINARY: 1}.get(document.format)
    if deepest is not None and len(path) != deepest:
        want = "NAME" if deepest == 1 else "SECTION/NAME"
        return Objection(None, f"a {document.format} file has no key {shown}", f"its keys are {want}")
    return None


def _value(document: Document, edit: Put, shown: str) -> list[Objection]:
    found = []
    if len(document.below(edit.path)) > 1 or any(leaf.path != edit.path for leaf in document.below(edit.path)):
        found.append(Objection("replace", f"{shown} is a map or list, and all of it would be replaced",
                               "name a key in it, or --allow replace"))  # fmt: skip
    if not edit.value.is_text:
        found.append(Objection(None, f"the value of {shown} is not UTF-8, and sops would change it",
                               "encode it as base64, or encrypt it as a file of its own"))  # fmt: skip
    if document.format not in (Format.BINARY, Format.DOTENV, Format.INI) and any("/" in str(e) for e in edit.path):
        found.append(Objection("slash", f"sops-nix cannot reach a key with / in it: {shown}", "choose another name"))
    if not document.scope.encrypts(edit.path) and document.format is not Format.BINARY:
        found.append(Objection("plaintext", f"by the file's rules {shown} would be stored in plaintext",
                               "choose a name that the rules encrypt, or --allow plaintext"))  # fmt: skip
    if edit.typed:
        found.extend(_typed(edit, shown))
    return found


def _typed(edit: Put, shown: str) -> list[Objection]:
    try:
        kind = type(json.loads(edit.value.reveal()))
    except ValueError:
        return [Objection(None, f"the value of {shown} is not valid JSON", "leave --typed away to store it as text")]
    if kind is str:
        return []
    if re.match(r"\s*\[\s*[\[\]]", edit.value.text()):  # its `set` takes lists place by place, see `one_by_one`
        what = "to a list that is empty or begins with another"
        return [Objection(None, f"sops cannot set {shown} {what}", "set a map that has it, or sops edit")]
    found = [Objection("type", f"sops-nix refuses {shown} when the host activates: it is no string",
                       "leave --typed away, or --allow type")]  # fmt: skip
    if any(abs(int(each)) > LARGEST_INTEGER for each in re.findall(r"\d{16,400}", edit.value.text())):
        found.append(Objection(None, f"{shown} has an integer above 2^53, which sops would round", "store it as text"))
    return found
