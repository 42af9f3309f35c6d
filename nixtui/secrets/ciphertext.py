"""What a change may do to ciphertext: touch what was edited, and nothing else."""

import re
from collections.abc import Iterator
from typing import Final

from nixtui.secrets.document import ENCRYPTED, Document, Leaf, Path, read_document

_INDENTED: Final = re.compile(r"^( +)(?=\S)", re.MULTILINE)
_COMMENT: Final = "comment"


def indentation(text: str) -> bytes:
    """A `.sops.yaml` with nothing but the indentation of this text; with another sops would rewrite every line."""
    if text.lstrip().startswith("{"):
        found = re.search(r"^([ \t]+)\"", text, re.MULTILINE)
        width = -1 if found and found[1].startswith("\t") else len(found[1]) if found else 0
        return f"stores:\n  json:\n    indent: {width}\n  json_binary:\n    indent: {width}\n".encode()
    found = _INDENTED.search("\n".join(line for line in text.splitlines() if line.strip()))
    return f"stores:\n  yaml:\n    indent: {len(found[1]) if found else 4}\n".encode()


def restored(before: bytes, after: bytes, name: str, touched: Path) -> bytes:
    """`after` with the ciphertext of everything but `touched` as it was in `before`.

    sops remembers initialisation vectors by plaintext and place, so that equal values of one list get the same
    ciphertext as soon as anything is set: noise in the diff, and everybody sees that they are equal. Putting the old
    ciphertext back is sound, as the MAC is over plaintext and lists have no part in what is authenticated.
    """
    old, new = read_document(before, name), read_document(after, name)
    text_before, text_after = before.decode(), after.decode()
    replacements = _comments(text_before, text_after)
    spans = [found.span() for found in _tokens(text_after, comments=False)]
    encrypted = [leaf for leaf in new.leaves if leaf.encrypted]
    spans = spans[: len(encrypted)]
    if [text_after[start:end] for start, end in spans] != [leaf.stored for leaf in encrypted]:
        return after  # the values are not in the order of the file, as after the block of sops; nothing is improved
    place = {id(leaf): span for leaf, span in zip(encrypted, spans, strict=True)}
    for was, now in pairs(old, new, touched):
        if was.encrypted and now.encrypted and was.stored != now.stored:
            replacements.append((place[id(now)], was.stored))
    for (start, end), stored in sorted(replacements, reverse=True):
        text_after = text_after[:start] + stored + text_after[end:]
    return text_after.encode()


def pairs(old: Document, new: Document, touched: Path) -> list[tuple[Leaf, Leaf]]:
    """The values that are no part of the change, before and after; too few where one is missing."""
    grown = len(new.leaves) - len(old.leaves)
    gone = len(old.below(touched))
    kept = [leaf for leaf in old.leaves if leaf.path[: len(touched)] != touched]
    if grown == -gone and gone:  # taken away; what came after it in a list has its place now
        return list(zip(kept, new.leaves, strict=False))
    return list(zip(kept, (leaf for leaf in new.leaves if leaf.path[: len(touched)] != touched), strict=False))


def strayed(old: Document, new: Document, touched: Path) -> Path | None:
    """The first value outside the change that is not as it was; `None` when all are."""
    kept = [leaf for leaf in old.leaves if leaf.path[: len(touched)] != touched]
    both = pairs(old, new, touched)
    if len(both) < len(kept):
        return kept[len(both)].path
    return next((was.path for was, now in both if was.stored != now.stored or _named(was) != _named(now)), None)


def _named(leaf: Leaf) -> list[str]:
    return [each for each in leaf.path if isinstance(each, str)]


def _comments(before: str, after: str) -> list[tuple[tuple[int, int], str]]:
    was = [found[0] for found in _tokens(before, comments=True)]
    now = list(_tokens(after, comments=True))
    if len(was) != len(now):
        return []
    return [(found.span(), stored) for found, stored in zip(now, was, strict=True) if found[0] != stored]


def _tokens(text: str, *, comments: bool) -> Iterator[re.Match[str]]:
    return (found for found in ENCRYPTED.finditer(text) if (found[2] == _COMMENT) is comments)
