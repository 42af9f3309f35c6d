# `deploy-rs.lib.SYSTEM.activate`, as far as flakes use it (deploy-rs: flake.nix).
let
  activatable = name: attributes: derivation ({
    name = "activatable-${name}";
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-eu" ./activatable.sh ];
    PATH = "/usr/bin:/bin";
  } // attributes);
in
{
  nixos = configuration: activatable configuration.config.system.build.toplevel.name {
    base = configuration.config.system.build.toplevel;
    dryActivate = "$PROFILE/bin/switch-to-configuration dry-activate";
    boot = "$PROFILE/bin/switch-to-configuration boot";
    activate = ''
      cd /tmp
      $PROFILE/bin/switch-to-configuration switch
      sed -i '/^default /d' /boot/loader/loader.conf
    '';
  };
  custom = base: activate: activatable base.name {
    inherit base activate;
    dryActivate = "echo would activate $PROFILE";
    boot = "echo at the next boot: $PROFILE";
  };
}
