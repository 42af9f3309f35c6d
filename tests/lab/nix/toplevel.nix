# One system, built from a description (see generations.nix) into the files of a NixOS toplevel.
{ build, system, packages, hostName }:
let
  inherit (builtins) attrNames concatStringsSep isPath map readFile replaceStrings toJSON;

  lines = f: attributes: concatStringsSep "\n" (map (name: f name attributes.${name}) (attrNames attributes));
  text = name: content: build name ./builders/text.sh { text = content; };
  program = name: file: build name ./builders/program.sh { inherit file; };

  # A unit is a file or the text of one; texts may name store paths. Where it lies is NixOS's way.
  unit = name: content: build "unit-${replaceStrings [ "\\" ] [ "-" ] name}" ./builders/unit.sh {
    unitName = name;
    text = if isPath content then readFile content else content;
  } + "/${name}";
in
description:
let
  d = {
    switchInhibitors = "";
    initInterfaceVersion = "2";
    quirks = { };
    specialisations = { };
  } // description;

  kernel = packages.kernel d.kernel;
  initrd = packages.initrd d.kernel;
  kernelModules = packages.kernelModules d.kernel;
  kernelParams = "loglevel=4 lsm=landlock,yama,bpf";
  placeholder = builtins.placeholder "out";

  systemUnits = build "system-units" ./builders/system-units.sh {
    units = lines (name: content: "${unit name content} ${name}") d.units
      + "\n${d.dbus}/lib/systemd/system/${d.dbusUnit} dbus.service";
    wants = concatStringsSep "\n" d.wants;
  };

  etc = build "etc" ./builders/etc.sh {
    inherit systemUnits;
    inherit (d) dbus;
    osRelease = text "os-release" ''
      ID=nixos
      NAME=NixOS
      PRETTY_NAME="NixOS ${d.release} (${d.codeName})"
      VERSION_ID="${d.release}"
    '';
  };

  systemPath = build "system-path" ./builders/system-path.sh {
    inherit (d) packages version codeName revision configurationRevision;
    nixosVersion = ./programs/nixos-version.sh;
    json = toJSON ({
      nixosVersion = d.version;
      nixpkgsRevision = d.revision;
    } // (if d.configurationRevision == "" then { } else { inherit (d) configurationRevision; }));
  };
in
build "nixos-system-${hostName}-${d.label}" ./builders/toplevel.sh {
  inherit kernel initrd kernelModules kernelParams etc systemPath;
  inherit (d) systemd version initInterfaceVersion switchInhibitors;
  programs = ./programs;
  installBootLoader = program "install-systemd-boot" ./programs/install-boot-loader.sh;
  preSwitchCheck = program "pre-switch-checks" ./programs/pre-switch-check.sh;
  specialisations = lines (name: toplevel: "${toplevel} ${name}") d.specialisations;
  quirks = lines (place: file: "${file} ${place}") d.quirks;
  bootspec = toJSON {
    "org.nixos.bootspec.v1" = {
      inherit system kernelParams;
      init = "${placeholder}/init";
      toplevel = placeholder;
      kernel = "${kernel}/bzImage";
      initrd = "${initrd}/initrd";
      label = "NixOS ${d.codeName} ${d.version} (Linux ${d.kernel})";
    };
    "org.nixos.specialisation.v1" = { };
  };
}
