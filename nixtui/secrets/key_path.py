"""KEY on the command line, as sops-nix writes it: `db/password`, `hosts/0/token`."""

from nixtui.secrets.document import Document, Format, Path
from nixtui.secrets.errors import SecretsError, Trouble


def shown_path(path: Path) -> str:
    """A path as people write it."""
    return "/".join(str(each) for each in path)


def key_path(text: str, document: Document) -> Path:
    """The path that KEY means in this document: a number is an index where a list is, and a name elsewhere.

    Raises `SecretsError` for an empty key; a file that is one value (binary) has only `data`.
    """
    if document.format is Format.BINARY:
        return ("data",)
    names = text.split("/")
    if not all(names):
        raise SecretsError(Trouble.BAD_KEY, f"{text!r} is no key", "write it like db/password or hosts/0/token")
    path: Path = ()
    for name in names:
        path = (*path, int(name) if name.isdecimal() and _is_list(document, path) else name)
    return path


def _is_list(document: Document, path: Path) -> bool:
    return any(len(leaf.path) > len(path) and isinstance(leaf.path[len(path)], int) for leaf in document.below(path))


def sops_path(path: Path) -> str:
    """A path as `sops set` takes it. There are no escapes: sops strips the first and the last sign of each part."""
    return "".join(f"[{each}]" if isinstance(each, int) else f"[{_quoted(each)}]" for each in path)


def _quoted(name: str) -> str:
    return f"'{name}'" if '"' in name else f'"{name}"'
