"""agenix: `.age` files and the `secrets.nix` that says who may read them. Plaintext stays in memory.

An age file has no data key that one could keep: every change writes all of it, and every change of recipients needs
a key. Who can read one is told without a key by the tags of SSH recipients; native age recipients are anonymous.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from nixtui.nix.errors import NixError
from nixtui.nix.process import run_nix
from nixtui.secrets.editing import Change
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.identities import Identities, pyrage_identities
from nixtui.secrets.plain_rules import plain_rules
from nixtui.secrets.recipient import Recipient, age_recipient
from nixtui.secrets.safe_file import digest, hold, read_file
from nixtui.secrets.secret import Secret

NAME: Final = "secrets.nix"

_ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
_BINDING: Final = re.compile(r'([A-Za-z_][\w\'-]*)\s*=\s*"((?:ssh-(?:ed25519|rsa) |age1)[^"]{1,2000})"')
_TIME_LIMIT_S: Final = 30.0


class AgeRule(msgspec.Struct, frozen=True):
    """Who may read one `.age` file, and whether it is armored."""

    recipients: tuple[Recipient, ...]
    armor: bool


class AgeRules(msgspec.Struct, frozen=True):
    """A `secrets.nix`: rules by absolute path, and the names that its bindings give to keys."""

    path: Path
    rules: Mapping[Path, AgeRule]
    names: Mapping[str, str]


class Stanzas(msgspec.Struct, frozen=True):
    """The recipients in the header of an age file: tags of SSH keys, and how many native ones."""

    tags: frozenset[str]
    native: int

    def opens_for(self, recipient: Recipient) -> bool | None:
        """Whether the file is encrypted to this key; `None` for a native key where there is any native stanza."""
        tag = ssh_tag(recipient.identity)
        if tag is not None:
            return tag in self.tags
        return None if self.native else False


async def read_age_rules(path: Path, environ: Mapping[str, str]) -> AgeRules:
    """Read `secrets.nix`, which Nix evaluates (0.15 s) where it is no plain one. Raises `SecretsError`."""
    arguments = ("eval", "--json", "--file", str(path))
    text = read_file(path, path.name).decode(errors="replace")
    try:
        if (tree := plain_rules(text)) is None:
            answer = await run_nix(arguments, directory=path.parent, environ=environ, time_limit=_TIME_LIMIT_S)
            tree = msgspec.json.decode(answer)
        rules = {(path.parent / name).resolve(): _rule(each) for name, each in tree.items() if "publicKeys" in each}
    except NixError as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: {error.reason}", error.remedy, error.log) from error
    except (msgspec.DecodeError, AttributeError, TypeError, KeyError) as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: not a set of files with publicKeys") from error
    bindings = _BINDING.findall(text)
    return AgeRules(path, rules, {age_recipient(key).identity: name for name, key in bindings})


def _rule(written: Mapping[str, Any]) -> AgeRule:
    keys = tuple(dict.fromkeys(age_recipient(str(each)) for each in written["publicKeys"]))
    return AgeRule(keys, bool(written.get("armor")))


def read_stanzas(content: bytes, name: str) -> Stanzas:
    """The header, without a key. Raises `SecretsError`. Unknown kinds are there to keep readers honest ("grease")."""
    if content.lstrip().startswith(_ARMOR):
        try:
            content = base64.b64decode(b"".join(content.strip().splitlines()[1:-1]), validate=True)
        except binascii.Error as error:
            raise SecretsError(Trouble.SYNTAX, f"{name}: damaged armor", "restore it from git") from error
    if not content.startswith(b"age-encryption.org/v1\n"):
        raise SecretsError(Trouble.NOT_ENCRYPTED, f"{name}: the file is not encrypted", "encrypt it with age")
    tags, native = set(), 0
    for line in content[: 2**16].split(b"\n---", 1)[0].split(b"\n"):
        match line.decode(errors="replace").split():
            case ["->", "ssh-ed25519" | "ssh-rsa", tag, *_]:
                tags.add(tag)
            case ["->", "X25519", *_]:
                native += 1
    return Stanzas(frozenset(tags), native)


def ssh_tag(public: str) -> str | None:
    """What age writes to recognise an SSH key: the start of its hash."""
    words = public.split()
    if len(words) < 2 or not words[0].startswith("ssh-"):
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        return None
    return base64.b64encode(sha256(blob).digest()[:4]).decode().rstrip("=")


async def reveal_age(mine: Identities, path: Path, name: str) -> Secret:
    """What an age file holds. Raises `SecretsError`."""
    return await decrypt_age(mine, read_file(path, name), name)


async def decrypt_age(mine: Identities, content: bytes, name: str) -> Secret:
    """What a version of an age file holds. Raises `SecretsError`."""
    return await asyncio.to_thread(_decrypt, mine, content, name)


async def save_age(
    mine: Identities, path: Path, name: str, value: Secret | None, rule: AgeRule, *, seen: str | None = None
) -> Change:
    """Write another value, or with `None` the same one for the recipients of the rule. Raises `SecretsError`.

    The file must be there; what is written is decrypted before it takes the file's place, if one of our keys can.
    `seen` is the digest of what the change was made for.
    """
    async with hold(path, name) as held:
        if seen is not None and digest(held.original) != seen:
            raise SecretsError(
                Trouble.CHANGED, f"{name}: the file is not the one you looked at any more", "look at it again"
            )
        wanted = await asyncio.to_thread(_decrypt, mine, held.original, name) if value is None else value
        content = await asyncio.to_thread(_encrypt, wanted, rule, name)
        ours = any(each.identity in mine.recipients for each in rule.recipients)
        if ours and await asyncio.to_thread(_decrypt, mine, content, name) != wanted:
            raise SecretsError(Trouble.OTHER, f"{name}: what was written does not decrypt; nothing was changed")
        held.make_copy()
        held.write_copy(content)
        held.put(content)
        return Change(path, name, held.original, content)


async def encrypt_age(value: Secret, rule: AgeRule, name: str) -> bytes:
    """An age file with this value, for the recipients of a rule. Raises `SecretsError`."""
    return await asyncio.to_thread(_encrypt, value, rule, name)


def _decrypt(mine: Identities, content: bytes, name: str) -> Secret:
    import pyrage

    read_stanzas(content, name)
    try:
        return Secret(pyrage.decrypt(content, pyrage_identities(mine)))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise SecretsError(
                Trouble.WRONG_IDENTITY, f"{name}: none of your keys is a recipient of this file",
                "ask a recipient to add you to secrets.nix and to rekey",
            ) from None  # fmt: skip
        raise SecretsError(Trouble.CORRUPT, f"{name}: the file is damaged", "restore it from git") from None


def _encrypt(value: Secret, rule: AgeRule, name: str) -> bytes:
    import pyrage

    if not rule.recipients:
        raise SecretsError(Trouble.NO_RECIPIENT, f"{name}: nobody could read it", "name publicKeys in secrets.nix")
    try:
        recipients = [_pyrage_recipient(each.identity) for each in rule.recipients]
    except pyrage.RecipientError:
        raise SecretsError(
            Trouble.BAD_RECIPIENT,
            f"{name}: a key in secrets.nix is none",
            "age keys begin with age1, SSH keys with ssh-",
        ) from None
    return bytes(pyrage.encrypt(value.reveal(), recipients, armored=rule.armor))


def _pyrage_recipient(identity: str) -> Any:
    import pyrage

    kind: Any = pyrage.ssh if identity.startswith("ssh-") else pyrage.x25519
    return kind.Recipient.from_str(identity)


def age_drift(content: bytes, name: str, rule: AgeRule) -> tuple[Sequence[str], Sequence[str]]:
    """Keys that the rule has and the file has not, and the other way: tags, as a tag is all that is known of those."""
    stanzas = read_stanzas(content, name)
    tags = {ssh_tag(each.identity): each.identity for each in rule.recipients if ssh_tag(each.identity)}
    native = [each.identity for each in rule.recipients if ssh_tag(each.identity) is None]
    missing = [identity for tag, identity in tags.items() if tag not in stanzas.tags]
    extra = [f"ssh key with tag {tag}" for tag in sorted(stanzas.tags - set(tags))]
    if stanzas.native < len(native):
        missing.append(f"{len(native) - stanzas.native} of {', '.join(native)}")
    extra += ["an age key"] * max(0, stanzas.native - len(native))
    return missing, extra
