"""Store paths as Nix would name them; equal names and reasons give equal paths."""

from hashlib import sha256

_DIGITS = "0123456789abcdfghijklmnpqrsvwxyz"


def store_path(name: str, *because: str) -> str:
    """`/nix/store/HASH-NAME`; `because` stands for everything else that Nix would hash."""
    number = int.from_bytes(sha256("\0".join((name, *because)).encode()).digest()[:20])
    return f"/nix/store/{''.join(_DIGITS[number >> 5 * place & 31] for place in range(32))}-{name}"
