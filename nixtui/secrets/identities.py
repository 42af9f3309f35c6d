"""The keys of the person here: which recipients they are, and how sops is handed them."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.secret import Secret

_MAX_KEY_FILE = 2**20


class Identities(NamedTuple):
    """`age` has the text of age key files (`None`: none found); `recipients` the public halves, SSH keys included;
    `ssh_files` are private SSH keys; `problems` why a named source is of no use.
    """

    age: Secret | None
    recipients: frozenset[str]
    ssh_files: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()


async def load_identities(environ: Mapping[str, str]) -> Identities:
    """All that sops would find by itself, in its order (`age/keysource.go`), read once."""
    return await asyncio.to_thread(_load, environ)


def age_key_file(environ: Mapping[str, str]) -> Path | None:
    """The file that sops reads when nothing else is named; whether it exists is another question."""
    if base := environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "sops" / "age" / "keys.txt"
    home = environ.get("HOME")
    return Path(home) / ".config" / "sops" / "age" / "keys.txt" if home else None


def _load(environ: Mapping[str, str]) -> Identities:
    texts, problems = list[bytes](), list[str]()
    if inline := environ.get("SOPS_AGE_KEY"):
        texts.append(inline.encode())
    if named := environ.get("SOPS_AGE_KEY_FILE"):
        try:
            texts.append(_read(Path(named)))
        except OSError as error:
            problems.append(f"SOPS_AGE_KEY_FILE: {named}: {error.strerror}")
    if (default := age_key_file(environ)) is not None and default.is_file():
        try:
            texts.append(_read(default))
        except OSError as error:
            problems.append(f"{default}: {error.strerror}")
    ssh_files = tuple(_ssh_files(environ))
    recipients = {line for text in texts for line in _public_halves(text, problems)}
    recipients.update(filter(None, map(_ssh_recipient, ssh_files)))
    return Identities(
        Secret(b"\n".join(texts) + b"\n") if texts else None, frozenset(recipients), ssh_files, tuple(problems)
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_KEY_FILE)


def _public_halves(text: bytes, problems: list[str]) -> list[str]:
    import pyrage

    found = []
    for line in text.decode(errors="replace").splitlines():
        if not line.strip().upper().startswith("AGE-SECRET-KEY-1"):
            continue
        try:
            found.append(str(pyrage.x25519.Identity.from_str(line.strip()).to_public()))
        except pyrage.IdentityError:
            problems.append("a line of the age keys is damaged")
    return found


def _ssh_files(environ: Mapping[str, str]) -> list[Path]:
    named = [Path(environ["SOPS_AGE_SSH_PRIVATE_KEY_FILE"])] if environ.get("SOPS_AGE_SSH_PRIVATE_KEY_FILE") else []
    home = environ.get("HOME")
    usual = [Path(home) / ".ssh" / name for name in ("id_ed25519", "id_rsa")] if home else []
    return [path for path in (*named, *usual) if path.is_file()]


def _ssh_recipient(private: Path) -> str | None:
    """`TYPE BLOB` of the public half beside it; the comment is no part of a recipient."""
    try:
        words = private.with_name(private.name + ".pub").read_text(errors="replace").split()
    except OSError:
        return None
    return " ".join(words[:2]) if len(words) >= 2 else None


def pyrage_identities(mine: Identities) -> list[object]:
    """The same keys for age files. `SecretsError` where there is none; SSH keys with a passphrase are skipped."""
    import pyrage

    found: list[object] = []
    for line in (mine.age.text() if mine.age else "").splitlines():
        if line.strip().upper().startswith("AGE-SECRET-KEY-1"):
            found.append(pyrage.x25519.Identity.from_str(line.strip()))
    for path in mine.ssh_files:
        try:
            found.append(pyrage.ssh.Identity.from_buffer(_read(path)))
        except (OSError, pyrage.IdentityError):
            continue
    if not found:
        raise SecretsError(
            Trouble.NO_IDENTITY, "no key that opens age files was found", "an unencrypted ~/.ssh/id_ed25519 or age key"
        )
    return found


def as_memfd(name: str, content: bytes) -> int:
    """A file in memory that a child opens as `/dev/fd/N`, as often as it likes; a pipe would be empty the second time.

    sops reads its key file once for each recipient (seen with 3.11.0).
    """
    fd = os.memfd_create(name)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    return fd
