"""Who can read: recipients of sops and age, and how an SSH host key becomes one."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

_P: Final = 2**255 - 19
_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_POLYNOMIAL: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Recipient(msgspec.Struct, frozen=True, order=True):
    """`kind` is sops' word: `age`, `pgp`, `kms`, `gcp_kms`, `azure_kv`, `hc_vault`. `identity` is the public key or
    the address of the key; of KMS with its role and encryption context, since another context is another lock.
    """

    kind: str
    identity: str

    @property
    def is_person_or_host(self) -> bool:
        """A key that somebody holds, as opposed to one of a cloud."""
        return self.kind in ("age", "pgp")


def age_recipient(text: str) -> Recipient:
    """An age or SSH public key; an SSH key's comment is no part of it."""
    words = text.split()
    return Recipient("age", " ".join(words[:2]) if text.lstrip().startswith("ssh-") else text.strip())


def of_metadata(metadata: Mapping[str, Any]) -> tuple[tuple[Recipient, ...], ...]:
    """The key groups of a file's `sops` block."""
    if groups := metadata.get("key_groups"):
        return tuple(tuple(_of_group(group)) for group in groups)
    return (tuple(_of_group(metadata)),)


def _of_group(group: Mapping[str, Any]) -> Iterable[Recipient]:
    for each in group.get("kms") or ():
        yield kms(each.get("arn", ""), each.get("role"), each.get("context"))
    for each in group.get("gcp_kms") or ():
        yield Recipient("gcp_kms", str(each.get("resource_id", "")))
    for each in group.get("azure_kv") or ():
        yield Recipient("azure_kv", "/".join(str(each.get(part, "")) for part in ("vault_url", "name", "version")))
    for each in group.get("hc_vault") or ():
        parts = (str(each.get(part, "")) for part in ("vault_address", "engine_path", "key_name"))
        yield Recipient("hc_vault", "/".join(parts))
    for each in group.get("age") or ():
        yield age_recipient(str(each.get("recipient", "")))
    for each in group.get("pgp") or ():
        yield Recipient("pgp", str(each.get("fp", "")))


def kms(arn: str, role: str | None, context: Mapping[str, str] | None) -> Recipient:
    """A KMS key with everything that decides whether it opens; the AWS profile is only a way to it."""
    shown = "".join(f"|{name}:{value}" for name, value in sorted((context or {}).items()))
    return Recipient("kms", arn + (f"+{role}" if role else "") + shown)


def ssh_to_age(public: str) -> str | None:
    """The age recipient that sops-nix makes of an ed25519 host key; `None` for other keys.

    u = (1 + y) / (1 - y) modulo 2^255 - 19 (RFC 7748, section 4.1), in Bech32 as age has it; so does ssh-to-age.
    """
    words = public.split()
    if len(words) < 2 or words[0] != "ssh-ed25519":
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        return None
    if len(blob) != 51 or not blob.startswith(b"\0\0\0\x0bssh-ed25519\0\0\0\x20"):
        return None
    y = int.from_bytes(blob[19:], "little") & (2**255 - 1)
    if y == 1:
        return None
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    return bech32("age", u.to_bytes(32, "little"))


def bech32(prefix: str, payload: bytes) -> str:
    """Bytes as age writes keys: BIP 173, without its limit of 90 characters."""
    bits = int.from_bytes(payload, "big") << (-len(payload) * 8 % 5)
    count = -(-len(payload) * 8 // 5)
    values = [bits >> 5 * (count - 1 - place) & 31 for place in range(count)]
    expanded = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = 1
    for value in (*expanded, *values, 0, 0, 0, 0, 0, 0):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(_POLYNOMIAL):
            check ^= term if top >> place & 1 else 0
    check ^= 1
    return prefix + "1" + "".join(_ALPHABET[each] for each in (*values, *(check >> 5 * (5 - n) & 31 for n in range(6))))
