"""What a host's configuration declares: the secrets of sops-nix and of agenix, by evaluating it. Needs no key.

Options are those of sops-nix `modules/sops/default.nix` and agenix `modules/age.nix`.
"""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from nixtui.nix.errors import NixError
from nixtui.nix.flake import Flake
from nixtui.nix.strings import attribute_name
from nixtui.secrets.agenix import read_stanzas
from nixtui.secrets.document import Document, Format, read_document
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.recipient import age_recipient, ssh_to_age
from nixtui.secrets.repository import Repository, SecretFile
from nixtui.secrets.safe_file import read_file

_WHOLE: Final = frozenset({"binary", "dotenv", "ini"})
"""sops-nix gives the host these files as they are, whatever the key (pkgs/sops-install-secrets)."""

_QUESTION: Final = """c: let
  of = f: let there = f != null && builtins.pathExists f; in {
    file = if f == null then "" else builtins.unsafeDiscardStringContext (toString f);
    digest = if there then builtins.hashFile "sha256" f else null;
  };
  who = name: id: if name == null then (if id == null then null else toString id) else name;
  sops = n: s: of s.sopsFile // {
    kind = "sops"; name = s.name or n; path = s.path; key = s.key or n; format = s.format or "yaml";
    mode = s.mode or null; owner = who (s.owner or null) (s.uid or null); group = who (s.group or null) (s.gid or null);
    units = (s.restartUnits or [ ]) ++ (s.reloadUnits or [ ]);
  };
  age = n: s: of s.file // {
    kind = "age"; name = s.name or n; path = s.path; key = ""; format = "age";
    mode = s.mode or null; owner = s.owner or null; group = s.group or null; units = [ ];
  };
  each = f: set: builtins.attrValues (builtins.mapAttrs f set);
in {
  secrets = each sops (c.sops.secrets or { }) ++ each age (c.age.secrets or { });
  ssh_keys = map toString ((c.sops.age.sshKeyPaths or [ ]) ++ (if c ? age then c.age.identityPaths or [ ] else [ ]));
  key_file = let f = c.sops.age.keyFile or null; in if f == null then null else toString f;
}"""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A secret of a host. `path` is where it is there; `file` a store path here, with the hash of its content (`None`:
    there is no such file). `key` is `db/password`, or empty for a whole file. `units` restart or reload with it.
    """

    kind: str
    name: str
    path: str
    file: str
    digest: str | None
    key: str
    format: str
    mode: str | None = None
    owner: str | None = None
    group: str | None = None
    units: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the host gets all of the file."""
        return self.kind == "age" or not self.key or self.format in _WHOLE


class Declaration(msgspec.Struct, frozen=True):
    """All secrets of a host, and what it opens them with: private SSH keys and an age key file, as paths there."""

    secrets: tuple[Declared, ...]
    ssh_keys: tuple[str, ...] = ()
    key_file: str | None = None


class Lack(msgspec.Struct, frozen=True):
    """Why a secret would not arrive: found before anything is activated."""

    secret: str
    reason: str
    remedy: str | None


async def declaration(flake: Flake, name: str, *, output: str = "nixosConfigurations") -> Declaration:
    """What a host of the flake declares. Raises `SecretsError` with nix's words."""
    try:
        found: Declaration = await flake.ask(f"{output}.{attribute_name(name)}.config", _QUESTION, Declaration)
    except NixError as error:
        raise SecretsError(
            Trouble.BAD_RULES, f"the secrets of {name} cannot be evaluated: {error.reason}", error.remedy, error.log
        ) from error
    return found


def content_of(secret: Declared, repository: Repository | None) -> bytes | None:
    """The file that the host would get, byte for byte; `None` where it is not here."""
    candidates = [Path(secret.file)]
    if repository is not None:
        tail = secret.file.partition("-source/")[2]
        candidates += [each.path for each in repository.files if tail and each.name.endswith(tail)]
        candidates += [each.path for each in repository.files if each.path not in candidates]
    for path in candidates:
        try:
            content = read_file(path, path.name)
        except SecretsError:
            continue
        if secret.digest is not None and sha256(content).hexdigest() == secret.digest:
            return content
    return None


