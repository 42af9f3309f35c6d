# Every system of one host. From the lab it is built inside the host's store; an operator's Nix can build it as well.
{ hostName, system ? builtins.currentSystem or "x86_64-linux" }:
let
  build = import ./build.nix { inherit system; };
  packages = import ./packages.nix { inherit build; };
  toplevel = import ./toplevel.nix { inherit build system packages hostName; };
  generations = import ./generations.nix { inherit packages toplevel; };
in
{
  inherit toplevel packages generations;
  generation = builtins.listToAttrs (builtins.genList
    (index: {
      name = builtins.substring index 1 "ABCDEF";
      value = toplevel (builtins.elemAt generations.all index);
    }) 6);
  variant = import ./variants.nix { inherit packages toplevel generations; };
}
