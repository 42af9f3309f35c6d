# The packages of the lab's systems: real store paths with versions and dependencies, but next to no contents.
{ build }:
let
  lines = f: attributes: builtins.concatStringsSep "\n" (map (name: f name attributes.${name}) (builtins.attrNames attributes));

  # programs: name -> script file; borrowed: name -> path of a program that the host's Debian has.
  package = pname: version: { programs ? { }, borrowed ? { }, dependencies ? [ ], kilobytes ? 16 }:
    build "${pname}-${version}" ./builders/package.sh {
      inherit pname version;
      programs = lines (name: file: "${name} ${file}") programs;
      borrowed = lines (name: target: "${name} ${target}") borrowed;
      dependencies = map toString dependencies;
      bytes = kilobytes * 1024;
    };

  # A program that only tells its version.
  tool = pname: version: attributes:
    package pname version ({ programs.${pname} = ./programs/tool.sh; } // attributes);
in
rec {
  glibc = version: package "glibc" version { kilobytes = 64; };
  openssl = version: tool "openssl" version { dependencies = [ (glibc "2.40-66") ]; kilobytes = 48; };
  curl = version: openssl: package "curl" version { programs.curl = ./programs/curl.sh; dependencies = [ openssl ]; };
  git = version: curl: tool "git" version { dependencies = [ curl ]; kilobytes = 96; };
  htop = version: tool "htop" version { };
  tailscale = version: tool "tailscale" version { kilobytes = 64; };
  telnet = version: tool "telnet" version { };
  python = version: openssl: package "python3" version { dependencies = [ openssl ]; kilobytes = 128; };
  nginx = version: openssl: package "nginx" version {
    programs.nginx = ./programs/nginx.sh;
    dependencies = [ openssl ];
  };
  haproxy = version: openssl: package "haproxy" version {
    programs.haproxy = ./programs/service.sh;
    dependencies = [ openssl ];
  };
  nodeExporter = version: package "prometheus-node-exporter" version { programs.node_exporter = ./programs/service.sh; };
  openssh = version: openssl: package "openssh" version {
    borrowed.sshd = "/usr/sbin/sshd";
    dependencies = [ openssl ];
  };
  nix = version: package "nix" version { };
  systemd = version: build "systemd-${version}" ./builders/systemd.sh { inherit version; };
  dbus = version: build "dbus-${version}" ./builders/dbus.sh { unit = ./units/dbus.service; unitName = "dbus.service"; };
  dbusBroker = version:
    build "dbus-broker-${version}" ./builders/dbus.sh { unit = ./units/dbus-broker.service; unitName = "dbus-broker.service"; };

  kernel = version: build "linux-${version}" ./builders/kernel.sh {
    inherit version;
    file = "bzImage";
    bytes = 300 * 1024;
  };
  initrd = version: build "initrd-linux-${version}" ./builders/kernel.sh {
    inherit version;
    file = "initrd";
    bytes = 500 * 1024;
  };
  kernelModules = version: build "linux-${version}-modules" ./builders/kernel-modules.sh { inherit version; };

  # A package under any name and version that a store path may have.
  named = package;
}
