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
    describe = mark: newest // {
      label = "${mark}-26.05.20261126.deadbee";
      packages = newest.packages ++ (if asked ? ballast then ballast else [ ]);
    } // failing // (if asked ? kernel then { inherit (asked) kernel; } else { })
      // (if asked ? inhibited then { switchInhibitors = asked.inhibited; } else { })
      // (if asked ? quirk then { quirks.${asked.quirk} = ./lab/quirks + "/${asked.quirkFile}"; } else { });
    special = { specialisations = builtins.listToAttrs (map
      (name: { inherit name; value = lab.toplevel (describe "${asked.mark}-${name}"); })
      (asked.specialisations or [ ])); };
  in {
    config.system.build.toplevel =
      if asked ? throws then throw asked.throws else lab.toplevel (describe asked.mark // special);
  };
in
{ nixosConfigurations = builtins.mapAttrs machine wanted; }
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
        return cls(directory)

    def want(self, **hosts: dict[str, Any]) -> None:
        """Each host by name with its `mark` (the version's beginning) and what else is to be special about it."""
        (self.directory / "fleet.json").write_text(json.dumps(hosts))
