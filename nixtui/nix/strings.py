"""Values written as Nix reads them."""


def nix_string(text: str) -> str:
    """`text` as a Nix string literal, also as one name of an attribute path: nothing in it is evaluated.

    `nix` takes the quoted names of an installable's attribute path by the same rules since 2.4.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def nix_strings(texts: tuple[str, ...]) -> str:
    """A Nix list of strings."""
    return f"[ {' '.join(map(nix_string, texts))} ]"
