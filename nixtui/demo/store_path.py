"""Store paths as Nix would name them; equal names and reasons give equal paths."""

from base64 import b32encode
from hashlib import sha256

_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdfghijklmnpqrsvwxyz")


def store_path(name: str, *because: str) -> str:
    """`/nix/store/HASH-NAME`; `because` stands for everything else that Nix would hash."""
    digest = sha256("\0".join((name, *because)).encode()).digest()[:20]
    return f"/nix/store/{b32encode(digest).translate(_ALPHABET).decode()}-{name}"
