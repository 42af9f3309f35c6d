"""A flake whose hosts have disk images as nixpkgs of several years has them; each builds in a moment."""

import os
from pathlib import Path

from nixtui.nix.flake import Flake, open_flake
from tests.nix.flakes import write_flake
from tests.nix.systems_flake import nix_environ

IMAGE = r"""
image = format: config: (derivation {
  name = "nixos-image-${NAME}-${format}"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
  args = [ "-c" ''
    mkdir -p $out/nix-support
    truncate -s 1M $out/disk.${format}
    told='{ "boot_mode": "legacy-bios", "system": "x86_64-linux", "label": "25.11", "file": "'
    echo "$told$out/disk.${format}\" }" > $out/nix-support/image-info.json
  '' ];
}) // { passthru = { inherit config; }; };
"""

SYSTEM = r"""
toplevel = derivation { name = "nixos-system-web-25.11"; system = "x86_64-linux"; builder = "/bin/sh"; };
common = {
  system.nixos.label = "25.11"; system.configurationRevision = "abc123"; virtualisation.diskSize = 4096;
  ec2.efi = false;
};
with_build = build: common // { system = common.system // { inherit build; }; };
"""

# `system.build.images` with `image.modules`, as since 25.05.
TODAY = r"""
make = format: rec {
  options.image.modules = { };
  config = with_build { inherit toplevel; images.amazon = image format config; };
  extendModules = { modules }: make (builtins.elemAt modules 0).image.modules.amazon.amazonImage.format.content;
};
"""

# Only `system.build.amazonImage`, and options for it in the configuration itself.
BEFORE = r"""
make = format: rec {
  options.amazonImage.format = { };
  config = with_build { inherit toplevel; amazonImage = image format config; };
  extendModules = { modules }: make (builtins.elemAt modules 0).amazonImage.format.content;
};
"""

# A configuration that nothing can be added to.
CLOSED = r"""
make = format: rec {
  config = with_build { inherit toplevel; images.amazon = image format config; };
};
"""


def write_image_flake(directory: Path, kind: str = TODAY) -> Path:
    """A flake with the host `web` and an image `images.web`, which nobody has built before."""
    inside = IMAGE.replace("${NAME}", os.urandom(6).hex()) + SYSTEM + kind
    outputs = f'nixosConfigurations.web = let {inside} in make "vhd"; images.web = let {inside} in image "raw" common;'
    return write_flake(directory, f"{{ {outputs} }}")


def a_flake(tmp_path: Path, kind: str = TODAY) -> Flake:
    where = write_image_flake(tmp_path / "flake", kind)
    return open_flake(".", base=where, environ=nix_environ(tmp_path))
