"""A private key file: read once, opened with its passphrase when somebody has it."""

import asyncio
import base64
import binascii
import re
import struct
from pathlib import Path
from typing import Final

import asyncssh

from nixtui.remote.prompter import Secret

_OPENSSH_MAGIC: Final = b"openssh-key-v1\0"
_OPENSSH_PEM: Final = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----(.+?)-----END OPENSSH PRIVATE KEY-----", re.DOTALL
)
_ENCRYPTED_PEM: Final = re.compile(rb"BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)


class KeyFile:
    """One identity file with its certificates. `problem` says why it cannot be used, if it cannot."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self.exists = False
        self._data = b""
        self._key: asyncssh.SSHKey | None = None
        self._public: asyncssh.SSHKey | None = None
        self._certificates: list[asyncssh.SSHCertificate] = []

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Blocking, and slow for RSA (its key is checked): call it in a thread."""
        file = cls(path)
        try:
            file._data = path.read_bytes()
        except OSError as error:
            file.problem = f"{path}: {error.strerror}"
            return file
        file.exists = True
        file._public = _public_half(path, file._data)
        file._certificates = _certificates(path.with_name(path.name + "-cert.pub"))
        if not _is_encrypted(file._data):
            try:
                file._key = asyncssh.import_private_key(file._data)
            except asyncssh.KeyImportError as error:
                file.problem = f"{path} cannot be used: {error}"
        return file

    @property
    def is_locked(self) -> bool:
        """Encrypted, and nobody gave the passphrase yet."""
        return self._key is None and self.problem is None

    @property
    def public_blob(self) -> bytes | None:
        """The public key as it goes over the wire; known of most encrypted keys too."""
        public = self._key or self._public
        return None if public is None else public.public_data

    def add_certificates(self, path: Path) -> None:
        """Use the certificates of another file (CertificateFile) where they fit this key."""
        self._certificates += _certificates(path)

    def key_pairs(self) -> list[asyncssh.SSHKeyPair]:
        """What to offer to one host, certificates first; new objects each time, as they remember a host's wishes."""
        pairs: list[asyncssh.SSHKeyPair] = []
        for certificate in (*self._fitting_certificates(), None):
            if self._key is not None:
                pairs += asyncssh.load_keypairs([self._key])[:1]
            elif self._public is not None and self.problem is None:
                pairs.append(LockedKeyPair(self, self._public))
            if pairs and certificate is not None:
                pairs[-1].set_certificate(certificate)
        return pairs

    async def unlock(self, passphrase: Secret) -> bool:
        """Try a passphrase; the key derivation is slow by design and runs in a thread."""
        return await asyncio.to_thread(self._decrypt, passphrase.value)

    def _fitting_certificates(self) -> list[asyncssh.SSHCertificate]:
        return [certificate for certificate in self._certificates if certificate.key.public_data == self.public_blob]

    def _decrypt(self, passphrase: str) -> bool:
        try:
            self._key = asyncssh.import_private_key(self._data, passphrase)
        except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError):
            return False  # asyncssh has no type of its own for a wrong passphrase
        return True


class LockedKeyPair(asyncssh.SSHKeyPair):
    """The public half of an encrypted key: asks whether the host would take it before the operator is bothered."""

    def __init__(self, file: KeyFile, public: asyncssh.SSHKey) -> None:
        super().__init__(
            public.algorithm,
            public.algorithm,
            public.sig_algorithms,
            public.sig_algorithms,
            public.public_data,
            None,
        )
        self.file = file
        self.is_wanted = False

    async def sign_async(self, _data: bytes) -> bytes:
        """The host takes this key, but we cannot sign yet: asyncssh goes on to the next one."""
        self.is_wanted = True
        raise ValueError(f"{self.file.path} is encrypted")


def _public_half(path: Path, data: bytes) -> asyncssh.SSHKey | None:
    """From OpenSSH's container, which leaves that half in the clear, else from the `.pub` file beside it."""
    container = _openssh_container(data)
    try:
        if container is None:
            return asyncssh.read_public_key(path.with_name(path.name + ".pub"))
        *_, rest = _strings(container, 3)
        blob = _strings(rest[4:], 1)[0]
        kind = _strings(blob, 1)[0]
        return asyncssh.import_public_key(kind + b" " + base64.b64encode(blob))
    except (OSError, struct.error, asyncssh.KeyImportError):
        return None


def _is_encrypted(data: bytes) -> bool:
    container = _openssh_container(data)
    if container is not None:
        return not container.startswith(b"\0\0\0\x04none")
    return _ENCRYPTED_PEM.search(data) is not None


def _openssh_container(data: bytes) -> bytes | None:
    """What follows the magic: cipher, key derivation, its options, number of keys, public key, the encrypted rest."""
    found = _OPENSSH_PEM.search(data)
    if found is None:
        return None
    try:
        decoded = base64.b64decode(found[1])
    except binascii.Error:
        return None
    return decoded.removeprefix(_OPENSSH_MAGIC) if decoded.startswith(_OPENSSH_MAGIC) else None


def _strings(data: bytes, count: int) -> list[bytes]:
    """The first `count` length-prefixed strings, then what is left."""
    result = []
    for _ in range(count):
        (length,) = struct.unpack_from(">I", data)
        result.append(data[4 : 4 + length])
        data = data[4 + length :]
    return [*result, data]


def _certificates(path: Path) -> list[asyncssh.SSHCertificate]:
    try:
        return list(asyncssh.read_certificate_list(path))
    except (OSError, ValueError):
        return []
