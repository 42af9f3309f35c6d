"""A flake with `deploy.nodes`, and what deploy-rs itself does on a host with what was built of it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploys.flake import NIX_CONFIG, FleetFlake
from tests.lab.host import Host

LIB = Path(__file__).parent / "deploy-rs"

_FLAKE = """{
  outputs = { self }: let
    fleet = import ./fleet.nix;
    lib = import ./deploy-rs/lib.nix;
    inherit (import ./lab { hostName = "app"; system = "x86_64-linux"; }) packages;
  in fleet // {
    deploy = import ./deploy.nix { inherit fleet lib packages; };
  };
}
"""


@dataclass(frozen=True)
class NodesFlake:
    """The fleet's flake with `deploy`, a function of its `fleet`, deploy-rs's `lib` and the lab's `packages`."""

    fleet: FleetFlake

    @classmethod
    def make(cls, fleet: FleetFlake) -> "NodesFlake":
        shutil.copytree(LIB, fleet.directory / "deploy-rs")
        (fleet.directory / "flake.nix").write_text(_FLAKE)
        return cls(fleet)

    def deploy(self, text: str) -> None:
        """What `deploy` is."""
        (self.fleet.directory / "deploy.nix").write_text(f"{{ fleet, lib, packages }}: {text}")

    def path(self, node: str, profile: str = "system") -> str:
        """What the flake has for a profile now, in the store."""
        words = ["nix", "eval", "--raw", f".#deploy.nodes.{node}.profiles.{profile}.path.outPath"]
        environ = {**os.environ, "NIX_CONFIG": NIX_CONFIG}
        return subprocess.run(
            words, cwd=self.fleet.directory, env=environ, check=True, capture_output=True, text=True
        ).stdout


def by_deploy_rs(host: Host, closure: str, profile: str, *, user: str = "root", boot: bool = False) -> None:
    """Activate a profile as deploy-rs does when all goes well (src/bin/activate.rs: `activate`); `boot` is `--boot`."""
    become = "" if user == "root" else f"sudo -u {user} env PATH=$PATH "
    host.sh(f"{become}nix-env -p {profile} --set {closure}")
    given = f"PROFILE={profile} DRY_ACTIVATE=0 BOOT={int(boot)}"
    host.sh(f"cd -P {profile} && {become}env {given} {profile}/deploy-rs-activate", timeout=60)
