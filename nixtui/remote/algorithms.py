"""Which algorithms to propose in the handshake: quick ones first, or what ssh_config wants."""

from functools import cache
from typing import Final

from asyncssh.encryption import get_default_encryption_algs, get_encryption_algs
from asyncssh.kex import get_default_kex_algs, get_kex_algs
from asyncssh.mac import get_default_mac_algs, get_mac_algs

from nixtui.remote.ssh_config import Patterns

_QUICK_KEX: Final = "^curve25519-sha256"
_QUICK_CIPHER: Final = "^aes128-gcm@openssh.com"
"""0.3 ms and 0.1 ms of CPU less per connect than asyncssh's own first choices, which stay right behind them."""


@cache
def kex(wanted: str | None) -> list[str]:
    """Key exchange. Kerberos is left out: we have no ticket to use it with."""
    usable = [name.decode() for name in get_kex_algs() if not name.startswith(b"gss-")]
    defaults = [name.decode() for name in get_default_kex_algs() if not name.startswith(b"gss-")]
    return choose(wanted, usable, choose(_QUICK_KEX, usable, defaults))


@cache
def ciphers(wanted: str | None) -> list[str]:
    """Encryption."""
    usable = [name.decode() for name in get_encryption_algs()]
    defaults = [name.decode() for name in get_default_encryption_algs()]
    return choose(wanted, usable, choose(_QUICK_CIPHER, usable, defaults))


@cache
def macs(wanted: str | None) -> list[str]:
    """Integrity, for ciphers that do not bring their own."""
    usable = [name.decode() for name in get_mac_algs()]
    return choose(wanted, usable, [name.decode() for name in get_default_mac_algs()])


def choose(wanted: str | None, usable: list[str], defaults: list[str]) -> list[str]:
    """A list as ssh_config writes it: `a,b*` instead of the defaults, `+a` after, `^a` before, `-a` without.

    Names that we do not have are skipped, as it was written for ssh; if nothing is left, it is the defaults.
    """
    if not wanted:
        return defaults
    sign = wanted[0] if wanted[0] in "+-^" else ""
    parts = [Patterns.parse([word]) for word in wanted.removeprefix(sign).split(",")]
    named = [name for pattern in parts for name in usable if pattern.match(name)]
    match sign:
        case "+":
            chosen = defaults + named
        case "^":
            chosen = named + defaults
        case "-":
            chosen = [name for name in defaults if name not in named]
        case _:
            chosen = named
    return list(dict.fromkeys(chosen)) or defaults