def files_of(declared: Declaration, repository: Repository) -> tuple[SecretFile, ...]:
    """The files of the repository that a host needs, by their content as the flake has it, or by their place in it."""
    digests = {each.digest for each in declared.secrets if each.digest is not None}
    tails = {each.file.partition("-source/")[2] for each in declared.secrets} - {""}
    found = []
    for file in repository.files:
        same_place = any(tail == file.name or tail.endswith(f"/{file.name}") for tail in tails)
        if same_place or sha256(read_file(file.path, file.name)).hexdigest() in digests:
            found.append(file)
    return tuple(found)


async def lacks(
    declared: Declaration, repository: Repository | None, host_keys: tuple[str, ...] | None
) -> tuple[Lack, ...]:
    """What would fail when the host activates: no such file, no such key, no text, or nothing that it can open.

    `host_keys` are the public halves of its `ssh_keys` as the host has them, `None` where it was not asked.
    """
    return await asyncio.to_thread(_lacks, declared, repository, host_keys)


def _lacks(declared: Declaration, repository: Repository | None, host_keys: tuple[str, ...] | None) -> tuple[Lack, ...]:
    found = []
    for secret in declared.secrets:
        try:
            problem = _problem(secret, declared, repository, host_keys)
        except SecretsError as error:
            problem = (error.reason, error.remedy)
        if problem is not None:
            found.append(Lack(secret.name, *problem))
    return tuple(found)


def _problem(
    secret: Declared, declared: Declaration, repository: Repository | None, host_keys: tuple[str, ...] | None
) -> tuple[str, str | None] | None:
    name = Path(secret.file).name or "its file"
    if secret.digest is None:
        return f"{name} is not in the flake", "create it, and git add it: a flake has only what git knows"
    content = content_of(secret, repository)
    if content is None:
        return f"{name} cannot be read here as the flake has it", "evaluate it here"
    if secret.kind == "age":
        return _closed_age(content, name, host_keys)
    document = read_document(content, _typed_name(name, secret.format))
    return _missing(secret, document, name) or _closed(document, declared, host_keys, name)


def _typed_name(name: str, written: str) -> str:
    """A name by whose end the type is told, as sops-nix says it and does not look at the name."""
    if Format.of(name).value == written:
        return name
    return f"{name}.{'env' if written == 'dotenv' else written}"


def _missing(secret: Declared, document: Document, name: str) -> tuple[str, str | None] | None:
    if secret.is_whole:
        return None
    path = tuple(secret.key.split("/"))
    leaf = document.at(path)
    if leaf is None:
        below = " is a map or list, and sops-nix wants one value" if document.below(path) else " is not in the file"
        return f"{secret.key}{below}: {name}", f"nixtui secrets set {name} {secret.key}"
    if leaf.kind != "str":
        return (
            f"{secret.key} of {name} is no string but {leaf.kind}, which sops-nix refuses",
            f"nixtui secrets set {name} {secret.key}",
        )
    return None


def _closed(
    document: Document, declared: Declaration, host_keys: tuple[str, ...] | None, name: str
) -> tuple[str, str | None] | None:
    """Whether the host can open it, as far as that can be known: keys of files and clouds may open anything."""
    if host_keys is None or declared.key_file is not None or not host_keys:
        return None
    mine = {age for key in host_keys if (age := ssh_to_age(key)) is not None}
    ours = sum(any(each.kind != "age" or each.identity in mine for each in group) for group in document.groups)
    if ours >= (document.threshold or len(document.groups)):
        return None
    return f"{name} is not encrypted to the host's key", "nixtui secrets add-host HOST, or updatekeys"


def _closed_age(content: bytes, name: str, host_keys: tuple[str, ...] | None) -> tuple[str, str | None] | None:
    stanzas = read_stanzas(content, name)
    if not host_keys or any(stanzas.opens_for(age_recipient(key)) is not False for key in host_keys):
        return None
    return f"{name} is not encrypted to the host's key", "nixtui secrets add-host HOST, or rekey"
