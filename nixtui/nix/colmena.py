"""`colmenaHive` in full, as Colmena reads it (colmena: src/nix/hive/options.nix, src/nix/key.rs).

Keys are read only when they are asked for, and never shown: the text of one is a secret.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from nixtui.nix.errors import NixBadAnswer
from nixtui.nix.flake import Flake
from nixtui.nix.nodes import Answers, ask_each
from nixtui.nix.strings import nix_string
from nixtui.nix.wanted import HIVE_SCHEMA

# Which keys there are, and how each is uploaded, but not what is in it. `toString`: as JSON, the file that a path names
# would be copied into the store, where everybody may read it.
_HIVE_IN_FULL: Final = """hive: {
  names = builtins.attrNames hive.nodes;
  describe = name: let node = hive.deploymentConfig.${name}; in {
    targetHost = node.targetHost or null;
    targetPort = node.targetPort or null;
    targetUser = node.targetUser or null;
    tags = node.tags or [ ];
    buildOnTarget = node.buildOnTarget or false;
    allowLocalDeployment = node.allowLocalDeployment or false;
    replaceUnknownProfiles = node.replaceUnknownProfiles or true;
    privilegeEscalationCommand = node.privilegeEscalationCommand or [ "sudo" "-H" "--" ];
    sshOptions = node.sshOptions or [ ];
    keys = builtins.mapAttrs (_: key: builtins.removeAttrs key [ "text" "_module" ] // {
      keyFile = if key.keyFile or null == null then null else toString key.keyFile;
    }) (node.keys or { });
  };
}"""

_SCHEMA: Final = "hive: hive.__schema or null"
_TEXTS: Final = """hive: builtins.mapAttrs (_: key: key.text or null) hive.deploymentConfig.${%s}.keys"""


class UploadAt(StrEnum):
    """When a key is uploaded."""

    PRE_ACTIVATION = "pre-activation"
    POST_ACTIVATION = "post-activation"


class HiveKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A secret that is uploaded to `path`. It is what `key_command` prints here, or `key_file` has, or its text.

    `permissions` are octal digits.
    """

    name: str = ""
    path: str = ""
    dest_dir: str = "/run/keys"
    key_command: tuple[str, ...] | None = None
    key_file: str | None = None
    user: str = "root"
    group: str = "root"
    permissions: str = "0600"
    upload_at: UploadAt = UploadAt.PRE_ACTIVATION

    @property
    def has_text(self) -> bool:
        """Whether its value stands in the hive itself."""
        return self.key_command is None and self.key_file is None


class HiveTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`deployment.*` of a node. No `target_host` means that it is only ever deployed on itself."""

    target_host: str | None = None
    target_port: int | None = None
    target_user: str | None = None
    tags: tuple[str, ...] = ()
    build_on_target: bool = False
    allow_local_deployment: bool = False
    replace_unknown_profiles: bool = True
    privilege_escalation_command: tuple[str, ...] = ("sudo", "-H", "--")
    ssh_options: tuple[str, ...] = ()
    keys: Mapping[str, HiveKey] = {}


async def hive_targets(flake: Flake, names: Sequence[str]) -> Answers[HiveTarget]:
    """The nodes in full. Raises `NixError` when the hive is none that we understand."""
    await check_schema(flake)
    found = await ask_each(flake, "colmenaHive", _HIVE_IN_FULL, names, HiveTarget)
    return {name: _named(each) if isinstance(each, HiveTarget) else each for name, each in found.items()}


async def check_schema(flake: Flake) -> None:
    """Raises `NixBadAnswer` for a hive of another schema than Colmena's own."""
    schema = await flake.ask("colmenaHive", _SCHEMA, str | None)
    if schema != HIVE_SCHEMA:
        said = f"is of schema {schema}" if schema else "does not say of which schema it is"
        raise NixBadAnswer(f"the colmenaHive {said}; nixtui knows {HIVE_SCHEMA}", "make it with colmena.lib.makeHive")


async def key_texts(flake: Flake, name: str) -> Mapping[str, str | None]:
    """The values of keys that stand in the hive, by key. They are secrets: nothing is remembered, print none."""
    found, _ = await flake.ask_lasting("colmenaHive", _TEXTS % nix_string(name), dict[str, str | None])
    return dict(found)


def _named(target: HiveTarget) -> HiveTarget:
    """Keys with the name and the path that Colmena gives those that do not say."""
    keys = {}
    for attribute, key in target.keys.items():
        name = key.name or attribute
        keys[attribute] = msgspec.structs.replace(key, name=name, path=key.path or f"{key.dest_dir}/{name}")
    return msgspec.structs.replace(target, keys=keys)
