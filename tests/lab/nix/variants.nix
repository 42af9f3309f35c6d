# Systems that break on purpose: the newest generation with one thing wrong, under a label that says what.
{ packages, toplevel, generations }:
let
  newest = generations.make generations.newest;
  broken = name: changes: toplevel (newest // {
    label = "${name}-26.05.20261120.5c0ffee";
    version = "26.05.20261120.5c0ffee";
  } // changes);
  quirk = place: file: { quirks.${place} = file; };

  # The newest system with more units, all wanted by multi-user.target.
  withUnits = units: {
    units = newest.units // units;
    wants = newest.wants ++ map (name: "multi-user.target ${name}") (builtins.attrNames units);
  };
  without = unit: {
    units = removeAttrs newest.units [ unit ];
    wants = builtins.filter (want: want != "multi-user.target ${unit}") newest.wants;
  };

  escape = builtins.fromJSON ''"\u001b"'';
  bell = builtins.fromJSON ''"\u0007"'';
in
builtins.mapAttrs broken {
  # Nothing is wrong with this one: a new, healthy system to switch to.
  good = { };

  unit-fails = withUnits { "unit-fails.service" = ./units/unit-fails.service; };
  flaky-service = withUnits { "flaky.service" = ./units/flaky.service; };
  check-fails = quirk "pre-switch" ./quirks/check-fails.sh;
  activate-fails = quirk "activate" ./quirks/activate-fails.sh;
  needs-reboot = { initInterfaceVersion = "3"; };
  stops-sshd = without "sshd.service";
  cuts-network = quirk "activate" ./quirks/cuts-network.sh;
  hangs = {
    quirks = {
      activate = ./quirks/hangs.sh;
      ignores-sigterm = ./quirks/marker;
    };
  };
  slow = quirk "activate" ./quirks/slow.sh;
  fills-disk = quirk "activate" ./quirks/fills-disk.sh;
  floods = quirk "activate" ./quirks/floods.sh;
  panics = quirk "panics" ./quirks/marker;
  boot-fails = quirk "boot-loader" ./quirks/boot-fails.sh;
  inhibited = { switchInhibitors = ''{"dbus-implementation":"dbus","systemd":"258"}''; };
  other-dbus = {
    dbus = packages.dbusBroker "37";
    dbusUnit = "dbus-broker.service";
  };
  other-systemd = { systemd = packages.systemd "258.2"; };
  other-kernel = { kernel = "6.18.3"; };

  # Names as an enemy would choose them. A store path allows few characters; what is inside it allows nearly all.
  hostile-name = withUnits {
    "quote\\x22\\x27\\x3brm\\x20-rf.service" = ''
      [Unit]
      Description="; echo '$(touch /tmp/owned)' `id` ${escape}[31mred${escape}]0;title${bell} %%s
      [Service]
      ExecStart=/bin/sh -c "printf '${escape}[2J${escape}[H%%s\n' \"it's $$(id)\"; exec /usr/bin/sleep infinity"
    '';
  } // {
    label = "hostile?name=+_.-26.05";
    version = "26.05${escape}[31m'\"; $(id)${bell}";
    configurationRevision = "${escape}[2Jdirty'\"$(id)";
    codeName = "x${escape}]0;owned${bell}";
    packages = newest.packages ++ [
      (packages.named "evil?=name" "1.0+-_.2" { })
      (packages.named "dash-2-3-x" "2.0-rc1" { })
      (packages.named "noversion" "unstable" { })
    ];
    specialisations."blank \"quote\" ${escape}[31m" = toplevel newest;
    quirks.activate = ./quirks/hostile-output.sh;
  };
}
