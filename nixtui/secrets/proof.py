"""Whether a host has the secrets that its configuration declares, with the values that the files have: the proof.

Values are decrypted here and compared by a keyed hash; neither side learns the other's.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from nixtui.remote.secrets import HostSecret, HostSecrets, look_at_secrets, mark_of, new_key, same
from nixtui.remote.transport import Transport
from nixtui.secrets.agenix import decrypt_age
from nixtui.secrets.declared import Declaration, Declared, content_of
from nixtui.secrets.document import Format
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.process import Runner
from nixtui.secrets.repository import Repository
from nixtui.secrets.secret import Secret
from nixtui.secrets.values import Units, units_of

_FORMATS: Final = {each.value: each for each in Format}


class Standing(StrEnum):
    """What became of a secret on its host."""

    PROVEN = "as declared"
    UNPROVEN = "present"
    MISSING = "missing on the host"
    DIFFERS = "another value"
    OWNER = "another owner"
    MODE = "another mode"
    NO_VALUE = "not in the file"

    @property
    def is_well(self) -> bool:
        """Nothing speaks against it; of an unproven one the value could not be compared."""
        return self in (Standing.PROVEN, Standing.UNPROVEN)


class Proof(msgspec.Struct, frozen=True):
    """One secret on one host. `detail` is one sentence where there is more to say than the standing."""

    secret: str
    path: str
    file: str
    standing: Standing
    detail: str | None = None


class Proofs(msgspec.Struct, frozen=True):
    """All of a host's secrets, in the order of their names, and the generations of its decrypted secrets."""

    proofs: tuple[Proof, ...]
    generations: Mapping[str, str]

    @property
    def wrong(self) -> tuple[Proof, ...]:
        """What is not as declared."""
        return tuple(each for each in self.proofs if not each.standing.is_well)

    def __str__(self) -> str:
        if self.wrong:
            return "; ".join(f"secret {each.secret}: {each.detail or each.standing.value}" for each in self.wrong)
        count, unproven = len(self.proofs), sum(each.standing is Standing.UNPROVEN for each in self.proofs)
        if unproven:
            there = "1 secret is there" if count == 1 else f"{count} secrets are there"
            return f"{there}; no value of {unproven} could be compared with your keys"
        return "1 secret proven" if count == 1 else f"{count} secrets proven"


async def prove(transport: Transport, declared: Declaration, repository: Repository | None, runner: Runner) -> Proofs:
    """Ask a host, and compare. Raises a `RemoteError`; what cannot be decrypted here is unproven."""
    key = new_key()
    paths = [each.path for each in declared.secrets]
    seen = await look_at_secrets(transport, paths, declared.ssh_keys, key=key)
    values = _Values(runner, repository)
    proofs = [await _prove(each, seen, values, key) for each in declared.secrets]
    return Proofs(tuple(sorted(proofs, key=lambda each: each.secret)), seen.generations)


class _Values:
    """What the files have, each decrypted once."""

    def __init__(self, runner: Runner, repository: Repository | None) -> None:
        self._runner, self._repository = runner, repository
        self._units: dict[str, Units] = {}

    async def of(self, secret: Declared) -> Secret | None:
        """The value that the host should have; `None` where the file has none. Raises `SecretsError`."""
        content = content_of(secret, self._repository)
        if content is None:
            return None
        name, written = Path(secret.file).name, _FORMATS.get(secret.format, Format.YAML)
        if secret.kind == "age":
            return await decrypt_age(self._runner.identities, content, name)
        if secret.is_whole:
            words = ["decrypt", "--input-type", written.value]
            words += [] if written is Format.BINARY else ["--output-type", written.value]
            return await self._runner.run(words, directory=Path("/"), file=name, stdin=Secret(content))
        digest = secret.digest or ""
        if digest not in self._units:
            typed = name if Format.of(name) is written else f"{name}.{written.value}"
            self._units[digest] = await units_of(self._runner, content, typed, directory=Path("/"))
        unit = self._units[digest].get(tuple(secret.key.split("/")))
        return unit.value if unit is not None and not unit.typed else None


async def _prove(secret: Declared, seen: HostSecrets, values: _Values, key: str) -> Proof:
    there = seen.files[secret.path]
    if there is None:
        return _proof(secret, Standing.MISSING, f"{secret.path} is not there")
    if (problem := _owned(secret, there)) is not None:
        return _proof(secret, *problem)
    try:
        value = await values.of(secret)
    except SecretsError as error:
        return _proof(secret, Standing.UNPROVEN, error.reason)
    if value is None:
        return _proof(secret, Standing.NO_VALUE, f"{Path(secret.file).name} has no {secret.key or 'value'}")
    if there.mark is None:
        return _proof(secret, Standing.UNPROVEN, "the host could not hash it")
    if same(there.mark, mark_of(key, value.reveal())):
        return _proof(secret, Standing.PROVEN, None)
    return _proof(secret, Standing.DIFFERS, f"{secret.path} has another value than {Path(secret.file).name}")


def _owned(secret: Declared, there: HostSecret) -> tuple[Standing, str] | None:
    if secret.mode is not None and secret.mode.lstrip("0") != there.mode.lstrip("0"):
        return Standing.MODE, f"{secret.path} has mode {there.mode}, declared is {secret.mode}"
    for wanted, has, number in ((secret.owner, there.owner, there.uid), (secret.group, there.group, there.gid)):
        if wanted is not None and wanted not in (has, number):
            return Standing.OWNER, f"{secret.path} belongs to {has}, declared is {wanted}"
    return None


def _proof(secret: Declared, standing: Standing, detail: str | None) -> Proof:
    return Proof(secret.name, secret.path, secret.file, standing, detail)
