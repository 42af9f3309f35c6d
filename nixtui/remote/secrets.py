"""What a host has of the secrets that it should have: presence, owner, mode, and equality without the value."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Final

import msgspec

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Script, Transport, load_script

TIMEOUT_S: Final = 60.0
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_MAX_WORD: Final = 200


class HostSecret(msgspec.Struct, frozen=True):
    """A file on a host. `mode` is octal digits; `owner` and `group` are names, `uid` and `gid` their numbers in
    digits; `mark` is the keyed hash of its content, `None` where it was not asked.
    """

    mode: str
    owner: str
    group: str
    uid: str
    gid: str
    mark: str | None


class HostSecrets(msgspec.Struct, frozen=True):
    """What a host said: files by path, `None` for one that is missing; the generation of `sops` and of `agenix`; and
    the public halves of its SSH keys.
    """

    files: Mapping[str, HostSecret | None]
    generations: Mapping[str, str]
    public_keys: tuple[str, ...]


def new_key() -> str:
    """A key for one run of comparing."""
    return secrets.token_hex(32)


def mark_of(key: str, value: bytes) -> str:
    """The keyed hash of a value, as `scripts/secrets.sh` makes it on the host."""
    inner = sha256(key.encode() + value).hexdigest()
    return sha256(f"{key}{inner}".encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two keyed hashes are of the same value."""
    return hmac.compare_digest(one, other)


@cache
def _script() -> Script:
    return load_script("secrets", "links")


async def look_at_secrets(
    transport: Transport, paths: Sequence[str], ssh_keys: Sequence[str] = (), *, key: str = "", elevated: bool = True
) -> HostSecrets:
    """Ask a host; with a `key` also for keyed hashes. `ssh_keys` are paths of private keys, whose public halves are
    read: for these alone nobody has to be root. Raises a `RemoteError`.
    """
    completed = await transport.run(_script(), key, *ssh_keys, "--", *paths, elevated=elevated, timeout=TIMEOUT_S)
    return parse_secrets(transport.host.name, completed, paths)


def parse_secrets(host: str, completed: Completed, paths: Sequence[str]) -> HostSecrets:
    """The answer of `scripts/secrets.sh`. Raises `BadAnswer` when it is not all of one."""
    found: list[HostSecret | None] = []
    generations, public, whole = dict[str, str](), list[str](), False
    for line in completed.stdout.splitlines():
        match line.split(" "):
            case ["file", mode, owner, group, uid, gid, mark] if mode.isdecimal():
                hashed = mark if _HASH.fullmatch(mark) else None
                who, whose = owner[:_MAX_WORD], group[:_MAX_WORD]
                found.append(HostSecret(mode[:4], who, whose, uid[:20], gid[:20], hashed))
            case ["missing"]:
                found.append(None)
            case ["generation", kind, number] if number.isdecimal():
                generations[kind] = number[:12]
            case ["public", *words] if len(words) > 1:
                public.append(" ".join(words[:2]))
            case ["end"]:
                whole = True
    if not whole or len(found) != len(paths):
        said = completed.stderr.strip().splitlines()
        why = f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"
        raise BadAnswer(host, f"could not say which secrets it has{why}")
    return HostSecrets(dict(zip(paths, found, strict=True)), generations, tuple(public))
