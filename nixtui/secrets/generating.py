"""New secrets: passwords, keys, and hashes of passwords as NixOS wants them in `hashedPasswordFile`.

Nothing of them is on a command line or a disk: keys are made in this process, and hashes by a program that reads the
password from a pipe.
"""

import asyncio
import os
import secrets
import shutil
import string
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.secret import Secret

LENGTH: Final = 32
"""Signs of a password and bytes of a hexadecimal key, unless said otherwise: 190 and 256 bits."""

LONGEST: Final = 1024
SHORTEST: Final = 8

_SIGNS: Final = string.ascii_letters + string.digits
_TIME_LIMIT_S: Final = 20.0
_BCRYPT_TAKES: Final = 72
_BCRYPT_ROUNDS: Final = 12


class Made(StrEnum):
    """What can be generated."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    HEX = "hex"
    SSH_KEY = "ssh-key"
    AGE_KEY = "age-key"
    HASHED_PASSWORD = "hashed-password"  # noqa: S105 - the name of a kind


class Generated(msgspec.Struct, frozen=True):
    """A new value, and what everybody may know of it: a public key, or by which method a password was hashed."""

    value: Secret
    public: str | None = None


async def generate(kind: Made, *, length: int = LENGTH, comment: str = "nixtui") -> Generated:
    """A new value. `length` is signs of a password and bytes of a hexadecimal key; `comment` goes into an SSH key.

    Raises `SecretsError` for a length out of bounds, and for a hashed password, which is made by `hash_password`.
    """
    if not SHORTEST <= length <= LONGEST:
        raise SecretsError(
            Trouble.BAD_VALUE, f"a length of {length} is not possible", f"it is {SHORTEST} to {LONGEST}, usually 32"
        )
    match kind:
        case Made.PASSWORD:
            return Generated(Secret("".join(secrets.choice(_SIGNS) for _ in range(length))))
        case Made.HEX:
            return Generated(Secret(secrets.token_hex(length)))
        case Made.SSH_KEY:
            return await asyncio.to_thread(_ssh_key, comment)
        case Made.AGE_KEY:
            return _age_key()
        case Made.HASHED_PASSWORD:
            raise SecretsError(Trouble.BAD_VALUE, "a hash is made of a password", "give the password")


def _ssh_key(comment: str) -> Generated:
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    return Generated(Secret(key.export_private_key()), key.export_public_key().decode().strip())


def _age_key() -> Generated:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    return Generated(Secret(f"# public key: {public}\n{identity}\n"), public)


async def hash_password(password: Secret, environ: Mapping[str, str]) -> Generated:
    """The password as `users.users.<name>.hashedPasswordFile` has it; `public` is the method.

    `mkpasswd` makes yescrypt, `openssl` sha512crypt, and where neither is here bcrypt is made in this process; NixOS
    takes all three (nixpkgs: libxcrypt, enabledCryptSchemeIdsForStrongHashes). Raises `SecretsError`.
    """
    if not password or any(sign in password.reveal() for sign in b"\0\r\n"):
        raise SecretsError(Trouble.BAD_VALUE, "a password is one line that is not empty", "give another one")
    path = environ.get("PATH", os.defpath)
    for program, words, method, mark in (
        ("mkpasswd", ("--method=yescrypt", "--stdin"), "yescrypt", b"$y$"),
        ("openssl", ("passwd", "-6", "-stdin"), "sha512crypt", b"$6$"),
    ):
        if (found := shutil.which(program, path=path)) is not None:
            hashed = await _through(found, words, password, path)
            if hashed.reveal().startswith(mark):
                return Generated(hashed, method)
    return await asyncio.to_thread(_bcrypt, password)


def _bcrypt(password: Secret) -> Generated:
    import bcrypt

    if password.is_longer_than(_BCRYPT_TAKES):
        raise SecretsError(
            Trouble.BAD_VALUE, f"bcrypt takes passwords of {_BCRYPT_TAKES} bytes at most",
            "install mkpasswd or openssl, or take a shorter one",
        )  # fmt: skip
    return Generated(Secret(bcrypt.hashpw(password.reveal(), bcrypt.gensalt(_BCRYPT_ROUNDS))), "bcrypt")


async def _through(program: str, words: tuple[str, ...], password: Secret, path: str) -> Secret:
    """What the program prints for a password on its standard input; empty where it fails, as old ones do."""
    process = await asyncio.create_subprocess_exec(
        program, *words, env={"PATH": path, "LC_ALL": "C.UTF-8"}, start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_TIME_LIMIT_S):
            answer, _ = await process.communicate(password.reveal() + b"\n")
    except TimeoutError:
        return Secret(b"")
    finally:
        if process.returncode is None:
            process.kill()
    return Secret(answer.strip())
