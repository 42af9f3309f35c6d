# shellcheck shell=sh disable=SC2154 # the variables are attributes of the derivation
# $out: the message bus's unit file, by whose store path tools tell dbus from dbus-broker.
mkdir -p "$out/lib/systemd/system" "$out/share/dbus"
cp "$unit" "$out/lib/systemd/system/$unitName"
