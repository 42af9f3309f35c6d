# Six systems as a fleet would have them over seven weeks, oldest first. From one to the next differ packages, units,
# the kernel (B to C, C to D, D to E), the NixOS release (D to E) and systemd's major version (A to B); between the
# last two nothing needs a reboot.
{ packages, toplevel }:
let
  openssl = packages.openssl;

  units = { nginx, haproxy, openssh, nodeExporter ? null, haproxyConfig, extra ? { } }: {
    "multi-user.target" = ./units/multi-user.target;
    "timers.target" = ./units/timers.target;
    "sockets.target" = ./units/sockets.target;
    "sysinit-reactivation.target" = ./units/sysinit-reactivation.target;
    "nix-daemon.socket" = ./units/nix-daemon.socket;
    "nix-daemon.service" = ./units/nix-daemon.service;
    "backup.service" = ./units/backup.service;
    "backup.timer" = ./units/backup.timer;
    "sshd.service" = ''
      [Unit]
      Description=SSH Daemon
      After=network.target

      [Service]
      Type=notify
      ExecStart=${openssh}/bin/sshd -D -f /etc/ssh/sshd_config
      ExecReload=/bin/kill -HUP $MAINPID
      KillMode=process
      Restart=always
      RuntimeDirectory=sshd
      X-StopIfChanged=false
    '';
    "nginx.service" = ''
      [Unit]
      Description=Nginx Web Server
      After=network.target

      [Service]
      ExecStart=${nginx}/bin/nginx
      Restart=always
      X-StopIfChanged=false
    '';
    "haproxy.service" = ''
      [Unit]
      Description=HAProxy
      X-Reload-Triggers=${haproxyConfig}

      [Service]
      ExecStart=${haproxy}/bin/haproxy
      ExecReload=/bin/sh -c 'echo reloaded >>/run/haproxy.reloads'
      Restart=always
    '';
  } // (if nodeExporter == null then { } else {
    "prometheus-node-exporter.service" = ''
      [Unit]
      Description=Prometheus node exporter

      [Service]
      ExecStart=${nodeExporter}/bin/node_exporter
    '';
  }) // extra;

  wants = names: map (name: "multi-user.target ${name}") names ++ [
    "sockets.target nix-daemon.socket"
    "timers.target backup.timer"
  ];
  services = [ "sshd.service" "nginx.service" "haproxy.service" ];

  describe = { release, codeName, day, revision, kernel, systemd, configurationRevision ? "", ... }@d: {
    inherit release codeName revision kernel configurationRevision;
    version = "${release}.${day}.${builtins.substring 0 7 revision}";
    label = "${release}.${day}.${builtins.substring 0 7 revision}";
    systemd = packages.systemd systemd;
    dbus = packages.dbus "1.16.2";
    dbusUnit = "dbus.service";
    switchInhibitors = d.switchInhibitors or "";
    inherit (d) units wants;
    packages = d.packages ++ [ (packages.systemd systemd) (packages.dbus "1.16.2") ];
    specialisations = builtins.mapAttrs (_: toplevel) (d.specialisations or { });
  };

  make = d:
    let
      ssl = openssl d.openssl;
      nginx = packages.nginx d.nginx ssl;
      haproxy = packages.haproxy d.haproxy ssl;
      openssh = packages.openssh d.openssh ssl;
      nodeExporter = if d ? nodeExporter then packages.nodeExporter d.nodeExporter else null;
      curl = packages.curl d.curl ssl;
    in
    describe (d // {
      units = units {
        inherit nginx haproxy openssh nodeExporter;
        inherit (d) haproxyConfig;
        extra = d.extraUnits or { };
      };
      wants = wants (services ++ (if nodeExporter == null then [ ] else [ "prometheus-node-exporter.service" ])
        ++ builtins.attrNames (d.extraUnits or { }));
      packages = [ ssl nginx haproxy openssh curl (packages.git d.git curl) (packages.htop "3.4.1") (packages.nix d.nix) ]
        ++ (if nodeExporter == null then [ ] else [ nodeExporter ])
        ++ (d.extraPackages or [ ]);
    });

  A = {
    release = "25.05";
    codeName = "Warbler";
    day = "20260930";
    revision = "ac62194c3917d5f474c1a844b6fd6da2db95077d";
    kernel = "6.12.48";
    systemd = "256.10";
    openssl = "3.3.5";
    nginx = "1.26.3";
    haproxy = "3.0.11";
    haproxyConfig = "one";
    openssh = "9.9p2";
    curl = "8.14.1";
    git = "2.50.1";
    nix = "2.28.5";
    extraPackages = [ (packages.telnet "2.6") ];
    extraUnits."legacy-agent.service" = ./units/legacy-agent.service;
  };
  B = A // {
    release = "25.11";
    codeName = "Xantusia";
    day = "20261014";
    revision = "4c8cdd5b1a630e8f72c9dd9bf582b1afb3127d2c";
    configurationRevision = "8f3c1d2e9a7b4c5d6e0f1a2b3c4d5e6f7a8b9c0d";
    systemd = "257.9";
    openssl = "3.4.0";
    curl = "8.16.0";
    git = "2.51.0";
    nix = "2.31.2";
    openssh = "10.0p2";
  };
  C = B // {
    day = "20261025";
    revision = "b3d51a0365f6695e7dd5cdf3e180604530ed33b4";
    configurationRevision = "1b9d6f04c2e87a35d0b6c9f1e2a4d8573c6b0e91";
    kernel = "6.12.51";
    nginx = "1.28.0";
    nodeExporter = "1.9.1";
    specialisations = { inherit (specialised C) rescue debug; };
  };
  D = C // {
    day = "20261108";
    revision = "9da7f1cf7f8a6e2a7cb3001b048546c92a8258b4";
    configurationRevision = "c47de0a91f35b286e7d04c8b1a9f60325e8d7b14";
    kernel = "6.12.54";
    haproxy = "3.2.6";
    specialisations = { };
  };
  E = D // {
    release = "26.05";
    codeName = "Yarara";
    day = "20261109";
    revision = "c0ffee1d5b3a8e94f7260b1c9d8e5a4f3b2c1d0e";
    configurationRevision = "e5a1b7c93d2f4806a9c8e7d6b5f40312c1d0e9f8";
    kernel = "6.12.58";
    openssl = "3.4.3";
    extraPackages = [ (packages.telnet "2.6") (packages.python "3.13.8" (openssl "3.4.3")) ];
    switchInhibitors = ''{"dbus-implementation":"dbus","systemd":"257"}'';
  };
  F = E // {
    day = "20261112";
    revision = "7b1c0de4f9a86352c1d0e7b8a9f4635210fedcba";
    configurationRevision = "3d9e2c7b1a0f8e6d5c4b3a29180f7e6d5c4b3a21";
    nginx = "1.28.1";
    haproxyConfig = "two";
    curl = "8.17.0";
    nodeExporter = "1.10.2";
    extraPackages = [ (packages.tailscale "1.90.6") (packages.python "3.13.9" (openssl "3.4.3")) ];
    extraUnits = { };
    specialisations = { inherit (specialised F) debug; };
  };

  # What a specialisation is: the same system with something changed, and no specialisations of its own.
  specialised = d: builtins.mapAttrs (_: changes: make (removeAttrs d [ "specialisations" ] // changes)) {
    rescue = { kernel = "6.6.112"; };
    debug = { extraPackages = d.extraPackages ++ [ (packages.named "strace" "6.17" { }) ]; };
  };
in
{
  inherit make;
  newest = F;
  all = map make [ A B C D E F ];
}
