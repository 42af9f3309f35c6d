"""A flake without inputs whose hosts are the lab's, built by a real Nix here, as an operator's would be."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAB_NIX = Path(__file__).parents[1] / "lab/nix"

NIX_CONFIG = "sandbox = false\nbuild-users-group =\nsubstituters =\nexperimental-features = nix-command flakes\n"
"""What lets raw derivations be built as root, without a network."""

_FLAKE = """{
  outputs = { self }: import ./fleet.nix;
}
"""

_FLEET = """let
  wanted = builtins.fromJSON (builtins.readFile ./fleet.json);
  machine = hostName: asked: let
    lab = import ./lab { inherit hostName; system = "x86_64-linux"; };
    newest = lab.generations.make lab.generations.newest;
    failing = if asked.breaks or false then {
      units = newest.units // { "unit-fails.service" = ./lab/units/unit-fails.service; };
      wants = newest.wants ++ [ "multi-user.target unit-fails.service" ];
    } else { };
    ballast = map
      (part: lab.packages.named "ballast-${asked.mark}-${toString part}" "1.0" { kilobytes = asked.ballast / 8; })
      [ 1 2 3 4 5 6 7 8 ];
    slow = mark: derivation {
      name = "slow-${mark}"; system = "x86_64-linux"; builder = "/bin/sh";
      args = [ "-c" "echo taking its time; exec /bin/sleep ${toString asked.slow}" ];
    };
    describe = mark: newest // {
      label = "${mark}-26.05.20261126.deadbee";
      packages = newest.packages ++ (if asked ? ballast then ballast else [ ])
        ++ (if asked ? slow then [ (slow mark) ] else [ ]);
    } // failing // (if asked ? kernel then { inherit (asked) kernel; } else { })
      // (if asked ? inhibited then { switchInhibitors = asked.inhibited; } else { })
      // (if asked ? secrets then { quirks.activate = secrets.activation; } else { })
      // (if asked ? quirk then { quirks.${asked.quirk} = ./lab/quirks + "/${asked.quirkFile}"; } else { });
    special = { specialisations = builtins.listToAttrs (map
      (name: { inherit name; value = lab.toplevel (describe "${asked.mark}-${name}"); })
      (asked.specialisations or [ ])); };
    secrets = import ./secrets.nix (asked.secrets or { });
  in {
    config = {
      system.build.toplevel =
        if asked ? throws then throw asked.throws else lab.toplevel (describe asked.mark // special);
    } // (if asked ? secrets then { inherit (secrets) sops; } else { });
  };
in
{ nixosConfigurations = builtins.mapAttrs machine wanted; }
"""


_SECRETS = """# As little of sops-nix as lays secrets out the way it does: a generation in /run/secrets.d with all of
# them or none, and a link to it. On the host sops is the real one.
wanted: let
  secret = name: given: {
    inherit name; key = name; path = "/run/secrets/${name}"; format = "yaml"; mode = "0400"; owner = null; group = null;
    uid = 0; gid = 0; sopsFile = ./. + "/${given.file or "secrets.yaml"}"; restartUnits = [ ]; reloadUnits = [ ];
  } // removeAttrs given [ "file" ];
  secrets = builtins.mapAttrs secret wanted;
  quoted = name: "'" + name + "'";
  path = key: builtins.concatStringsSep "" (map (part: "[\\"${part}\\"]")
    (builtins.filter builtins.isString (builtins.split "/" key)));
  install = name: let s = secrets.${name}; in ''
    mkdir -p "$(dirname "$new/${name}")"
    sops decrypt --extract ${quoted (path s.key)} "${s.sopsFile}" >"$new/${name}" || exit 1
    chmod ${s.mode} "$new/${name}"
  '';
in {
  sops = {
    inherit secrets;
    age = { sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ]; keyFile = null; };
  };
  activation = builtins.toFile "setup-secrets.sh" ''
    echo "setting up secrets..."
    old=$(readlink /run/secrets)
    new=/run/secrets.d/$((''${old##*/} + 1))
    umask 077
    mkdir -p "$new"
    export SOPS_AGE_KEY_FILE=/etc/lab/age-keys.txt
    ${builtins.concatStringsSep "" (map install (builtins.attrNames secrets))}
    ln -sfn "$new" /run/secrets
  '';
}
"""


@dataclass(frozen=True)
class FleetFlake:
    """The flake in `directory`; `want` says what its hosts are."""

    directory: Path

    @classmethod
    def make(cls, directory: Path) -> "FleetFlake":
        shutil.copytree(LAB_NIX, directory / "lab")
        (directory / "flake.nix").write_text(_FLAKE)
        (directory / "fleet.nix").write_text(_FLEET)
        (directory / "secrets.nix").write_text(_SECRETS)
        return cls(directory)

    def want(self, **hosts: dict[str, Any]) -> None:
        """Each host by name with its `mark` (the version's beginning) and what else is to be special about it."""
        (self.directory / "fleet.json").write_text(json.dumps(hosts))
