"""Values written as Nix reads them."""


def nix_string(text: str) -> str:
    """`text` as a Nix string literal, also as one name in an expression: nothing in it is evaluated."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def attribute_name(text: str) -> str:
    """`text` as one name in the attribute path of an installable, where a quoted name knows no escapes (seen with Nix
    2.34; nix: libexpr/attr-path.cc). One with a quote has no form there, nor with Nix 2.8 one with `{` or a backslash.
    """
    return nix_string(text) if '"' in text else f'"{text}"'


def nix_strings(texts: tuple[str, ...]) -> str:
    """A Nix list of strings."""
    return f"[ {' '.join(map(nix_string, texts))} ]"
