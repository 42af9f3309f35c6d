"""A flake with a `colmenaHive`, and what Colmena itself does on a host with what was built of it."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from tests.deploys.flake import FleetFlake
from tests.lab.host import Host

_FLAKE = """{
  outputs = { self }: let
    fleet = import ./fleet.nix;
    toplevel = builtins.mapAttrs (_: each: each.config.system.build.toplevel) fleet.nixosConfigurations;
    said = builtins.fromJSON (builtins.readFile ./hive.json);
  in {
    colmenaHive = {
      __schema = "v0.5";
      nodes = fleet.nixosConfigurations;
      inherit toplevel;
      deploymentConfig = builtins.mapAttrs (name: _: {
        targetHost = name; targetPort = null; targetUser = "root"; tags = [ ];
      } // (said.${name} or { })) fleet.nixosConfigurations;
      evalSelectedDrvPaths = names:
        builtins.listToAttrs (map (name: { inherit name; value = toplevel.${name}.drvPath; }) names);
    };
  };
}
"""


@dataclass(frozen=True)
class HiveFlake:
    """The fleet as a hive and nothing else; `say` has what its nodes' `deployment` is beside how they are reached."""

    fleet: FleetFlake

    @classmethod
    def make(cls, fleet: FleetFlake) -> "HiveFlake":
        (fleet.directory / "flake.nix").write_text(_FLAKE)
        made = cls(fleet)
        made.say()
        return made

    def say(self, **hosts: dict[str, Any]) -> None:
        (self.fleet.directory / "hive.json").write_text(json.dumps(hosts))


def key(text: str, path: str, **more: str) -> dict[str, Any]:
    """A key as the module of Colmena completes it."""
    return {"text": text, "keyFile": None, "keyCommand": None, "path": path, **more}


def upload_by_colmena(host: Host, text: str, path: str, *, user: str, group: str, permissions: str) -> None:
    """What the uploader of Colmena runs (src/nix/host/key_uploader.template.sh)."""
    host.sh(
        f"umask 022; mkdir -p $(dirname {path}); touch {path}.tmp\n"
        f"if id {user} && getent group {group}; then chown {user}:{group} {path}.tmp; fi >/dev/null 2>&1\n"
        f"chmod {permissions} {path}.tmp; printf '%s' {shlex.quote(text)} >{path}.tmp; mv {path}.tmp {path}"
    )


def by_colmena(host: Host, toplevel: str) -> None:
    """What `colmena apply` runs on a node when all goes well (src/nix/host/ssh.rs: `activate`)."""
    host.sh(f"nix-env --profile /nix/var/nix/profiles/system --set {toplevel}")
    host.sh(f"{toplevel}/bin/switch-to-configuration switch", timeout=60)
